import struct

from hypothesis import given
from hypothesis import strategies as st

from services.dhcp.link.frames import BROADCAST_MAC, EVERYBODY, checksum, frame

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
