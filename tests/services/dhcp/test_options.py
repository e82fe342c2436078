import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dhcp.options import (
    CLIENT_ID,
    MESSAGE_TYPE,
    USER_CLASS,
    Truncated,
    decode_inner,
    decode_options,
    encode_option,
)

OPTIONS = st.dictionaries(st.integers(1, 254), st.binary(min_size=1, max_size=600), max_size=8)


def test_a_code_that_appears_twice_is_one_long_option() -> None:
    assert decode_options(b"\x4d\x02iP\x4d\x02XE\xff") == {USER_CLASS: b"iPXE"}


def test_bytes_after_the_end_option_are_not_read() -> None:
    assert decode_options(b"\x35\x01\x01\xff\x33") == {MESSAGE_TYPE: b"\x01"}


def test_padding_between_options_is_skipped() -> None:
    assert decode_options(b"\0\0\x35\x01\x01\0\xff") == {MESSAGE_TYPE: b"\x01"}


def test_a_missing_end_option_is_forgiven() -> None:
    assert decode_options(b"\x35\x01\x01") == {MESSAGE_TYPE: b"\x01"}


@pytest.mark.parametrize("block", [b"\x35", b"\x35\x01", b"\x33\x04\x00\x00"])
def test_a_block_cut_inside_an_option_is_refused(block: bytes) -> None:
    with pytest.raises(Truncated):
        decode_options(block)


def test_the_refusal_says_which_option_was_cut() -> None:
    with pytest.raises(Truncated, match="option 51 needs 6 bytes, 4 left"):
        decode_options(b"\x33\x04\x00\x00")


@given(OPTIONS)
def test_what_was_encoded_is_decoded_again(options: dict[int, bytes]) -> None:
    block = b"".join(encode_option(code, value) for code, value in options.items()) + b"\xff"
    assert decode_options(block) == options


@given(st.binary(max_size=400))
def test_no_block_does_more_than_decode_or_be_refused(block: bytes) -> None:
    try:
        options = decode_options(block)
    except Truncated:
        return
    assert sum(len(value) for value in options.values()) <= len(block)


@given(st.binary(max_size=255))
def test_a_broken_inner_option_keeps_the_head_readable(value: bytes) -> None:
    assert sum(len(inner) for inner in decode_inner(value).values()) <= len(value)


def test_an_inner_option_that_does_not_fit_is_the_end() -> None:
    assert decode_inner(bytes.fromhex("0101aa02ff")) == {1: b"\xaa"}


def test_a_value_over_255_bytes_is_cut_into_pieces() -> None:
    assert len(encode_option(CLIENT_ID, bytes(300))) == 304
