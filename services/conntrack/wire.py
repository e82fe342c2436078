"""Who began each connection, read from the kernel's answers by hand.

Layouts: linux/netfilter/nfnetlink.h, linux/netfilter/nfnetlink_conntrack.h.
"""

import struct
import sys
from collections.abc import Iterator

GET, NEW = 1 << 8 | 1, 1 << 8  # NFNL_SUBSYS_CTNETLINK with IPCTNL_MSG_CT_*
DONE, ERROR = 3, 2
REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
ORIGINAL, ADDRESSES = 1, 1  # CTA_TUPLE_ORIG, CTA_TUPLE_IP
SENDERS = {1: 4, 3: 16}  # CTA_IP_V4_SRC, CTA_IP_V6_SRC, each with its length
KIND = 0x3FFF  # without NLA_F_NESTED and NLA_F_NET_BYTEORDER

_HEADER = struct.Struct("=IHHII")  # nlmsghdr
_FAMILY_BYTES = 4  # nfgenmsg
_ATTRIBUTE = struct.Struct("=HH")


class Refused(OSError):
    """The kernel answered with an error."""


def question() -> bytes:
    """Ask for every connection of both families."""
    return _HEADER.pack(_HEADER.size + _FAMILY_BYTES, GET, REQUEST_DUMP, 1, 0) + bytes(4)


def senders(datagram: bytes) -> Iterator[bytes | None]:
    """The packed address of who began each connection of one datagram; None is the end.

    Raises Refused.
    """
    at = 0
    while at + _HEADER.size <= len(datagram):
        length, kind, *_ = _HEADER.unpack_from(datagram, at)
        if length < _HEADER.size or kind == DONE:
            yield None
            return
        body = datagram[at + _HEADER.size : at + length]
        if kind == ERROR and (code := int.from_bytes(body[:4], sys.byteorder, signed=True)):
            raise Refused(-code, "the kernel does not list its connections")
        if kind == NEW and (found := _sender(body[_FAMILY_BYTES:])):
            yield found
        at += length + 3 & ~3


def _sender(body: bytes) -> bytes:
    """b"" when it is not there."""
    ends = _inside(_inside(body, ORIGINAL), ADDRESSES)
    for kind, length in SENDERS.items():
        if len(found := _inside(ends, kind)) == length:
            return found
    return b""


def _inside(body: bytes, wanted: int) -> bytes:
    """The value of an attribute, b"" when it is not there."""
    at = 0
    while at + _ATTRIBUTE.size <= len(body):
        length, kind = _ATTRIBUTE.unpack_from(body, at)
        if not _ATTRIBUTE.size <= length <= len(body) - at:
            break
        if kind & KIND == wanted:
            return body[at + _ATTRIBUTE.size : at + length]
        at += length + 3 & ~3
    return b""
