"""What the kernel sends about its connections, and what nobody should."""

import struct
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.conntrack.wire import DONE, ERROR, NEW, Refused, question, senders

NESTED = 0x8000
FOUR, SIX = IPv4Address("10.77.0.50").packed, IPv6Address("fd12::5").packed


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("=HH", 4 + len(value), kind) + value + bytes(-len(value) % 4)


def message(kind: int, body: bytes) -> bytes:
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 1, 0) + body


def connection(kind: int, sender: bytes) -> bytes:
    ends = attribute(kind, sender) + attribute(kind + 1, bytes(len(sender)))
    original = attribute(1 | NESTED, ends) + attribute(2 | NESTED, attribute(1, b"\x11"))
    return message(NEW, b"\x02\0\0\0" + attribute(1 | NESTED, original) + attribute(3, bytes(4)))


def test_all_connections_are_asked_for() -> None:
    assert struct.unpack_from("=IHH", question()) == (20, 0x101, 0x301)


def test_who_began_it_is_read_in_both_families() -> None:
    told = connection(1, FOUR) + connection(3, SIX) + message(DONE, bytes(4))
    assert list(senders(told)) == [FOUR, SIX, None]


def test_a_refusal_is_raised() -> None:
    with pytest.raises(Refused):
        list(senders(message(ERROR, struct.pack("=i", -1) + bytes(16))))


@given(st.binary(max_size=200))
def test_noise_is_read_as_nothing_worse_than_nothing(noise: bytes) -> None:
    with suppress(Refused):
        assert all(one is None or len(one) in (4, 16) for one in senders(noise))
