"""The few bytes that turn a file into a cpio archive, so that the file itself is never copied.

An initrd may be several archives one after another (Linux, early-userspace/buffer-format.rst): the
first may be compressed, each next one begins at a multiple of four.
The "newc" format: 110 bytes of hexadecimal header, name, file, all padded to four.
"""

LARGEST = (1 << 32) - 1
"""Bytes of one file: the size field has eight hexadecimal digits."""

REGULAR_READABLE = 0o100444
TRAILER = "TRAILER!!!"


def padding(size: int) -> bytes:
    """What brings `size` bytes to a multiple of four.

    >>> padding(5), padding(8)
    (b'\\x00\\x00\\x00', b'')
    """
    return bytes(-size % 4)


def header(name: str, size: int) -> bytes:
    """The bytes before a file of `size` bytes.  Raises ValueError when it is too large."""
    if size > LARGEST:
        raise ValueError(f"{name} has {size} bytes; a cpio archive takes less than 4 GiB a file")
    return _entry(name, size, REGULAR_READABLE, number=1, links=1)


def trailer() -> bytes:
    """The bytes that end an archive."""
    return _entry(TRAILER, 0, 0, number=0, links=1)


def _entry(name: str, size: int, mode: int, *, number: int, links: int) -> bytes:
    raw = name.encode() + b"\0"
    fields = (number, mode, 0, 0, links, 1, size, 0, 0, 0, 0, len(raw), 0)
    told = b"070701" + b"".join(b"%08X" % field for field in fields) + raw
    return told + padding(len(told))
