"""What the kernel sends about its connections, and what nobody should."""

import struct
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.conntrack.wire import question, sender
from services.netlink.wire import attribute

NESTED = 0x8000
FOUR, SIX = IPv4Address("10.77.0.50").packed, IPv6Address("fd12::5").packed


def connection(kind: int, address: bytes) -> bytes:
    ends = attribute(kind, address) + attribute(kind + 1, bytes(len(address)))
    original = attribute(1 | NESTED, ends) + attribute(2 | NESTED, attribute(1, b"\x11"))
    return b"\x02\0\0\0" + attribute(1 | NESTED, original) + attribute(3, bytes(4))


def test_all_connections_are_asked_for() -> None:
    assert struct.unpack_from("=IHH", question()) == (20, 0x101, 0x301)


@pytest.mark.parametrize(("kind", "address"), [(1, FOUR), (3, SIX)])
def test_who_began_it_is_read_in_both_families(kind: int, address: bytes) -> None:
    assert sender(connection(kind, address)) == address


def test_an_address_of_another_length_is_none() -> None:
    assert sender(connection(1, SIX)) == b""


@given(st.binary(max_size=200))
def test_noise_is_read_as_nothing_worse_than_nothing(noise: bytes) -> None:
    assert len(sender(noise)) in (0, 4, 16)
