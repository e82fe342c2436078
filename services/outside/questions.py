"""What the stranger asks: every port that could matter, UDP with words that its server answers."""

import struct
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

USUAL_TCP = (
    *(21, 22, 23, 25, 53, 80, 81, 110, 111, 123, 135, 139, 143, 179, 389, 443, 445, 465, 514),
    *(515, 546, 554, 587, 631, 873, 993, 995, 1080, 1194, 1433, 1723, 1883, 1900, 2049, 2375),
    *(2376, 3000, 3128, 3306, 3389, 4011, 4443, 5000, 5001, 5060, 5201, 5353, 5432, 5900, 6379),
    *(6443, 7547, 8000, 8006, 8080, 8081, 8443, 8888, 9000, 9090, 9100, 9443, 10000, 27017),
)
"""Ports that somebody is usually found at, those of routers and of what runs at home among them."""

XID = 0x4E495845
DNS_QUESTION = (
    struct.pack("!6H", 0x4E49, 0x0100, 1, 0, 0, 0) + b"\x05nixie\x03lan\x00\x00\x01\x00\x01"
)
DISCOVER = (
    struct.pack("!4BIHH16x6s10x192x", 1, 1, 6, 0, XID, 0, 0x8000, b"\x02\x00\x00\x00\x00\x01")
    + b"\x63\x82\x53\x63\x35\x01\x01\xff"
)  # RFC 2131 §3.1; the broadcast flag: whoever has no address yet hears nothing else
READ_REQUEST = b"\x00\x01bios/undionly.kpxe\x00octet\x00"  # RFC 1350 §5
NTP_QUESTION = bytes([0x23]) + bytes(47)  # RFC 5905 §7.3
SOLICIT = struct.pack("!I", 1 << 24 | XID & 0xFFFFFF) + struct.pack(
    "!HHHH6sHHI8x", 1, 10, 3, 1, b"\x02\x00\x00\x00\x00\x01", 3, 12, 1
)  # RFC 8415 §16.2: who asks, and one IA_NA
HANDSHAKE = struct.pack("<I", 1) + bytes(144)  # WireGuard's first message, of nobody it knows

WORDS: Mapping[int, bytes] = {
    53: DNS_QUESTION,
    67: DISCOVER,
    69: READ_REQUEST,
    123: NTP_QUESTION,
    547: SOLICIT,
    4011: DISCOVER,
    51820: HANDSHAKE,
}
"""UDP port to what its server answers.  Nobody answers at another port, but a box that says that
nothing is there can be seen as well."""
OTHER_UDP = (111, 137, 161, 500, 514, 546, 1194, 1900, 4500, 5353, 33434)

BROADCAST, ALL_SERVERS = "255.255.255.255", "ff02::1:2"  # RFC 8415 §7.1
SHOUTED: Mapping[tuple[str, int], bytes] = {
    (BROADCAST, 67): DISCOVER,
    (ALL_SERVERS, 547): SOLICIT,
}
"""What is asked of everybody on the cable."""


@dataclass(frozen=True, slots=True)
class Question:
    """One port to ask; `words` are sent by UDP."""

    protocol: str
    address: str
    port: int
    words: bytes = b""


def questions(addresses: Iterable[str], ours: Iterable[tuple[str, int]]) -> tuple[Question, ...]:
    """Every question for these addresses; `ours` are the ports that are in use here."""
    used = set(ours)
    tcp = sorted({*USUAL_TCP, *(port for protocol, port in used if protocol == "tcp")})
    udp = sorted({*WORDS, *OTHER_UDP, *(port for protocol, port in used if protocol == "udp")})
    return tuple(_asked(addresses, tcp, udp))


def _asked(addresses: Iterable[str], tcp: list[int], udp: list[int]) -> Iterator[Question]:
    for address in addresses:
        yield from (Question("tcp", address, port) for port in tcp)
        yield from (Question("udp", address, port, WORDS.get(port, b"?")) for port in udp)
    for (address, port), words in SHOUTED.items():
        yield Question("udp", address, port, words)
