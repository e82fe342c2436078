"""The kernel's answers about sockets, by their bytes."""

import struct
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.outside.wire import Waiting, question, waiting


def socket_of(family: int, address: bytes, port: int, link: int, uid: int) -> bytes:
    ends = struct.pack("!HH16s16s", port, 0, address, b"")
    return bytes([family, 10, 0, 0]) + ends + struct.pack("=I8x12xII", link, uid, 7)


def test_a_question_is_for_those_that_wait() -> None:
    asked = question(2, "tcp")
    length, kind, flags, _, _ = struct.unpack_from("=IHHII", asked)
    assert (length, kind, flags) == (72, 20, 0x301)
    assert struct.unpack_from("=BBxxI", asked, 16) == (2, 6, 1 << 10)


def test_a_socket_of_ipv4_is_read() -> None:
    told = waiting(socket_of(2, IPv4Address("127.0.0.1").packed, 323, 0, 61123))
    assert told == Waiting(IPv4Address("127.0.0.1"), 323, 0, 61123)


def test_a_socket_of_ipv6_is_read() -> None:
    told = waiting(socket_of(10, IPv6Address("::").packed, 53, 4, 0))
    assert told == Waiting(IPv6Address("::"), 53, 4, 0)


@pytest.mark.parametrize("length", range(72))
def test_an_answer_that_is_cut_off_is_left_out(length: int) -> None:
    whole = socket_of(2, IPv4Address("127.0.0.1").packed, 323, 0, 61123)
    assert len(whole) == 72
    assert waiting(whole[:length]) is None


@given(st.binary(max_size=200))
def test_no_answer_does_anything_but_be_read_or_left_out(noise: bytes) -> None:
    one = waiting(noise)
    assert one is None or 0 <= one.port < 65_536
