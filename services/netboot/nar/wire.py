"""The bytes around files and links in a Nix archive.

Everything is a string: its length in eight bytes, little endian, then its bytes, then zeros up to a
multiple of eight.  Entries of a directory are in the order of their names' bytes.
"""

MAGIC = b"nix-archive-1"
ALIGNMENT = 8


def string(content: bytes) -> bytes:
    """One string.

    >>> string(b"type")
    b'\\x04\\x00\\x00\\x00\\x00\\x00\\x00\\x00type\\x00\\x00\\x00\\x00'
    """
    return length(len(content)) + content + padding(len(content))


def length(size: int) -> bytes:
    """What stands before `size` bytes."""
    return size.to_bytes(8, "little")


def padding(size: int) -> bytes:
    """What stands behind `size` bytes.

    >>> padding(8), padding(6)
    (b'', b'\\x00\\x00')
    """
    return bytes(-size % ALIGNMENT)


def strings(*contents: bytes) -> bytes:
    """Several of them in a row."""
    return b"".join(map(string, contents))


BEGIN = string(MAGIC)
END = string(b")")
DIRECTORY = strings(b"(", b"type", b"directory")
_REGULAR = strings(b"(", b"type", b"regular", b"contents")
_EXECUTABLE = strings(b"(", b"type", b"regular", b"executable", b"", b"contents")
_ENTRY = strings(b"entry", b"(", b"name")
_NODE = string(b"node")


def regular(size: int, *, executable: bool) -> bytes:
    """What stands before the `size` bytes of a file; behind them `padding` and END."""
    return (_EXECUTABLE if executable else _REGULAR) + length(size)


def symlink(target: bytes) -> bytes:
    """A symbolic link, whole."""
    return strings(b"(", b"type", b"symlink", b"target", target, b")")


def entry(name: bytes) -> bytes:
    """What stands before an entry of a directory; behind it END."""
    return _ENTRY + string(name) + _NODE
