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

SMALL_BYTES = 64 << 10
"""Files up to here are read and sent together with what is around them."""
GATHERED_BYTES = 256 << 10
SKIPPED_AT_ONCE = 256

Gathered = tuple[Piece | bytes, FileIO | None]


def archive(root: str) -> Iterator[bytes | Piece]:
    """The archive of the file, link or directory at `root`, in order.

    Raises OSError, also for what is none of the three.
    """
    yield wire.BEGIN
    yield from _node(os.fsencode(root))


def cut(whole: Iterable[bytes | Piece], start: int, stop: int) -> Iterator[bytes | Piece]:
    """The bytes from `start` to behind `stop`; b"" now and then while it skips."""
    at = passed = 0
    for one in whole:
        size = len(one) if isinstance(one, bytes) else one.count
        first, behind = max(start - at, 0), min(stop - at, size)
        at += size
        if first < behind:
            if isinstance(one, bytes):
                yield one[first:behind]
            else:
                yield Piece(one.file, one.offset + first, behind - first)
        elif at >= stop:
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
        yield b"".join(waiting), None
        waiting, size = [], 0
        if large and isinstance(one, Piece):
            with _open(one.file) as file:
                yield one, file
    yield b"".join(waiting), None


def _node(path: bytes) -> Iterator[bytes | Piece]:
    found = os.lstat(path)
    if stat.S_ISREG(found.st_mode):
        executable = bool(found.st_mode & stat.S_IXUSR)
        yield wire.regular(found.st_size, executable=executable)
        if found.st_size:
            yield Piece(os.fsdecode(path), 0, found.st_size)
        yield wire.padding(found.st_size) + wire.END
    elif stat.S_ISLNK(found.st_mode):
        yield wire.symlink(os.readlink(path))
    elif stat.S_ISDIR(found.st_mode):
        yield wire.DIRECTORY
        for name in sorted(os.listdir(path)):
            yield wire.entry(name)
            yield from _node(os.path.join(path, name))
            yield wire.END
        yield wire.END
    else:
        raise OSError(f"{os.fsdecode(path)} is no file, link or directory")


def _open(file: str) -> FileIO:
    return FileIO(os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC), "r")


def _read(part: Piece) -> bytes:
    with _open(part.file) as file:
        content = os.pread(file.fileno(), part.count, part.offset)
    if len(content) != part.count:
        raise OSError(f"{part.file} became shorter")
    return content
