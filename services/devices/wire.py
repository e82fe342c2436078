"""Netlink's answers about neighbours and links: linux/rtnetlink.h, linux/neighbour.h,
linux/if_link.h.
"""

import struct
import sys
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from services.netlink.wire import asked, attributes

GETLINK, NEWLINK, GETNEIGH, NEWNEIGH = 18, 16, 30, 28
INET, INET6, BRIDGE = 2, 10, 7

REACHABLE, FAILED, NOARP, PERMANENT = 0x02, 0x20, 0x40, 0x80  # NUD_*
DST, LLADDR, MASTER = 1, 2, 9  # NDA_*
ADDRESS, IFNAME, STATS64 = 1, 3, 23  # IFLA_*

_NEIGHBOUR = struct.Struct("=BxxxiHBB")  # ndmsg
_LINK = struct.Struct("=BxHiII")  # ifinfomsg
_BYTES = struct.Struct("=16xQQ")  # rtnl_link_stats64: rx_bytes, tx_bytes after two counts


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
    return asked(GETNEIGH, _NEIGHBOUR.pack(family, 0, 0, 0, 0))


def links_asked() -> bytes:
    """The question for every interface."""
    return asked(GETLINK, _LINK.pack(0, 0, 0, 0, 0))


def neighbour(body: memoryview) -> Neighbour | None:
    """One neighbour; None when it is us, nobody, or has no MAC."""
    if len(body) < _NEIGHBOUR.size:
        return None
    family, link, state, _, _ = _NEIGHBOUR.unpack_from(body)
    if state & (FAILED | NOARP | PERMANENT):
        return None
    found = dict(attributes(body, _NEIGHBOUR.size))
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
    found = dict(attributes(body, _LINK.size))
    if IFNAME not in found or len(found.get(STATS64, b"")) < _BYTES.size:
        return None
    received, sent = _BYTES.unpack_from(found[STATS64])
    name = found[IFNAME].rstrip(b"\0").decode(errors="replace")  # any bytes make a name there
    return Link(index, name, received, sent, found.get(ADDRESS, b"").hex(":"))
