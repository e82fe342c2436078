import struct

from hypothesis import given
from hypothesis import strategies as st

from services.dhcp.link.frames import (
    BROADCAST_MAC,
    EVERYBODY,
    checksum,
    frame,
    said_to_clients,
)

OURS = bytes.fromhex("020000000001")
CLIENT = bytes.fromhex("525400123456")


def folded(data: bytes) -> int:
    """RFC 1071 as it is written there: add the words, then the carries."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


@given(st.binary(min_size=1, max_size=1500).filter(any))
def test_the_checksum_is_the_ones_complement_sum(data: bytes) -> None:
    assert checksum(data) % 0xFFFF == folded(data) % 0xFFFF


def test_a_frame_has_the_clients_mac_and_the_offered_address() -> None:
    whole = frame(b"payload", from_mac=OURS, to_mac=CLIENT, source=0x0A4D0001, target=0x0A4D0064)
    assert whole[:14] == CLIENT + OURS + b"\x08\x00"
    assert whole[26:34] == bytes((10, 77, 0, 1, 10, 77, 0, 100))
    assert struct.unpack("!HHH", whole[34:40]) == (67, 68, 15)
    assert whole[42:] == b"payload"


def test_both_checksums_of_a_frame_are_right() -> None:
    whole = frame(
        b"abc", from_mac=OURS, to_mac=BROADCAST_MAC, source=0, target=EVERYBODY,
        source_port=68, target_port=67,
    )  # fmt: skip
    header, datagram = whole[14:34], whole[34:]
    pseudo = header[12:20] + b"\x00\x11" + struct.pack("!H", len(datagram))
    assert folded(header) == 0
    assert folded(pseudo + datagram) == 0


def packet(source_port: int = 67, target_port: int = 68) -> bytes:
    """A frame as the ear gets it, without its Ethernet header."""
    whole = frame(
        b"payload",
        from_mac=OURS,
        to_mac=BROADCAST_MAC,
        source=0x0A4D00FA,
        target=EVERYBODY,
        source_port=source_port,
        target_port=target_port,
    )
    return whole[14:]


def test_what_a_server_says_is_heard() -> None:
    assert said_to_clients(packet() + b"padding") == b"payload"
    assert said_to_clients(packet(source_port=4011)) == b"payload"


def test_what_others_say_is_not_heard() -> None:
    assert said_to_clients(packet(source_port=53)) is None
    assert said_to_clients(packet(target_port=67)) is None


def test_ip_options_are_passed_over() -> None:
    long = b"\x46" + packet()[1:20] + b"\x01\x01\x01\x01" + packet()[20:]
    assert said_to_clients(long) == b"payload"


@given(st.binary(max_size=80))
def test_any_packet_is_heard_or_not(packet: bytes) -> None:
    said = said_to_clients(packet)
    assert said is None or len(said) <= len(packet)
