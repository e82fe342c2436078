"""Netlink's frames and the attributes in them, whatever they are about.

A flooded bridge tells of thousands of MACs every few seconds: reading them here takes microseconds
each.  Layouts: linux/netlink.h (RFC 3549 §2.3), linux/netfilter/nfnetlink.h.
"""

import struct
import sys
from collections.abc import Iterator

DONE, ERROR = 3, 2
REQUEST, ACK, DUMP = 0x1, 0x4, 0x300
KIND = 0x3FFF  # of an attribute, without NLA_F_NESTED and NLA_F_NET_BYTEORDER
FAMILY_BYTES = 4
"""nfgenmsg, with which each body of netfilter's begins."""

_HEADER = struct.Struct("=IHHII")  # nlmsghdr
_ATTRIBUTE = struct.Struct("=HH")


class Refused(OSError):
    """The kernel answered with an error."""


def asked(kind: int, body: bytes, flags: int = REQUEST | DUMP) -> bytes:
    """One question, for everything of a kind unless other `flags` say otherwise."""
    return _HEADER.pack(_HEADER.size + len(body), kind, flags, 1, 0) + body


def attribute(kind: int, value: bytes) -> bytes:
    """An attribute of a question."""
    return _ATTRIBUTE.pack(_ATTRIBUTE.size + len(value), kind) + value + bytes(-len(value) % 4)


def messages(datagram: bytes) -> Iterator[tuple[int, memoryview]]:
    """The messages of one datagram: type and body.  Raises Refused on an error.

    One that promises more than there is ends the reading; what changed while the kernel listed it
    (NLM_F_DUMP_INTR) is as it was or as it is.
    """
    view, at = memoryview(datagram), 0
    while at + _HEADER.size <= len(view):
        length, kind, _, _, _ = _HEADER.unpack_from(view, at)
        if not _HEADER.size <= length <= len(view) - at:
            return
        body = view[at + _HEADER.size : at + length]
        if kind == ERROR and (code := int.from_bytes(body[:4], sys.byteorder, signed=True)):
            raise Refused(-code, "netlink refused the question")
        yield kind, body
        at += length + 3 & ~3


def attributes(body: bytes | memoryview, at: int = 0) -> Iterator[tuple[int, bytes]]:
    """Numbers with their values, from `at` to the end or to one that promises too much."""
    while at + _ATTRIBUTE.size <= len(body):
        length, kind = _ATTRIBUTE.unpack_from(body, at)
        if not _ATTRIBUTE.size <= length <= len(body) - at:
            return
        yield kind & KIND, bytes(body[at + _ATTRIBUTE.size : at + length])
        at += length + 3 & ~3
