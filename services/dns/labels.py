"""Names in wire form: labels with their lengths, and the root's zero (RFC 1035 §3.1)."""


def name_in_bytes(name: str) -> bytes:
    """A name in wire form.

    >>> name_in_bytes("a.lan")
    b'\\x01a\\x03lan\\x00'
    """
    labels = name.encode().split(b".")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def suffixes(name: bytes) -> list[bytes]:
    """A name in wire form, and every name above it but the root.

    >>> suffixes(b"\\x01a\\x03lan\\x00")
    [b'\\x01a\\x03lan\\x00', b'\\x03lan\\x00']
    """
    found = []
    while name[0]:
        found.append(name)
        name = name[name[0] + 1 :]
    return found


def parts(name: bytes) -> tuple[bytes, ...]:
    """The labels of a name in wire form, without the root.

    >>> parts(b"\\x01a\\x03lan\\x00")
    (b'a', b'lan')
    """
    return tuple(one[1 : one[0] + 1] for one in suffixes(name))
