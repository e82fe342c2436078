"""DOOR: walks a tree and gives its Nix archive piece by piece, as it is asked for the next one.

Nothing is followed: a link is its target's text.  In memory are one directory's names on each level
and what small files are gathered into, whatever the size of the tree.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from io import FileIO

from services.netboot.files import Piece
from services.netboot.nar import wire

SMALL_BYTES = 32 << 10
"""Files up to here are read and sent together with what is around them."""
GATHERED_BYTES = 64 << 10
"""What a client that takes nothing costs, at most with a small file more."""
SKIPPED_AT_ONCE = 256

Gathered = tuple[Piece | bytes, FileIO | None]


def archive(root: str) -> Iterator[bytes | Piece]:
    """The archive of the file, link or directory at `root`, in order.

    Raises OSError, also for what is none of the three.
    """
    yield from _node(os.fsencode(root), wire.BEGIN, b"")


def cut(whole: Iterable[bytes | Piece], start: int, stop: int) -> Iterator[bytes | Piece]:
    """The bytes from `start` to behind `stop`; b"" now and then while it skips."""
    at = passed = 0
    for one in whole:
        first, at = at, at + (len(one) if isinstance(one, bytes) else one.count)
        if start <= first and at <= stop:
            yield one
        elif start < at and first < stop:
            yield _within(one, max(start - first, 0), min(stop, at) - first)
        elif first >= stop:
            return
        elif (passed := passed + 1) % SKIPPED_AT_ONCE == 0:
            yield b""


def gathered(parts: Iterable[bytes | Piece]) -> Iterator[Gathered]:
    """Small parts joined; a large file is opened for as long as it is at hand.  Raises OSError."""
    waiting: list[bytes] = []
    size = 0
    for one in parts:
        large = isinstance(one, Piece) and one.count > SMALL_BYTES
        if not large:
            content = _read(one) if isinstance(one, Piece) else one
            waiting.append(content)
            size += len(content)
            if size < GATHERED_BYTES and content:
                continue
        joined, waiting, size, content = b"".join(waiting), [], 0, b""
        yield joined, None
        if large and isinstance(one, Piece):
            with _open(one.file) as file:
                yield one, file
    yield b"".join(waiting), None


def _within(one: bytes | Piece, first: int, behind: int) -> bytes | Piece:
    if isinstance(one, bytes):
        return one[first:behind]
    return Piece(one.file, one.offset + first, behind - first)


def _node(path: bytes, before: bytes, after: bytes) -> Iterator[bytes | Piece]:
    """One node between what stands around it: fewer pieces are less work for each file."""
    found = os.lstat(path)
    mode, size = found.st_mode, found.st_size
    if stat.S_ISREG(mode):
        yield before + wire.regular(size, executable=bool(mode & stat.S_IXUSR))
        if size:
            yield Piece(os.fsdecode(path), 0, size)
        yield wire.padding(size) + wire.END + after
    elif stat.S_ISLNK(mode):
        yield before + wire.symlink(os.readlink(path)) + after
    elif stat.S_ISDIR(mode):
        yield before + wire.DIRECTORY
        for name in sorted(os.listdir(path)):
            yield from _node(path + b"/" + name, wire.entry(name), wire.END)
        yield wire.END + after
    else:
        raise OSError(f"{os.fsdecode(path)} is no file, link or directory")


def _open(file: str) -> FileIO:
    return FileIO(_descriptor(file), "r")


def _descriptor(file: str) -> int:
    return os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)


def _read(part: Piece) -> bytes:
    file = _descriptor(part.file)
    try:
        content = os.pread(file, part.count, part.offset)
    finally:
        os.close(file)
    if len(content) != part.count:
        raise OSError(f"{part.file} became shorter")
    return content
