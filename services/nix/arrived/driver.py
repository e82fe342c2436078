"""DOOR: what was pushed becomes a generation on trial, or is refused with a sentence.

Nothing of it is trusted: the look is read like a stranger's, each file is hashed again while it is
copied to `published/files/`, where its name is its hash.
"""

import asyncio
import errno
import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from appliance.errors import NixieError, Problem, Refused
from appliance.events import GenerationPushed, WishRefused
from appliance.model.images import (
    Image,
    Provenance,
    StoreFile,
    content_hash,
    image_to_json,
)
from appliance.model.pushed import REVISION, SHA256, Piece, Pushed, from_json
from appliance.store import build_facts
from appliance.store.builds import generations
from appliance.store.inventory_view import SourceView, Wish
from appliance.store.journal import append, transaction
from appliance.store.pushed.open import arrived, whole
from services.nix.assembly import layouts, wanted_files
from services.nix.closures.driver import note
from services.nix.desk import Desk
from services.nix.publish.driver import hashed, tidy, write
from services.nix.recipe import Recipe, recipe, to_json

READ_BYTES = 1 << 20


class Arrivals:
    """Takes one push after the other."""

    def __init__(self, desk: Desk, group: asyncio.TaskGroup) -> None:
        self._desk = desk
        self._group = group
        self._turn = asyncio.Lock()

    def take(self, wish: Wish, source: SourceView | None) -> str | None:
        """Begin; the answer comes as an event.  Returns why not."""
        if source is None:
            return "The source of this host is not there any more."
        self._group.create_task(self._taken(wish, source))
        return None

    async def _taken(self, wish: Wish, source: SourceView) -> None:
        desk = self._desk
        try:
            async with self._turn:
                pushed = _read(desk, wish)
                try:
                    event = await _published(desk, pushed, source, wish.id)
                finally:
                    desk.arriving.clear()
        except (NixieError, OSError) as error:
            refused = WishRefused(wish.id, _why(error))
            with transaction(desk.database):
                append(desk.database, refused, desk.now())
            tidy(desk)
            return
        with transaction(desk.database):
            append(desk.database, event, desk.now())
        desk.publish()


def _read(desk: Desk, wish: Wish) -> Pushed:
    try:
        found = from_json(arrived(desk.state, str(wish.body.get("push"))))
    except (OSError, ValueError, KeyError, TypeError):
        what = "What was pushed is not here any more. Push it again."
        raise Refused(Problem(("push",), what)) from None
    if found.host != wish.body.get("host"):
        raise Refused(Problem(("host",), "What was pushed is another host. Push it again."))
    return found


async def _published(desk: Desk, pushed: Pushed, source: SourceView, wish: str) -> GenerationPushed:
    made = recipe(pushed.look)
    pieces = {one.path: one for one in pushed.pieces}
    desk.arriving.update(one.sha256 for one in pushed.pieces)
    for one in pushed.pieces:
        await asyncio.to_thread(copied, desk, one)
    image = await _image(desk, pushed, source, made, pieces, None)
    special = {
        name: await _image(desk, pushed, source, one, pieces, name)
        for name, one in made.specialisations.items()
    }
    newest = next(iter(generations(desk.database, pushed.host)), None)
    if newest is not None and newest.image == image.id:
        what = f"{image.name} is what generation {newest.number} is already."
        return GenerationPushed(image.host, image.name, newest.number, image.id, what, wish)
    for each in (image, *special.values()):
        write(desk.published / "images" / f"{each.id}.json", image_to_json(each))
    if made.toplevel.rpartition("/")[2] in pushed.closure:
        note(desk, (image,), {made.toplevel: pushed.closure})
    named = {name: one.id for name, one in special.items()}
    with transaction(desk.database):
        number = build_facts.image_published(desk.database, image, named, to_json(made), desk.now())
    state = "on trial" if image.watched else "served, and not watched"
    what = (
        f"{image.name} was pushed from {pushed.where or 'elsewhere'}: generation {number}, {state}."
    )
    return GenerationPushed(image.host, image.name, number, image.id, what, wish)


async def _image(
    desk: Desk,
    pushed: Pushed,
    source: SourceView,
    made: Recipe,
    pieces: Mapping[str, Piece],
    specialisation: str | None,
) -> Image:
    files = {part: _file(desk, pieces, path) for part, path in wanted_files(made).items()}
    parts = tuple([await hashed(one) for one in layouts(made, files)])
    line, watched = made.command_line, pushed.look.get("watched") is True
    return Image(
        id=content_hash(pushed.host, specialisation, parts, line, made.toplevel),
        host=pushed.host,
        name=pushed.host.partition("/")[2],
        specialisation=specialisation,
        recipe="linux",
        system=made.system,
        parts=parts,
        command_line=line,
        toplevel=made.toplevel,
        watched=watched,
        provenance=Provenance(
            source=source.id,
            url=source.url,
            locked=pushed.revision,
            revision=REVISION,
            nar_hash="",
            last_modified=0,
            drvs=dict(made.drvs),
            built_at=desk.now(),
            built_on=pushed.where or "elsewhere",
            nix=pushed.nix,
            adapted="native" if pushed.look.get("adapted") is False else "adapted",
        ),
    )


def _file(desk: Desk, pieces: Mapping[str, Piece], path: str) -> StoreFile:
    piece = pieces.get(path)
    if piece is None:
        raise Refused(Problem(("pieces",), f"The file {path} of the host was not sent."))
    return StoreFile(str(desk.files / piece.sha256), piece.size)


def copied(desk: Desk, piece: Piece) -> None:
    """Put a piece where it is served from; its hash is checked on the way.  Raises Refused."""
    if not SHA256.fullmatch(piece.sha256):
        raise Refused(Problem(("pieces",), f"{piece.sha256[:80]!r} is no SHA-256."))
    place = desk.files / piece.sha256
    if place.exists():
        return
    place.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    fresh = place.with_name(f"{place.name}.new")
    told = hashlib.sha256()
    with whole(desk.state, piece.sha256).open("rb") as came, fresh.open("wb") as file:
        while content := came.read(READ_BYTES):
            told.update(content)
            file.write(content)
        file.flush()
        os.fchmod(file.fileno(), 0o644)
        os.fsync(file.fileno())
    if told.hexdigest() != piece.sha256 or fresh.stat().st_size != piece.size:
        fresh.unlink()
        what = f"{Path(piece.path).name} is not what was announced. Push it again."
        raise Refused(Problem(("pieces",), what))
    from shutil import move  # 0.3 MB, for who needs it

    move(fresh, place)


def _why(error: Any) -> str:
    if isinstance(error, FileNotFoundError):
        return "A file of it is not here any more. Push it again."
    if isinstance(error, OSError):
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        return (
            "The router's disk is full. Make room on it, then push again." if full else str(error)
        )
    return str(error)
