"""A DHCP reply as an Ethernet frame, for a client that cannot answer ARP yet; and back.

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
SERVER_PORTS: Final = frozenset((67, 4011))
CLIENT_PORT: Final = 68

INSTRUCTION: Final = Struct("=HBBI")  # struct sock_filter, linux/filter.h
TO_CLIENTS: Final = b"".join(
    INSTRUCTION.pack(*one)
    for one in (
        (0x30, 0, 0, 9),  # the protocol
        (0x15, 0, 6, PROTOCOL_UDP),
        (0x28, 0, 0, 6),  # the fragment's offset
        (0x45, 4, 0, 0x1FFF),
        (0xB1, 0, 0, 0),  # X: the size of the IP header
        (0x48, 0, 0, 2),  # the UDP destination port
        (0x15, 0, 1, CLIENT_PORT),
        (0x06, 0, 0, 0xFFFF),  # all of it
        (0x06, 0, 0, 0),
    )
)
"""What the kernel lets through to the ear: IPv4 packets to UDP port 68, whole ones."""


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


def said_to_clients(packet: bytes) -> bytes | None:
    """What a server says in an IPv4 packet to port 68; None when no server says anything in it."""
    if len(packet) < 20 or packet[0] >> 4 != 4 or packet[9] != PROTOCOL_UDP:
        return None
    start = 4 * (packet[0] & 15)
    if len(packet) < start + 8:
        return None
    source_port, target_port, size, _ = UDP.unpack_from(packet, start)
    if source_port not in SERVER_PORTS or target_port != CLIENT_PORT:
        return None
    return packet[start + 8 : start + size]
