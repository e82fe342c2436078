"""What a program needs to start, read from its own header (ELF, gABI chapter 5)."""

from collections.abc import Iterator
from struct import unpack_from

INTERPRETER = 3  # PT_INTERP


def interpreter(program: bytes) -> str | None:
    """The loader that starts a 64-bit little-endian ELF program, None when it needs none (static).

    Raises ValueError when this is no such program.
    """
    if program[:6] != b"\x7fELF\x02\x01":
        raise ValueError("no 64-bit ELF program")
    for kind, offset, size in _segments(program):
        if kind == INTERPRETER:
            return program[offset : offset + size].rstrip(b"\0").decode()
    return None


def _segments(program: bytes) -> Iterator[tuple[int, int, int]]:
    """(kind, offset, size in the file) of each program header."""
    (first,) = unpack_from("<Q", program, 32)
    step, count = unpack_from("<HH", program, 54)
    for at in range(first, first + step * count, step):
        kind, _flags, offset, _address, _physical, size = unpack_from("<IIQQQQ", program, at)
        yield kind, offset, size
