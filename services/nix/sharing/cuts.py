"""Where a file is cut: by its own bytes, so that the same bytes are cut alike wherever they lie.

A cut is behind each `MARK`, unless the piece would be shorter than LEAST or longer than MOST; in
packed bytes a mark comes every 16 KiB.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from mmap import mmap

from appliance.model.images import StoreFile

MARK = re.compile(rb"\x9d[\x40-\x43]")
LEAST = 16 << 10
MOST = 1 << 20
ENOUGH = 0.5
"""How much of a file must be of use again; else it would be kept for little."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of one file; `digest` is their SHA-256."""

    digest: bytes
    start: int
    size: int


def pieces(content: "bytes | mmap") -> Iterator[Piece]:
    """The whole of it, cut."""
    start, end = 0, len(content)
    view = memoryview(content)
    try:
        while start < end:
            most = min(start + MOST, end)
            mark = MARK.search(content, start + LEAST, most)
            stop = mark.end() if mark else most
            yield Piece(hashlib.sha256(view[start:stop]).digest(), start, stop - start)
            start = stop
    finally:
        view.release()


@dataclass(frozen=True, slots=True)
class Shared:
    """What a file is put together from, in order; `fresh` is what no earlier file has."""

    segments: tuple[StoreFile | Piece, ...]

    @property
    def fresh(self) -> tuple[Piece, ...]:
        """What goes into a pack."""
        return tuple(one for one in self.segments if isinstance(one, Piece))

    @property
    def saved(self) -> int:
        """Bytes that are there already."""
        return sum(one.size for one in self.segments if isinstance(one, StoreFile))


def shared(cut: Sequence[Piece], files: Mapping[str, Sequence[Piece]]) -> Shared:
    """Put a file together from what `files` have, by their paths; what they lack stays a piece.

    Files of which less than ENOUGH would be used are left alone, so that they can go.
    """
    useful = {path: has for path, has in files.items() if _useful(cut, has)}
    places = {
        one.digest: StoreFile(path, one.size, one.start)
        for path, has in useful.items()
        for one in has
    }
    found: list[StoreFile | Piece] = []
    for piece in cut:
        place = places.get(piece.digest)
        last = found[-1] if found else None
        if place is None:
            found.append(piece)
        elif isinstance(last, StoreFile) and _goes_on(last, place):
            found[-1] = StoreFile(last.file, last.size + place.size, last.offset)
        else:
            found.append(place)
    return Shared(tuple(found))


def _useful(cut: Sequence[Piece], has: Sequence[Piece]) -> bool:
    wanted = {one.digest for one in cut}
    used = sum(one.size for one in has if one.digest in wanted)
    return used > ENOUGH * sum(one.size for one in has)


def _goes_on(last: StoreFile, place: StoreFile) -> bool:
    return last.file == place.file and last.offset + last.size == place.offset


def packed(made: Shared, pack: str) -> tuple[StoreFile, ...]:
    """The segments once the fresh pieces lie in `pack`, one behind the other."""
    found: list[StoreFile] = []
    at = 0
    for one in made.segments:
        place = one
        if isinstance(one, Piece):
            place = StoreFile(pack, one.size, at)
            at += one.size
        assert isinstance(place, StoreFile)
        if found and _goes_on(found[-1], place):
            found[-1] = StoreFile(place.file, found[-1].size + place.size, found[-1].offset)
        else:
            found.append(place)
    return tuple(found)
