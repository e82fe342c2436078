"""What the kernel sends, as it was seen (Linux 6.18), and what nobody should."""

from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.drops.wire import PACKET, Held, held
from services.netlink.wire import Refused, attribute, messages

SEEN = bytes.fromhex(
    "a40000000004000000000000000000000200004e08000100080001000d000a0072756c653a61626300000000"
    "08000400000000011000080000060000000000000000000006000f000304000006001100000e000012001000"
    "0000000000000000000000000800000014000300000000006b0b24c8000000000006915c2500090045000021"
    "be42400040117e877f0000017f00000193b2270f000dfe2068656c6c6f000000"
)


def all_held(datagram: bytes) -> list[Held]:
    """The packets of one datagram."""
    return [one for kind, body in messages(datagram) if kind == PACKET and (one := held(body))]


def message(payload: bytes, mac: str = "525400000007") -> bytes:
    """A packet of the kernel's with this network layer, from a card of that MAC."""
    body = b"\x02\x00\x00\x4e" + attribute(10, b"forward-lan-refused\0")
    body += attribute(8, b"\0\6\0\0" + bytes.fromhex(mac) + b"\0\0") + attribute(9, payload)
    head = (16 + len(body)).to_bytes(4, "little") + (0x400).to_bytes(2, "little") + bytes(10)
    return head + body


def six(protocol: int, rest: bytes) -> bytes:
    sender, receiver = IPv6Address("fd77::5").packed, IPv6Address("2001:db8::1").packed
    return b"\x60\0\0\0\0\0" + bytes([protocol, 64]) + sender + receiver + rest


def test_a_packet_of_the_kernel_is_read() -> None:
    (one,) = all_held(SEEN)
    assert (one.by, one.arrived, one.leaves) == ("rule:abc", 1, 0)
    assert (one.source, one.destination) == (IPv4Address("127.0.0.1"), IPv4Address("127.0.0.1"))
    assert (one.protocol, one.port) == ("udp", 9999)


def test_the_sender_is_known_by_its_card() -> None:
    (one,) = all_held(message(six(6, b"\xc0\x00\x01\xbb" + bytes(16))))
    assert (one.mac, one.by) == ("52:54:00:00:00:07", "forward-lan-refused")


def test_ipv6_is_read() -> None:
    (one,) = all_held(message(six(6, b"\xc0\x00\x01\xbb" + bytes(16))))
    assert (one.source, one.protocol, one.port) == (IPv6Address("fd77::5"), "tcp", 443)


def test_extension_headers_are_stepped_over() -> None:
    (one,) = all_held(message(six(0, bytes([17, 0]) + bytes(6) + b"\xc0\x00\x00\x35" + bytes(4))))
    assert (one.protocol, one.port) == ("udp", 53)


def test_a_later_fragment_has_no_port() -> None:
    four = bytes.fromhex("4500001c000000b94011000001020304050607080102030405060708")
    (one,) = all_held(message(four))
    assert (one.protocol, one.port) == ("udp", None)


def test_icmp_has_no_port() -> None:
    (one,) = all_held(message(six(58, b"\x80\0" + bytes(6))))
    assert (one.protocol, one.port) == ("icmp", None)


def arp(payload: bytes) -> bytes:
    """A question between cards that a bridge held back."""
    body = b"\x07\x00\x00\x4e" + attribute(1, b"\x08\x06\0\0")
    body += attribute(10, b"blocked-from\0") + attribute(9, payload)
    head = (16 + len(body)).to_bytes(4, "little") + (0x400).to_bytes(2, "little") + bytes(10)
    return head + body


ASKED = bytes.fromhex("00010800060400010200000000070a4d00320000000000000a4d0001")


def test_a_question_for_a_neighbour_is_read() -> None:
    (one,) = all_held(arp(ASKED))
    assert (one.by, one.protocol, one.port) == ("blocked-from", "arp", None)
    assert (one.source, one.destination) == (IPv4Address("10.77.0.50"), IPv4Address("10.77.0.1"))


def test_a_question_between_other_cards_is_left_out() -> None:
    assert all_held(arp(b"\0\6" + ASKED[2:])) == []
    assert all_held(arp(ASKED[:27])) == []


@pytest.mark.parametrize("length", range(len(SEEN)))
def test_a_datagram_that_is_cut_off_is_left_out(length: int) -> None:
    assert all_held(SEEN[:length]) == []


@pytest.mark.parametrize("at", range(len(SEEN)))
def test_no_byte_breaks_the_reader(at: int) -> None:
    for value in (0, 1, 0x7F, 0xFF):
        broken = bytearray(SEEN)
        broken[at] = value
        with suppress(Refused):
            assert len(all_held(bytes(broken))) <= 1


@given(st.binary(max_size=120), st.sampled_from((b"", b"\x45", b"\x60", ASKED[:6])))
def test_no_packet_does_anything_but_be_told_or_left_out(noise: bytes, head: bytes) -> None:
    for made in (message, arp):
        for one in all_held(made(head + noise)):
            assert one.port is None or 0 <= one.port < 65_536
