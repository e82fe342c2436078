"""Address resolution (RFC 826), as much of it as a question and its answer need."""

from ipaddress import IPv4Address
from struct import Struct
from typing import Final

from services.dhcp.link.frames import INSTRUCTION

ARP: Final = Struct("!HHBBH6s4s6s4s")
ETHERNET, IPV4 = 1, 0x0800
QUESTION, ANSWER = 1, 2
ANSWERS: Final = b"".join(
    INSTRUCTION.pack(*one)
    for one in (
        (0x28, 0, 0, 6),  # the operation
        (0x15, 0, 1, ANSWER),
        (0x06, 0, 0, 0xFFFF),
        (0x06, 0, 0, 0),
    )
)
"""What the kernel lets through: answers only, for a provider's cable is full of questions."""


def question(mac: bytes, address: IPv4Address, source: IPv4Address | None) -> bytes:
    """Who has `address`?  Without `source` nobody learns anything from it (RFC 5227 §1.1)."""
    ours = source.packed if source else bytes(4)
    return ARP.pack(ETHERNET, IPV4, 6, 4, QUESTION, mac, ours, bytes(6), address.packed)


def answered(packet: bytes) -> tuple[bytes, IPv4Address] | None:
    """Whose MAC has which address; None when the packet is no such answer."""
    if len(packet) < ARP.size:
        return None
    kind, protocol, size, length, operation, mac, address, _, _ = ARP.unpack_from(packet)
    if (kind, protocol, size, length, operation) != (ETHERNET, IPV4, 6, 4, ANSWER):
        return None
    return mac, IPv4Address(address)
