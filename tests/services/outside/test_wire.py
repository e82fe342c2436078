import struct
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.outside.wire import DONE, Refused, Waiting, question, waiting


def message(kind: int, body: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 1, 0) + body


def socket_of(family: int, address: bytes, port: int, link: int, uid: int) -> bytes:
    ends = struct.pack("!HH16s16s", port, 0, address, b"")
    return message(20, bytes([family, 10, 0, 0]) + ends + struct.pack("=I8x12xII", link, uid, 7))


def test_a_question_is_for_those_that_wait() -> None:
    asked = question(2, "tcp")
    length, kind, flags, _, _ = struct.unpack_from("=IHHII", asked)
    assert (length, kind, flags) == (72, 20, 0x301)
    assert struct.unpack_from("=BBxxI", asked, 16) == (2, 6, 1 << 10)


def test_every_socket_of_a_datagram_is_read() -> None:
    told = socket_of(2, IPv4Address("127.0.0.1").packed, 323, 0, 61123)
    told += socket_of(10, IPv6Address("::").packed, 53, 4, 0)
    assert list(waiting(told)) == [
        Waiting(IPv4Address("127.0.0.1"), 323, 0, 61123),
        Waiting(IPv6Address("::"), 53, 4, 0),
    ]


def test_the_end_is_told() -> None:
    assert list(waiting(message(DONE, bytes(4)))) == [None]


def test_a_refusal_is_raised() -> None:
    with pytest.raises(Refused):
        list(waiting(message(2, struct.pack("=i", -1) + bytes(16))))


def test_a_datagram_that_is_cut_off_ends_it() -> None:
    assert list(waiting(b"\x00" * 16)) == [None]


@given(st.binary(max_size=200), st.sampled_from((2, 3, 20)))
def test_no_datagram_does_anything_but_be_read_or_refused(noise: bytes, kind: int) -> None:
    for datagram in (noise, message(kind, noise), message(kind, noise)[:-1]):
        with suppress(Refused):
            list(waiting(datagram))
