"""The door to published files, roots and logs: hashing, atomic writing, pruning.

Foreign builds made the files: a link in an output is followed inside the store and nowhere else.
"""

import asyncio
import hashlib
import json
import os
import sqlite3
from collections.abc import Collection, Mapping
from contextlib import closing, suppress
from pathlib import Path, PurePosixPath
from typing import Any, TextIO

from appliance.errors import Problem, Refused, Unreachable
from appliance.model.images import Literal, Part, StoreFile, image_from_json
from appliance.model.table import table_to_json
from appliance.store import build_facts, builds
from appliance.store.boots import images_in_use
from appliance.store.open import reader
from services.nix.assembly import Layout
from services.nix.derivation import features, inputs, system
from services.nix.desk import Desk
from services.nix.inventory import Inventory
from services.nix.published import images_in, table
from services.nix.sharing import driver as sharing
from services.nix.store import Store
from services.nix.store_path import STORE

CHUNK_BYTES = 1 << 20
LINKS_FOLLOWED = 32
LOG_BYTES = 16 << 20
LOGS_KEPT = 200
CUT = "… the rest of this log is left out: it is longer than 16 MiB."


def store_file(store: Store, path: str) -> StoreFile:
    """The regular file behind `path` in the store, links followed inside the store only.

    Raises Refused when there is none, or when a link leads out.
    """
    place = _followed(store, path)
    try:
        if place.is_dir():
            (place,) = [one for one in place.iterdir() if one.is_file() and not one.is_symlink()]
        return StoreFile(str(place), place.stat().st_size)
    except (OSError, ValueError):
        raise _missing(path) from None


def built_for(store: Store, drvs: Collection[str]) -> frozenset[str]:
    """The systems for which these derivations are built, as far as their files are there."""
    found = set()
    for path in drvs:
        with suppress(OSError):
            found.add(system(store.file(path).read_text(errors="replace")))
    return frozenset(found - {""})


def required(store: Store, drvs: Collection[str]) -> frozenset[str]:
    """The system features that building them may require, their inputs' included, as far as the
    files are there.  Thousands of files are read for a whole system: not on the event loop."""
    found: set[str] = set()
    seen, waiting = set(drvs), list(drvs)
    while waiting:
        with suppress(OSError):
            text = store.file(waiting.pop()).read_text(errors="replace")
            found |= features(text)
            fresh = [one for one in inputs(text) if one not in seen]
            seen.update(fresh)
            waiting += fresh
    return frozenset(found)


async def hashed(layout: Layout) -> Part:
    """The part with the SHA-256 of the bytes that are served; reads every byte once."""
    digest = await asyncio.to_thread(_digest, layout)
    return Part(layout.purpose, layout.name, layout.size, digest, layout.segments)


def write(place: Path, told: Mapping[str, Any]) -> None:
    """Replace a JSON file whole: after a power cut the old or the new one is there."""
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = place.with_name(f".{place.name}.new")
    with fresh.open("w") as file:
        json.dump(told, file, indent=1, sort_keys=True)
        file.flush()
        os.fchmod(file.fileno(), 0o644)
        os.fsync(file.fileno())
    fresh.replace(place)
    folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def write_table(desk: Desk, inventory: Inventory) -> bool:
    """What every machine boots from now on.

    False where it could not be written, on a full disk: the table before stays in force.
    """
    database = desk.database
    told = table(
        desk.now(),
        sources=inventory.sources,
        machines=inventory.machines,
        menus=inventory.menus,
        unknowns=inventory.unknowns,
        verdicts=builds.verdicts(database),
        generations=builds.generations(database),
        builds=builds.builds(database, limit=500),
    )
    try:
        write(desk.published / "table.json", table_to_json(told))
    except OSError:
        return False
    return True


def tidy(desk: Desk) -> None:
    """Roots, manifests and logs that nothing needs any more go."""
    database, store = desk.database, desk.nix.store
    images = images_in(builds.generations(database)) | _in_use(desk)
    for folder in ("images", "closures"):
        keep_only(desk.published / folder, {f"{ident}.json" for ident in images})
    keep_only(desk.files, desk.arriving | _pushed(desk))
    active = {row.id for row in build_facts.builds_in(database, "queued", "running")}
    keep_only(store.roots / "builds", active | build_facts.builds_of(database, images))
    known = set(builds.source_states(database))
    keep_only(store.roots / "sources", {desk.source_roots(one).name for one in known})
    hosts = {verdict.host for verdict in builds.verdicts(database)}
    keep_only(store.roots / "hosts", {desk.host_roots(one).name for one in hosts})
    keep_newest_logs(desk.logs)
    sharing.tidy(desk.published, _files(desk.published), desk.now())


def own_files(published: Path, images: Collection[str]) -> dict[str, dict[str, int]]:
    """What these images take from files of ours, not from the store: image → path → bytes."""
    found = dict[str, dict[str, int]]()
    for image in images:
        sizes = found.setdefault(image, {})
        for path in _named(published_image(published, image)):
            if Path(path).is_relative_to(published):
                with suppress(OSError):
                    sizes[path] = Path(path).stat().st_size
    return found


def _files(published: Path) -> set[str]:
    """Every file that a manifest names."""
    manifests = [published_image(published, one.stem) for one in published.glob("images/*.json")]
    return {path for manifest in manifests for path in _named(manifest)}


def _named(manifest: Mapping[str, Any] | None) -> set[str]:
    return {
        str(segment["file"])
        for part in (manifest or {}).get("parts", ())
        for segment in part["segments"]
        if "file" in segment
    }


def _in_use(desk: Desk) -> frozenset[str]:
    """Images of boots that began before their generation was let go."""
    try:
        with closing(reader(desk.state / "boot.db")) as file:
            return images_in_use(file, desk.now())
    except (Unreachable, sqlite3.Error):
        return frozenset()


def _pushed(desk: Desk) -> set[str]:
    """Names of the files in `desk.files` that a manifest names."""
    if not desk.files.is_dir():
        return set()
    manifests = (
        published_image(desk.published, place.stem)
        for place in (desk.published / "images").glob("*.json")
    )
    images = [image_from_json(one) for one in manifests if one is not None]
    return {
        Path(one.file).name
        for image in images
        for part in image.parts
        for one in part.segments
        if isinstance(one, StoreFile) and Path(one.file).parent == desk.files
    }


def published_image(published: Path, ident: str) -> Mapping[str, Any] | None:
    """The manifest of an image, None when it is not there or not whole."""
    try:
        return dict(json.loads((published / "images" / f"{ident}.json").read_text()))
    except (OSError, ValueError):
        return None


def remove(place: Path) -> None:
    """A file or a folder of roots goes, if it is there."""
    if place.is_dir() and not place.is_symlink():
        from shutil import rmtree  # 0.3 MB, for who needs it

        rmtree(place, ignore_errors=True)
    else:
        with suppress(OSError):
            place.unlink()


def keep_only(folder: Path, names: Collection[str]) -> None:
    """Remove everything in `folder` that is not in `names`."""
    with suppress(FileNotFoundError):
        for one in folder.iterdir():
            if one.name not in names:
                remove(one)


def keep_newest_logs(folder: Path) -> None:
    """Only the newest logs stay."""
    with suppress(FileNotFoundError):
        logs = sorted(folder.glob("*.log"), reverse=True)  # named by time-ordered ids
        for old in logs[LOGS_KEPT:]:
            remove(old)


def intact(parts: Collection[Part]) -> bool:
    """Every file of these parts is still there with its size."""
    try:
        return all(
            Path(one.file).stat().st_size >= one.offset + one.size
            for part in parts
            for one in part.segments
            if isinstance(one, StoreFile)
        )
    except OSError:
        return False


class Log:
    """A build's log, cut at LOG_BYTES.  Lines are readable by others as they come."""

    def __init__(self, place: Path) -> None:
        place.parent.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = place.open("a", encoding="utf-8", errors="replace")
        self._left = LOG_BYTES - place.stat().st_size
        os.fchmod(self._file.fileno(), 0o640)

    def add(self, line: str) -> None:
        """Append one line; a full disk loses log lines, never the build."""
        if self._left <= 0:
            return
        told = f"{line}\n"
        self._left -= len(told.encode(errors="replace"))
        with suppress(OSError):
            self._file.write(told if self._left > 0 else f"{CUT}\n")
            self._file.flush()

    def close(self) -> None:
        """No more lines."""
        with suppress(OSError):
            self._file.close()


def _followed(store: Store, path: str) -> Path:
    """Walk `path` as the host would see it, with the store's root as /."""
    waiting = list(PurePosixPath(path).parts[1:])
    at = PurePosixPath("/")
    for _ in range(LINKS_FOLLOWED * 8):
        if not waiting:
            break
        word = waiting.pop(0)
        at = at.parent if word == ".." else at / word
        place = store.root / str(at).lstrip("/")
        if place.is_symlink():
            target = PurePosixPath(os.readlink(place))
            waiting = [*(one for one in target.parts if one != "/"), *waiting]
            at = PurePosixPath("/") if target.is_absolute() else at.parent
    if waiting or not str(at).startswith(f"{STORE}/"):
        raise _missing(path)
    return store.file(str(at))


def _digest(layout: Layout) -> str:
    told = hashlib.sha256()
    for segment in layout.segments:
        if isinstance(segment, Literal):
            told.update(segment.content)
            continue
        left = segment.size
        with Path(segment.file).open("rb", buffering=0) as file:
            file.seek(segment.offset)
            while left and (piece := file.read(min(CHUNK_BYTES, left))):
                told.update(piece)
                left -= len(piece)
        if left:
            raise _missing(segment.file)
    return told.hexdigest()


def _missing(path: str) -> Refused:
    return Refused(
        Problem(("image",), f"The build made no file {path} that can be served from the store.")
    )
