"""The door to the machine itself: its cards, board and memory, and what its kernel lacks.

Cards are asked by ioctl and netlink, because these answer for the network namespace of the caller;
/sys shows the namespace in which it was mounted.  Devices on buses have no namespace.
"""

import array
import errno
import fcntl
import os
import platform
import socket
import struct
import sys
from collections.abc import Collection, Iterator, Mapping
from ipaddress import IPv4Network
from pathlib import Path

from hardware.inventory import Board, Inventory, Nic
from hardware.slots import Device, slot

SIOCGIFFLAGS, SIOCGIFHWADDR, SIOCETHTOOL = 0x8913, 0x8927, 0x8946  # linux/sockios.h
ETHTOOL_GDRVINFO, ETHTOOL_GPERMADDR = 0x03, 0x20  # linux/ethtool.h
IFF_UP, IFF_LOOPBACK, IFF_RUNNING = 0x1, 0x8, 0x40
ETHERNET = 1  # ARPHRD_ETHER

RTM_NEWLINK, RTM_DELLINK, RTM_GETLINK = 16, 17, 18  # linux/rtnetlink.h
REQUEST, ACK, CREATE, EXCLUSIVE, DUMP = 0x1, 0x4, 0x400, 0x200, 0x300
HEADER, LINK_HEADER = 16, 16  # bytes: nlmsghdr, ifinfomsg
IFLA_IFNAME, IFLA_LINKINFO, IFLA_INFO_KIND, IFLA_EXT_MASK = 3, 18, 1, 29
IFLA_PARENT_DEV_NAME, IFLA_PARENT_DEV_BUS_NAME = 56, 57  # linux/if_link.h, since Linux 5.14
WITHOUT_COUNTERS = 8  # RTEXT_FILTER_SKIP_STATS
TRIAL_LINK = "nxprobe0"
ROUTES = Path("/proc/net/route")  # proc_net(5)
BUSES = Path("/sys/bus")

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
    devices = _devices()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        found = (_nic(asked, name, devices.get(name)) for _, name in socket.if_nameindex())
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


def holders(device: Device, buses: Path = BUSES) -> tuple[Device, ...]:
    """A device, what holds it, and so on to the outermost; () for one that is not there."""
    bus, name = device
    here = (buses / bus / "devices" / name).resolve()
    found = ((_bus(one), one.name) for one in (here, *here.parents))
    return tuple(one for one in found if one[0])


def _nic(asked: socket.socket, name: str, device: Device | None) -> Nic | None:
    """One interface; None when it is no card, or went away while we looked."""
    label = struct.pack("16s", name.encode())
    try:
        answer = fcntl.ioctl(asked, SIOCGIFFLAGS, label + bytes(24))
        (flags,) = struct.unpack_from("H", answer, 16)
        answer = fcntl.ioctl(asked, SIOCGIFHWADDR, label + bytes(24))
    except OSError:
        return None
    family, own = struct.unpack_from("H6s", answer, 16)
    driver = _driver(asked, label)
    if family != ETHERNET or flags & IFF_LOOPBACK or driver == "bridge":
        return None
    return Nic(
        name=name,
        mac=(_permanent(asked, label) or own).hex(":"),
        up=bool(flags & IFF_UP),
        carrier=bool(flags & IFF_RUNNING),
        driver=driver,
        path=slot(holders(device)) if device else "",
    )


def _devices() -> Mapping[str, Device]:
    """The device behind each interface that has one, by the interface's name."""
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0) as netlink:
        netlink.settimeout(2)
        briefly = _attribute(IFLA_EXT_MASK, struct.pack("=I", WITHOUT_COUNTERS))
        netlink.send(_request(RTM_GETLINK, REQUEST | DUMP, briefly))
        found = {}
        for body in _answers(netlink):
            told = dict(_attributes(body[LINK_HEADER:]))
            bus, device = told.get(IFLA_PARENT_DEV_BUS_NAME), told.get(IFLA_PARENT_DEV_NAME)
            if bus and device:
                found[_text(told[IFLA_IFNAME])] = _text(bus), _text(device)
        return found


def _answers(netlink: socket.socket) -> Iterator[bytes]:
    """The bodies of all RTM_NEWLINK messages that answer a dump; fewer when it breaks off."""
    while True:
        try:
            rest = netlink.recv(1 << 17)
        except OSError:
            return
        while len(rest) >= HEADER:
            size, kind = struct.unpack_from("=IH", rest)
            if kind != RTM_NEWLINK:  # NLMSG_DONE, or an error
                return
            yield rest[HEADER:size]
            rest = rest[-(-size // 4) * 4 :]


def _attributes(block: bytes) -> Iterator[tuple[int, bytes]]:
    """Numbers with their raw values."""
    while len(block) >= 4:
        size, kind = struct.unpack_from("=HH", block)
        if size < 4:
            return
        yield kind, block[4:size]
        block = block[-(-size // 4) * 4 :]


def _bus(device: Path) -> str:
    """The name of the bus that a device of /sys is on; "" for what is no device on one."""
    try:
        return (device / "subsystem").readlink().name
    except OSError:
        return ""


def _network(destination: str, mask: str) -> IPv4Network:
    """Two words of the table: hexadecimal, in this machine's own order of bytes."""
    first, bits = (int(word, 16).to_bytes(4, sys.byteorder) for word in (destination, mask))
    return IPv4Network((first, int.from_bytes(bits).bit_count()))


def _driver(asked: socket.socket, label: bytes) -> str:
    """The driver's name; "" for what has none."""
    answer = _ethtool(asked, label, struct.pack("I192x", ETHTOOL_GDRVINFO))
    return _text(answer[4:36]) if answer else ""


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
    netlink.send(_request(what, flags, attributes))
    try:
        answer = netlink.recv(65536)
    except TimeoutError:
        return errno.ETIMEDOUT
    (code,) = struct.unpack_from("=i", answer, 16)
    return -int(code)


def _request(what: int, flags: int, attributes: bytes) -> bytes:
    """A message about links."""
    body = struct.pack("=BxHiII", socket.AF_UNSPEC, 0, 0, 0, 0) + attributes
    return struct.pack("=IHHII", HEADER + len(body), what, flags, 1, 0) + body


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
