"""The door to what generations share: lists of pieces, packs, and what is left without a use.

STATE/published/shared has for each file that pieces are taken from a list (`.pieces`): its path,
then digest, start and size of each; and packs (`.pack`), whose files are ours.
"""

import asyncio
import hashlib
import mmap
import os
import struct
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from appliance.model.images import Segment, StoreFile
from services.nix.assembly import Layout
from services.nix.sharing.cuts import Piece, packed, pieces, shared

FOLDER = "shared"
ENTRY = struct.Struct("<32sQQ")
SMALLEST = 1 << 20
"""Bytes; below that, cutting saves nothing worth a list."""
YOUNG_SECONDS = 3_600.0


async def thinned(published: Path, layout: Layout, squashfs: StoreFile) -> Layout:
    """The same part, with what earlier files have of its squashfs taken from those.

    The first one is served as it was built; its pieces are listed for those to come.
    """
    if squashfs.size < SMALLEST:
        return layout
    parts = await asyncio.to_thread(_split, published / FOLDER, squashfs)
    segments: list[Segment] = []
    for one in layout.segments:
        segments += parts if one == squashfs else (one,)
    return Layout(layout.purpose, layout.name, tuple(segments))


def tidy(published: Path, used: Collection[str], now: float) -> None:
    """Lists and packs go whose file no image uses; `used` are the paths of those that are.

    What was made just now waits for its image.
    """
    folder = published / FOLDER
    kept = {_key(path) for path in used}
    with suppress(FileNotFoundError):
        for place in folder.iterdir():
            there = str(place) in used or place.name.partition(".")[0] in kept
            if not there and now - place.stat().st_mtime > YOUNG_SECONDS:
                place.unlink(missing_ok=True)


def _split(folder: Path, file: StoreFile) -> tuple[StoreFile, ...]:
    folder.mkdir(exist_ok=True)
    known = _lists(folder)
    if file.file in known:  # others are taken from it
        return (file,)
    with (
        Path(file.file).open("rb") as opened,
        mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        cut = tuple(pieces(content))
        made = shared(cut, known)
        if made.saved:
            return packed(made, _pack(folder, made.fresh, content))
    _list(folder, file.file, cut)
    return (file,)


def _pack(folder: Path, fresh: Sequence[Piece], content: mmap.mmap) -> str:
    """Write what is new; the name of a pack follows from what is in it."""
    name = hashlib.sha256(b"".join(one.digest for one in fresh)).hexdigest()
    pack, coming = folder / f"{name}.pack", folder / f"{name}.coming"
    if fresh and not pack.exists():
        listed, at = [], 0
        with coming.open("wb") as out:
            for one in fresh:
                out.write(content[one.start : one.start + one.size])
                listed.append(Piece(one.digest, at, one.size))
                at += one.size
            os.fchmod(out.fileno(), 0o644)
            out.flush()
            os.fsync(out.fileno())
        _list(folder, str(pack), listed)
        coming.replace(pack)
    return str(pack)


def _list(folder: Path, path: str, cut: Sequence[Piece]) -> None:
    """Note what is in a file, for those to come."""
    place = folder / f"{_key(path)}.pieces"
    coming = place.with_suffix(".listing")
    told = [ENTRY.pack(one.digest, one.start, one.size) for one in cut]
    coming.write_bytes(path.encode() + b"\0" + b"".join(told))
    coming.replace(place)


def _lists(folder: Path) -> Mapping[str, Sequence[Piece]]:
    """What is in the files that are there, by their paths."""
    found: dict[str, Sequence[Piece]] = {}
    for place in sorted(folder.glob("*.pieces")):
        path, _, told = place.read_bytes().partition(b"\0")
        if Path(path.decode()).is_file() and not len(told) % ENTRY.size:
            found[path.decode()] = [Piece(*one) for one in ENTRY.iter_unpack(told)]
    return found


def _key(path: str) -> str:
    return hashlib.sha256(path.encode()).hexdigest()
