from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dhcp.options import Truncated
from services.dhcp.wire import COOKIE, OPTIONS_AT, Malformed, decode, encode
from tests.services.dhcp.router import CAPTURES, capture, says


def read_or_refused(datagram: bytes) -> None:
    """Anything else than a message or one of the two refusals fails the test."""
    with suppress(Malformed, Truncated):
        message = decode(datagram)
        assert len(message.chaddr) <= 16
        assert sum(map(len, message.options.values())) <= len(datagram) + 192


ADDRESSES = st.integers(0, 0xFFFFFFFF)


@pytest.mark.parametrize("name", sorted(path.stem for path in CAPTURES.glob("*.hex")))
def test_every_captured_packet_is_read_or_refused_by_name(name: str) -> None:
    read_or_refused(capture(name))


def test_a_captured_discover_is_read_field_by_field() -> None:
    message = decode(capture("ovmf-x64-discover"))
    assert (message.op, message.htype, message.kind, message.flags) == (1, 1, 1, 0x8000)
    assert message.xid == 0xE8C92F50
    assert message.chaddr.hex(":") == "52:54:00:12:34:56"
    assert message.options[93] == b"\x00\x07"


def test_too_few_bytes_are_refused() -> None:
    with pytest.raises(Malformed, match="239 bytes are too few"):
        decode(bytes(239))


def test_a_missing_cookie_is_refused() -> None:
    with pytest.raises(Malformed, match="cookie"):
        decode(bytes(300))


def test_g12_garbage_behind_the_hardware_address_is_not_part_of_it() -> None:
    assert decode(capture("g12-garbage")).chaddr.hex(":") == "52:54:00:12:34:56"


def test_g12_a_hardware_address_of_20_bytes_is_refused() -> None:
    with pytest.raises(Malformed, match="20 bytes does not fit in 16"):
        decode(capture("g12-hlen-20"))


def test_options_in_the_file_field_are_read_when_option_52_says_so() -> None:
    raw = bytearray(says(1, o52=b"\x01"))
    raw[108:114] = b"\x0c\x03bob\xff"
    assert decode(bytes(raw)).options[12] == b"bob"


def test_options_in_the_file_field_are_not_read_otherwise() -> None:
    raw = bytearray(says(1))
    raw[108:114] = b"\x0c\x03bob\xff"
    assert 12 not in decode(bytes(raw)).options


def test_an_overloaded_field_cut_inside_an_option_is_refused() -> None:
    raw = bytearray(says(1, o52=b"\x02"))
    raw[44:108] = b"\x01" * 62 + b"\x0c\x09"
    with pytest.raises(Truncated):
        decode(bytes(raw))


def test_a_message_has_at_least_300_bytes() -> None:
    assert len(says(1)) == 300


def test_a_header_string_keeps_room_for_its_nul() -> None:
    with pytest.raises(ValueError, match="NUL"):
        encode(op=1, xid=1, chaddr=b"", options=(), file=bytes(128))


@given(
    xid=ADDRESSES,
    ciaddr=ADDRESSES,
    giaddr=ADDRESSES,
    flags=st.integers(0, 0xFFFF),
    chaddr=st.binary(max_size=16),
    options=st.dictionaries(
        st.integers(1, 254).filter(lambda code: code != 52), st.binary(min_size=1, max_size=300)
    ),
)
def test_what_was_encoded_is_decoded_again(
    xid: int, ciaddr: int, giaddr: int, flags: int, chaddr: bytes, options: dict[int, bytes]
) -> None:
    message = decode(
        encode(
            op=1,
            xid=xid,
            chaddr=chaddr,
            ciaddr=ciaddr,
            giaddr=giaddr,
            flags=flags,
            options=options.items(),
        )
    )
    assert (message.xid, message.ciaddr, message.giaddr, message.flags) == (
        xid, ciaddr, giaddr, flags,
    )  # fmt: skip
    assert message.chaddr == chaddr
    assert message.options == options


@given(st.binary(max_size=600))
def test_no_datagram_does_more_than_be_read_or_refused_by_name(datagram: bytes) -> None:
    read_or_refused(datagram)


@given(st.binary(min_size=OPTIONS_AT - 4, max_size=OPTIONS_AT - 4), st.binary(max_size=200))
def test_nothing_behind_a_good_cookie_does_more_either(head: bytes, block: bytes) -> None:
    read_or_refused(head + COOKIE + block)
