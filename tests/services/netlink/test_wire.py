"""Netlink's frames, by their bytes."""

import struct
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.netlink.wire import (
    ACK,
    DONE,
    ERROR,
    REQUEST,
    Refused,
    asked,
    attribute,
    attributes,
    messages,
)

NEW = 28
INTERRUPTED = 0x10  # NLM_F_DUMP_INTR


def message(kind: int, body: bytes, flags: int = 0) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, flags, 0, 0) + body


def read(datagram: bytes) -> list[tuple[int, bytes]]:
    return [(kind, bytes(body)) for kind, body in messages(datagram)]


def test_a_question_is_for_everything() -> None:
    assert struct.unpack_from("=IHH", asked(30, b"abcd")) == (20, 30, 0x301)


def test_a_question_says_how_it_is_meant() -> None:
    assert struct.unpack_from("=IHH", asked(30, b"", REQUEST | ACK)) == (16, 30, 5)


def test_messages_come_one_by_one() -> None:
    told = message(NEW, b"abcd") + message(DONE, bytes(4))
    assert read(told) == [(NEW, b"abcd"), (DONE, bytes(4))]


def test_a_message_begins_at_a_multiple_of_four() -> None:
    assert read(message(NEW, b"a") + bytes(3) + message(NEW, b"b")) == [(NEW, b"a"), (NEW, b"b")]


def test_what_changed_while_it_was_listed_is_read() -> None:
    assert read(message(NEW, b"abcd", INTERRUPTED)) == [(NEW, b"abcd")]


@pytest.mark.parametrize("length", range(20))
def test_a_datagram_that_is_cut_off_is_left_out(length: int) -> None:
    assert read(message(NEW, b"abcd")[:length]) == []


@pytest.mark.parametrize("length", [0, 15, 400])
def test_a_message_of_an_odd_length_ends_the_reading(length: int) -> None:
    assert read(struct.pack("=IHHII", length, NEW, 0, 0, 0) + message(NEW, b"")) == []


def test_an_error_of_the_kernel_is_raised() -> None:
    with pytest.raises(Refused) as refused:
        read(message(ERROR, struct.pack("=i", -1) + bytes(16)))
    assert refused.value.errno == 1


def test_what_was_done_is_no_error() -> None:
    assert read(message(ERROR, bytes(20))) == [(ERROR, bytes(20))]


def test_attributes_come_one_by_one() -> None:
    told = attribute(1, b"abc") + attribute(2 | 0x8000, b"")
    assert list(attributes(told)) == [(1, b"abc"), (2, b"")]


def test_attributes_begin_where_it_is_said() -> None:
    assert list(attributes(b"head" + attribute(1, b"abc"), 4)) == [(1, b"abc")]


@pytest.mark.parametrize("length", [0, 3, 400])
def test_an_attribute_of_an_odd_length_ends_the_reading(length: int) -> None:
    told = attribute(1, b"abc") + struct.pack("=HH", length, 2) + bytes(6)
    assert list(attributes(told)) == [(1, b"abc")]


@given(st.binary(max_size=200) | st.binary(max_size=100).map(lambda end: message(ERROR, end)))
def test_no_datagram_does_anything_but_be_read_or_refused(datagram: bytes) -> None:
    with suppress(Refused):
        for _, body in messages(datagram):
            list(attributes(body))
