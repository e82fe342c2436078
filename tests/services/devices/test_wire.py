"""Answers about neighbours and links, by their bytes."""

import struct
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.devices.wire import Link, Neighbour, link, neighbour
from services.netlink.wire import attribute

MAC = bytes.fromhex("001b21aabbcc")


def entry(family: int, state: int, *attributes: bytes) -> memoryview:
    head = struct.pack("=BxxxiHBB", family, 5, state, 0, 0)
    return memoryview(head + b"".join(attributes))


def test_a_neighbour_that_answered_is_alive() -> None:
    body = entry(2, 0x02, attribute(1, bytes((10, 77, 0, 50))), attribute(2, MAC))
    assert neighbour(body) == Neighbour(5, MAC.hex(":"), ip_address("10.77.0.50"), alive=True)


def test_a_stale_neighbour_is_not_alive() -> None:
    body = entry(10, 0x04, attribute(1, bytes(15) + b"\1"), attribute(2, MAC))
    found = neighbour(body)
    assert found is not None
    assert not found.alive


def test_a_mac_that_a_bridge_learnt_is_on_the_bridge() -> None:
    body = entry(7, 0x02, attribute(2, MAC), attribute(9, struct.pack("=i", 3)))
    assert neighbour(body) == Neighbour(3, MAC.hex(":"), None, alive=True)


@pytest.mark.parametrize("state", [0x20, 0x40, 0x80])
def test_who_failed_or_is_ours_is_no_neighbour(state: int) -> None:
    assert neighbour(entry(7, state, attribute(2, MAC))) is None


@pytest.mark.parametrize("mac", [b"", bytes(6), bytes.fromhex("333300000001"), MAC[:5]])
def test_what_is_no_macs_of_a_card_is_no_neighbour(mac: bytes) -> None:
    assert neighbour(entry(2, 2, attribute(1, bytes(4)), attribute(2, mac))) is None


def test_a_link_has_its_name_and_its_bytes() -> None:
    counters = struct.pack("=QQQQ", 1, 2, 3000, 4000)
    body = struct.pack("=BxHiII", 0, 1, 9, 0, 0) + attribute(3, b"br-lan\0") + attribute(1, MAC)
    found = link(memoryview(body + attribute(23, counters)))
    assert found == Link(9, "br-lan", 3000, 4000, MAC.hex(":"))


def test_an_attribute_that_promises_too_much_ends_the_reading() -> None:
    body = entry(2, 2, attribute(1, bytes((10, 0, 0, 1))), struct.pack("=HH", 400, 2) + MAC)
    assert neighbour(body) is None


@given(st.binary(max_size=200))
def test_no_entry_does_anything_but_be_read_or_left_out(noise: bytes) -> None:
    for head in (b"", entry(7, 2).tobytes(), entry(10, 2).tobytes()):
        neighbour(memoryview(head + noise))
        link(memoryview(head + noise))


@given(st.binary(max_size=12), st.sampled_from((1, 2, 3, 9, 23)))
def test_no_attribute_breaks_an_entry(value: bytes, kind: int) -> None:
    whole = attribute(1, bytes(4)), attribute(2, MAC), attribute(9, bytes(4))
    neighbour(entry(7, 2, *whole, attribute(kind, value)))
    head = struct.pack("=BxHiII", 0, 1, 2, 0, 0)
    card = (attribute(3, b"eth0\0"), attribute(23, bytes(64)), attribute(kind, value))
    link(memoryview(head + b"".join(card)))
