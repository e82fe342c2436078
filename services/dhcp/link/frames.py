"""A DHCP reply as an Ethernet frame, for a client that cannot answer ARP yet.

RFC 826 never comes into it: the MAC is the one the client put into its message.
"""

from struct import Struct
from typing import Final

ETHERTYPE_IPV4: Final = b"\x08\x00"
IP: Final = Struct("!BBHHHBBHII")
UDP: Final = Struct("!HHHH")
NO_FRAGMENTS: Final = 0x4000
TTL, PROTOCOL_UDP = 64, 17
BROADCAST_MAC: Final = b"\xff" * 6
EVERYBODY: Final = 0xFFFFFFFF


def checksum(data: bytes) -> int:
    """RFC 1071's ones' complement sum, which is the number the bytes spell, modulo 65535.

    >>> hex(checksum(bytes.fromhex("45000073000040004011" "0000" "c0a80001c0a800c7")))
    '0xb861'
    """
    if len(data) & 1:
        data += b"\0"
    return 0xFFFF - int.from_bytes(data, "big") % 0xFFFF


def frame(
    payload: bytes,
    *,
    from_mac: bytes,
    to_mac: bytes,
    source: int,
    target: int,
    source_port: int = 67,
    target_port: int = 68,
) -> bytes:
    """The whole frame; addresses are integers."""
    size = len(payload) + 8
    pseudo = source.to_bytes(4, "big") + target.to_bytes(4, "big") + bytes((0, PROTOCOL_UDP))
    bare = UDP.pack(source_port, target_port, size, 0)
    summed = checksum(pseudo + size.to_bytes(2, "big") + bare + payload) or 0xFFFF
    head = IP.pack(
        0x45, 0x10, size + 20, 0, NO_FRAGMENTS, TTL, PROTOCOL_UDP, 0, source, target
    )  # fmt: skip
    head = head[:10] + checksum(head).to_bytes(2, "big") + head[12:]
    ethernet = to_mac + from_mac + ETHERTYPE_IPV4
    return ethernet + head + UDP.pack(source_port, target_port, size, summed) + payload
