"""The door to the machine itself: its cards, board and memory, and what its kernel lacks.

Cards are asked by ioctl, because that answers for the network namespace of the caller; /sys shows
the namespace in which it was mounted.
"""

import array
import errno
import fcntl
import os
import platform
import socket
import struct
import sys
from collections.abc import Collection, Mapping
from ipaddress import IPv4Network
from pathlib import Path

from hardware.inventory import Board, Inventory, Nic

SIOCGIFFLAGS, SIOCGIFHWADDR, SIOCETHTOOL = 0x8913, 0x8927, 0x8946  # linux/sockios.h
ETHTOOL_GDRVINFO, ETHTOOL_GPERMADDR = 0x03, 0x20  # linux/ethtool.h
IFF_UP, IFF_LOOPBACK, IFF_RUNNING = 0x1, 0x8, 0x40
ETHERNET = 1  # ARPHRD_ETHER

RTM_NEWLINK, RTM_DELLINK = 16, 17  # linux/rtnetlink.h
REQUEST, ACK, CREATE, EXCLUSIVE = 0x1, 0x4, 0x400, 0x200
IFLA_IFNAME, IFLA_LINKINFO, IFLA_INFO_KIND = 3, 18, 1
TRIAL_LINK = "nxprobe0"
ROUTES = Path("/proc/net/route")  # proc_net(5)

NEEDED_KINDS: Mapping[str, str] = {
    "bridge": "This kernel cannot make bridges, so no network can be set up.",
    "vlan": "This kernel cannot make VLANs.",
    "wireguard": "This kernel has no WireGuard of its own; remote access uses the slower program.",
}


def inventory() -> Inventory:
    """One look at everything."""
    return Inventory(
        board=board(),
        nics=nics(),
        memory_bytes=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"),
        cores=len(os.sched_getaffinity(0)),
        lacks=lacks(),
    )


def nics() -> tuple[Nic, ...]:
    """Every Ethernet interface of this network namespace but bridges, by name."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        found = (_nic(asked, name) for _, name in socket.if_nameindex())
        return tuple(sorted((nic for nic in found if nic), key=lambda nic: nic.name))


def networks(but: Collection[str] = (), table: Path = ROUTES) -> tuple[IPv4Network, ...]:
    """The IPv4 networks that this machine reaches, but for those behind interfaces called `but`.

    `table` is the kernel's list of routes; the default route is no network.
    """
    rows = [line.split() for line in table.read_text().splitlines()[1:]]
    found = (_network(row[1], row[7]) for row in rows if row[0] not in but)
    return tuple(dict.fromkeys(network for network in found if network.prefixlen))


def board(root: Path = Path("/sys/class/dmi/id")) -> Board:
    """What the maker wrote into the firmware; the architecture where there is nothing."""
    return Board(
        _line(root / "sys_vendor") or "unknown", _line(root / "product_name") or platform.machine()
    )


def lacks() -> tuple[str, ...]:
    """What this kernel cannot do, found by trying; () as well when we are not allowed to try."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        netlink.settimeout(2)
        return tuple(what for kind, what in NEEDED_KINDS.items() if _lacks(netlink, kind))


def makes(kind: str) -> bool:
    """Can this kernel make a link of that kind?  Found by trying; True when we may not try."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        netlink.settimeout(2)
        return not _lacks(netlink, kind)


def _nic(asked: socket.socket, name: str) -> Nic | None:
    """One interface; None when it is no card, or went away while we looked."""
    label = struct.pack("16s", name.encode())
    try:
        answer = fcntl.ioctl(asked, SIOCGIFFLAGS, label + bytes(24))
        (flags,) = struct.unpack_from("H", answer, 16)
        answer = fcntl.ioctl(asked, SIOCGIFHWADDR, label + bytes(24))
    except OSError:
        return None
    family, own = struct.unpack_from("H6s", answer, 16)
    driver, path = _driver(asked, label)
    if family != ETHERNET or flags & IFF_LOOPBACK or driver == "bridge":
        return None
    return Nic(
        name=name,
        mac=(_permanent(asked, label) or own).hex(":"),
        up=bool(flags & IFF_UP),
        carrier=bool(flags & IFF_RUNNING),
        driver=driver,
        path=path,
    )


def _network(destination: str, mask: str) -> IPv4Network:
    """Two words of the table: hexadecimal, in this machine's own order of bytes."""
    first, bits = (int(word, 16).to_bytes(4, sys.byteorder) for word in (destination, mask))
    return IPv4Network((first, int.from_bytes(bits).bit_count()))


def _driver(asked: socket.socket, label: bytes) -> tuple[str, str]:
    """The driver's name and the card's place on its bus; empty for what has neither."""
    answer = _ethtool(asked, label, struct.pack("I192x", ETHTOOL_GDRVINFO))
    if answer is None:
        return "", ""
    driver, path = struct.unpack_from("4x32s64x32s", answer)
    return _text(driver), _text(path)


def _permanent(asked: socket.socket, label: bytes) -> bytes | None:
    """The MAC the card was made with; None for links made of software."""
    answer = _ethtool(asked, label, struct.pack("II32x", ETHTOOL_GPERMADDR, 32))
    if answer is None:
        return None
    (size,) = struct.unpack_from("4xI", answer)
    found = answer[8:14]
    return found if size == 6 and any(found) else None


def _ethtool(asked: socket.socket, label: bytes, question: bytes) -> bytes | None:
    buffer = array.array("B", question)
    where, _ = buffer.buffer_info()
    try:
        fcntl.ioctl(asked, SIOCETHTOOL, label + struct.pack("P", where) + bytes(16))
    except OSError:
        return None
    return buffer.tobytes()


def _lacks(netlink: socket.socket, kind: str) -> bool:
    """Try to make such a link; what came into being is removed at once."""
    info = _attribute(IFLA_LINKINFO, _attribute(IFLA_INFO_KIND, kind.encode()))
    name = _attribute(IFLA_IFNAME, TRIAL_LINK.encode() + b"\0")
    code = _ask(netlink, RTM_NEWLINK, REQUEST | ACK | CREATE | EXCLUSIVE, name + info)
    if code == 0:
        _ask(netlink, RTM_DELLINK, REQUEST | ACK, name)
    return code == errno.EOPNOTSUPP


def _ask(netlink: socket.socket, what: int, flags: int, attributes: bytes) -> int:
    """Send one rtnetlink request; the errno it was answered with, 0 for done."""
    body = struct.pack("=BxHiII", socket.AF_UNSPEC, 0, 0, 0, 0) + attributes
    netlink.send(struct.pack("=IHHII", 16 + len(body), what, flags, 1, 0) + body)
    try:
        answer = netlink.recv(65536)
    except TimeoutError:
        return errno.ETIMEDOUT
    (code,) = struct.unpack_from("=i", answer, 16)
    return -int(code)


def _attribute(kind: int, value: bytes) -> bytes:
    size = 4 + len(value)
    return struct.pack("=HH", size, kind) + value + bytes(-size % 4)


def _line(path: Path) -> str:
    try:
        return path.read_text(errors="replace").strip()
    except OSError:
        return ""


def _text(field: bytes) -> str:
    return field.split(b"\0")[0].decode(errors="replace")
