"""nfnetlink_log's messages, and the headers of the packets in them.

Layouts: linux/netfilter/nfnetlink_log.h; RFC 791 §3.1, RFC 8200 §3 and §4, RFC 826 for the
headers.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from services.netlink.wire import ACK, FAMILY_BYTES, REQUEST, asked, attribute, attributes

PACKET, CONFIG = 4 << 8, 4 << 8 | 1  # NFNL_SUBSYS_ULOG with NFULNL_MSG_*
HEADER, INDEV, OUTDEV, HWADDR, PAYLOAD, PREFIX, UID = 1, 4, 5, 8, 9, 10, 11  # NFULA_*
COMMAND, MODE = 1, 2  # NFULA_CFG_*
BIND, COPY_PACKET = 1, 2
TCP, UDP, ICMP, ICMPV6 = 6, 17, 1, 58
ARP = -1  # it has no number among the protocols of IP
PROTOCOLS: Mapping[int, str] = {TCP: "tcp", UDP: "udp", ICMP: "icmp", ICMPV6: "icmp", ARP: "arp"}
ARP_FRAME = b"\x08\x06"  # the EtherType
ARP_IPV4 = bytes.fromhex("000108000604")  # Ethernet and IPv4: how its packets begin
EXTENSIONS = frozenset({0, 43, 60})  # hop-by-hop, routing, destination options

_MODE = struct.Struct(">IBx")  # nfulnl_msg_config_mode


@dataclass(frozen=True, slots=True)
class Held:
    """One packet that was held back.  Links are indexes, 0 for none; `port` is None without one."""

    by: str  # the id of the rule
    arrived: int
    leaves: int
    mac: str  # of who sent it on this link, "" where there is none
    source: IPv4Address | IPv6Address
    destination: IPv4Address | IPv6Address
    protocol: str  # "tcp", "udp", "icmp", "arp", or a number
    port: int | None
    uid: int | None = None  # of who sent it, when that is a process of this computer


def bound(group: int, size: int) -> tuple[bytes, bytes]:
    """Two requests: give us this group, with so many bytes of each packet."""
    return (
        _request(group, COMMAND, bytes([BIND])),
        _request(group, MODE, _MODE.pack(size, COPY_PACKET)),
    )


def held(body: bytes | memoryview) -> Held | None:
    """The packet in one message of the kernel's; None when it cannot be read."""
    told = dict(attributes(body, FAMILY_BYTES))
    payload = told.get(PAYLOAD, b"")
    is_arp = told.get(HEADER, b"")[:2] == ARP_FRAME
    network = _neighbours(payload) if is_arp else _network(payload)
    if network is None:
        return None
    source, destination, protocol, rest = network
    has_ports = protocol in (TCP, UDP) and len(rest) >= 4
    hardware = told.get(HWADDR, b"")
    return Held(
        by=told.get(PREFIX, b"").rstrip(b"\0").decode(errors="replace"),
        arrived=int.from_bytes(told.get(INDEV, b"")),
        leaves=int.from_bytes(told.get(OUTDEV, b"")),
        mac=hardware[4:10].hex(":") if hardware[:2] == b"\0\6" else "",
        source=source,
        destination=destination,
        protocol=PROTOCOLS.get(protocol, str(protocol)),
        port=int.from_bytes(rest[2:4]) if has_ports else None,
        uid=int.from_bytes(told[UID]) if UID in told else None,
    )


Ends = tuple[IPv4Address | IPv6Address, IPv4Address | IPv6Address, int, bytes]
"""Sender, receiver, protocol, and what follows the header."""


def _network(packet: bytes) -> Ends | None:
    """The network's header; None when it is none."""
    if len(packet) >= 20 and packet[0] >> 4 == 4:
        later = int.from_bytes(packet[6:8]) & 0x1FFF  # a fragment but the first has no ports
        rest = b"" if later else packet[(packet[0] & 15) * 4 :]
        return IPv4Address(packet[12:16]), IPv4Address(packet[16:20]), packet[9], rest
    if len(packet) >= 40 and packet[0] >> 4 == 6:
        protocol, rest = _beyond(packet[6], packet[40:])
        return IPv6Address(packet[8:24]), IPv6Address(packet[24:40]), protocol, rest
    return None


def _neighbours(packet: bytes) -> Ends | None:
    """Who speaks in ARP, and about which address."""
    if len(packet) < 28 or packet[:6] != ARP_IPV4:
        return None
    return IPv4Address(packet[14:18]), IPv4Address(packet[24:28]), ARP, b""


def _beyond(protocol: int, rest: bytes) -> tuple[int, bytes]:
    """Step over IPv6's extension headers."""
    while protocol in EXTENSIONS and len(rest) >= 8:
        protocol, rest = rest[0], rest[8 + 8 * rest[1] :]
    return protocol, rest


def _request(group: int, kind: int, value: bytes) -> bytes:
    family = bytes(2) + group.to_bytes(2)  # nfgenmsg has the group in network order
    return asked(CONFIG, family + attribute(kind, value), REQUEST | ACK)
