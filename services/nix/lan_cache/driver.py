"""DOOR: `published/cache/`: one signed narinfo for each path that belongs to a published image.

The role boot serves them and makes the archives; what has no narinfo here is not given away.  A
narinfo outlives its path: boot looks whether that is still in the store.
"""

import asyncio
import json
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from appliance.errors import NixieError
from appliance.model.images import Image, StoreFile, image_from_json
from appliance.model.lan_cache import PLACE, CacheFacts, from_json, to_json
from appliance.store.secrets.open import Secrets
from services.nix.desk import Desk
from services.nix.narinfo import PathInfo, fingerprint, is_given, registrations, signed, unsigned
from services.nix.publish.driver import published_image, write
from services.nix.signing.driver import sign
from services.nix.store_path import STORE_PATH

AT_ONCE = 500  # paths asked of nix and signed together
AGAIN_SECONDS = 15.0
NARINFO = ".narinfo"


class LanCache:
    """Keeps `published/cache/` to the images that are published."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._secrets = Secrets(desk.state / "secrets/build")
        self._folder = desk.published / "cache"
        self._changed = asyncio.Event()
        self._done: frozenset[str] | None = None

    def changed(self) -> None:
        """There may be other images."""
        self._changed.set()

    async def keep_up(self) -> None:
        """Write down what is given away, whenever images changed, until cancelled."""
        while True:
            self._changed.clear()
            problem = await self._tried()
            with suppress(TimeoutError):
                async with asyncio.timeout(AGAIN_SECONDS if problem else None):
                    await self._changed.wait()

    async def _tried(self) -> str:
        images = frozenset(one.name for one in self._manifests())
        if images == self._done:
            return ""
        try:
            await self._refresh()
        except (NixieError, OSError, ValueError) as error:
            self._tell_problem(str(error))
            return str(error)
        self._done = images
        return ""

    async def _refresh(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        public = (await sign(self._secrets, ())).public
        if self._told() is None:
            self._tell(CacheFacts(public, str(self._desk.nix.store.root)))
        kept: set[str] = set()
        size = 0
        for paths in _batches(await self._closure()):
            told = await self._desk.nix.registrations(paths)
            found = [one for one in registrations(told) if is_given(one)]
            await self._write(found, public)
            kept |= {one.hash_part + NARINFO for one in found}
            size += sum(one.nar_size for one in found)
        for file in self._folder.glob(f"*{NARINFO}"):
            if file.name not in kept:
                file.unlink()
        self._tell(CacheFacts(public, str(self._desk.nix.store.root), len(kept), size))

    async def _closure(self) -> Sequence[str]:
        """Every path that an image's system and parts need, as far as the store has them."""
        wanted = sorted({path for one in self._manifests() for path in self._of_image(one)})
        there = [path for path in wanted if self._desk.nix.store.file(path).exists()]
        absent = await self._desk.nix.invalid(there)
        valid = [path for path in there if path not in absent]
        return await self._desk.nix.closure(valid) if valid else ()

    async def _write(self, found: Sequence[PathInfo], public: str) -> None:
        """Sign and write those that are not there as they should be."""
        name = public.partition(":")[0]
        fresh = [one for one in found if not self._stands(one, name)]
        if not fresh:
            return
        made = await sign(self._secrets, [fingerprint(one) for one in fresh])
        for info, signature in zip(fresh, made.signatures, strict=True):
            place = self._folder / (info.hash_part + NARINFO)
            new = place.with_name(f".{place.name}.new")
            new.write_text(signed(info, signature))
            new.chmod(0o644)
            new.replace(place)

    def _stands(self, info: PathInfo, key: str) -> bool:
        try:
            text = (self._folder / (info.hash_part + NARINFO)).read_text()
        except OSError:
            return False
        return text.startswith(f"{unsigned(info)}Sig: {key}:") and text.endswith("\n")

    def _manifests(self) -> list[Path]:
        return sorted((self._desk.published / "images").glob("*.json"))

    def _of_image(self, manifest: Path) -> Iterable[str]:
        image = published_image(self._desk.published, manifest.stem)
        return () if image is None else store_paths(image_from_json(image))

    def _tell(self, facts: CacheFacts) -> None:
        write(self._desk.state / PLACE, to_json(facts))

    def _tell_problem(self, problem: str) -> None:
        """What was given away before is, still."""
        if (before := self._told()) is not None:
            with suppress(OSError):
                self._tell(replace(before, problem=problem))

    def _told(self) -> CacheFacts | None:
        try:
            return from_json(json.loads((self._desk.state / PLACE).read_bytes()))
        except (OSError, ValueError):
            return None


def store_paths(image: Image) -> set[str]:
    """The system of an image and the store paths that its parts lie in; none of one from files."""
    if not image.toplevel:
        return set()
    files = [
        one.file for part in image.parts for one in part.segments if isinstance(one, StoreFile)
    ]
    found = {STORE_PATH.search(file) for file in files}
    return {image.toplevel, *(match[0] for match in found if match)}


def _batches(paths: Sequence[str]) -> Iterable[Sequence[str]]:
    return (paths[at : at + AT_ONCE] for at in range(0, len(paths), AT_ONCE))
