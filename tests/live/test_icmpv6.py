"""The ICMPv6 without which IPv6 does not work passes (RFC 4890 §4.3), and no other."""

import select
import struct
import time
from collections.abc import Iterator
from ipaddress import IPv6Address

import pytest

from tests.live.firewall_room import (
    MAGIC,
    OUTGOING,
    SOMEBODY,
    Room,
    checksum,
    firewall_room,
    network_layer,
)
from tests.live.test_isolation import HOME, packet

pytestmark = pytest.mark.live

ON_THE_WAY = IPv6Address("2001:db8:1::1")  # a router of the provider's
ICMPV6 = 58
ERRORS = {"no route": 1, "packet too big": 2, "time exceeded": 3, "parameter problem": 4}
TOO_BIG = 2


@pytest.fixture(scope="module")
def home() -> Iterator[Room]:
    with firewall_room() as room:
        assert room.apply(HOME) == ()
        yield room


def told(room: Room, kind: int, number: int, *, port: int = 53) -> bool:
    """A router on the way says that the packet of that number met an error: does its sender hear
    of it?"""
    asked = packet("lan", "internet", 6, f"udp {port}")
    met = network_layer(asked, MAGIC + struct.pack("!I", number), number)[2:]
    receiver = asked.sender.packed
    body = struct.pack("!BBHI", kind, 0, 0, 1280 if kind == TOO_BIG else 0) + met
    pseudo = ON_THE_WAY.packed + receiver + struct.pack("!II", len(body), ICMPV6)
    body = body[:2] + checksum(pseudo + body) + body[4:]
    head = struct.pack("!IHBB", 6 << 28, len(body), ICMPV6, 64) + ON_THE_WAY.packed + receiver
    macs = room.gateways["internet"] + bytes.fromhex(SOMEBODY.replace(":", ""))
    room.wires["internet"].send(macs + b"\x86\xdd" + head + body)
    return heard(room, kind, met[8:40])


def heard(room: Room, kind: int, ends: bytes, seconds: float = 0.5) -> bool:
    """Does an error of that kind about these two ends come out on the LAN?"""
    wire, until = room.wires["lan"], time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if select.select([wire], [], [], left)[0]:
            frame, address = wire.recvfrom(2048)
            is_error = frame[12:14] == b"\x86\xdd" and frame[20] == ICMPV6 and frame[54] == kind
            if is_error and address[2] != OUTGOING and ends in frame:
                return True
    return False


@pytest.mark.parametrize("kind", ERRORS.values(), ids=ERRORS)
def test_who_sent_a_packet_hears_of_its_error(home: Room, kind: int) -> None:
    number = home.send(packet("lan", "internet", 6, "udp 53"))
    assert home.arrivals({number}).get(number) == "internet"
    assert told(home, kind, number)


@pytest.mark.parametrize("kind", ERRORS.values(), ids=ERRORS)
def test_an_error_about_nothing_that_was_sent_is_held_back(home: Room, kind: int) -> None:
    assert not told(home, kind, 4_242, port=4_242)


@pytest.mark.parametrize("kind", [130, 133, 134, 135, 136, 137, 138, 139])
def test_what_belongs_to_one_link_stays_there(home: Room, kind: int) -> None:
    """Listener queries, advertisements, neighbours, redirects, renumbering, node information."""
    number = home.send(packet("lan", "internet", 6, "udp 53"))
    assert home.arrivals({number}).get(number) == "internet"
    assert not told(home, kind, number)
