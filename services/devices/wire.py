"""Netlink's answers about neighbours and links, read by hand.

A flooded bridge tells of thousands of MACs every few seconds: reading them here takes microseconds
each.  Layouts: linux/netlink.h, linux/rtnetlink.h, linux/neighbour.h, linux/if_link.h.
"""

import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

GETLINK, NEWLINK, GETNEIGH, NEWNEIGH = 18, 16, 30, 28
DONE, ERROR = 3, 2
REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
INET, INET6, BRIDGE = 2, 10, 7

REACHABLE, FAILED, NOARP, PERMANENT = 0x02, 0x20, 0x40, 0x80  # NUD_*
DST, LLADDR, MASTER = 1, 2, 9  # NDA_*
ADDRESS, IFNAME, STATS64 = 1, 3, 23  # IFLA_*

_HEADER = struct.Struct("=IHHII")  # nlmsghdr
_NEIGHBOUR = struct.Struct("=BxxxiHBB")  # ndmsg
_LINK = struct.Struct("=BxHiII")  # ifinfomsg
_ATTRIBUTE = struct.Struct("=HH")
_BYTES = struct.Struct("=16xQQ")  # rtnl_link_stats64: rx_bytes, tx_bytes after two counts


class Refused(OSError):
    """The kernel answered with an error."""


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A MAC on a link; `address` is None where only the bridge knows it.

    `alive`: it answered within the last seconds, or sent something within the bridge's memory.
    """

    link: int
    mac: str
    address: IPv4Address | IPv6Address | None
    alive: bool


@dataclass(frozen=True, slots=True)
class Link:
    """An interface and the bytes it moved since it was made."""

    index: int
    name: str
    received: int
    sent: int
    mac: str = ""


def neighbours_asked(family: int) -> bytes:
    """The question for every neighbour of a family: INET, INET6, or BRIDGE for what was learnt."""
    return _asked(GETNEIGH, _NEIGHBOUR.pack(family, 0, 0, 0, 0))


def links_asked() -> bytes:
    """The question for every interface."""
    return _asked(GETLINK, _LINK.pack(0, 0, 0, 0, 0))


def messages(datagram: bytes) -> Iterator[tuple[int, memoryview]]:
    """The messages of one datagram: type and body.  Raises Refused on an error."""
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


def neighbour(body: memoryview) -> Neighbour | None:
    """One neighbour; None when it is us, nobody, or has no MAC."""
    if len(body) < _NEIGHBOUR.size:
        return None
    family, link, state, _, _ = _NEIGHBOUR.unpack_from(body)
    if state & (FAILED | NOARP | PERMANENT):
        return None
    found = _attributes(body, _NEIGHBOUR.size)
    mac = found.get(LLADDR, b"")
    if len(mac) != 6 or mac[0] & 1 or not any(mac):
        return None
    if family == BRIDGE:
        link = int.from_bytes(found.get(MASTER, b"")[:4], sys.byteorder)
        return Neighbour(link, mac.hex(":"), None, alive=True)
    address = found.get(DST, b"")
    if len(address) not in (4, 16):
        return None
    return Neighbour(link, mac.hex(":"), ip_address(address), alive=bool(state & REACHABLE))


def link(body: memoryview) -> Link | None:
    """One interface; None when it has no counters."""
    if len(body) < _LINK.size:
        return None
    index = _LINK.unpack_from(body)[2]
    found = _attributes(body, _LINK.size)
    if IFNAME not in found or len(found.get(STATS64, b"")) < _BYTES.size:
        return None
    received, sent = _BYTES.unpack_from(found[STATS64])
    name = found[IFNAME].rstrip(b"\0").decode(errors="replace")  # any bytes make a name there
    return Link(index, name, received, sent, found.get(ADDRESS, b"").hex(":"))


def _asked(kind: int, body: bytes) -> bytes:
    return _HEADER.pack(_HEADER.size + len(body), kind, REQUEST_DUMP, 0, 0) + body


def _attributes(body: memoryview, at: int) -> Mapping[int, bytes]:
    found = {}
    while at + _ATTRIBUTE.size <= len(body):
        length, kind = _ATTRIBUTE.unpack_from(body, at)
        if not _ATTRIBUTE.size <= length <= len(body) - at:
            break
        found[kind] = bytes(body[at + _ATTRIBUTE.size : at + length])
        at += length + 3 & ~3
    return found
