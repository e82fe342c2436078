"""Who reaches whom in a home to which everything was handed out: by packets, IPv4 and IPv6.

Every test holds twice: under the first prefix that the provider lends, and under the one after it.
"""

from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv6Address, IPv6Network, ip_address
from pathlib import Path

import pytest

from appliance.events import DriftRepaired
from appliance.model.ipv6 import eui64, joined
from appliance.model.reachability import Packet, translated, verdict
from appliance.model.read import config
from tests.live.net_room import program
from tests.live.ring_room import (
    AT_HOME,
    BEHIND,
    CONFIG,
    FIRST,
    KNOCK,
    LENT,
    NETWORKS,
    OUTSIDE,
    SECOND,
    Ring,
    as_modelled,
    ring_room,
)
from tests.live.six_room import needs_daemons

__all__ = ["program"]

pytestmark = pytest.mark.live

WHATS = ("tcp 22", "tcp 2222", "tcp 443", "tcp 8080", "udp 53", "udp 67", "udp 547", "icmp")
FAMILIES = (4, 6)


@pytest.fixture(scope="module")
def home(program: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ring]:
    needs_daemons()
    with ring_room(program, tmp_path_factory.mktemp("ring")) as made:
        yield made


@pytest.fixture(scope="module", params=[FIRST, SECOND], ids=["first prefix", "second prefix"])
def ring(home: Ring, request: pytest.FixtureRequest) -> Ring:
    home.lend(request.param)
    return home


@pytest.mark.parametrize("place", AT_HOME)
def test_a_device_is_reached_at_what_it_was_given(ring: Ring, place: str) -> None:
    lan = {"nas": "10.77.0", "pc": "10.77.0", "lab": "10.79.0", "visitors": "10.78.0"}[place]
    number = ("lan", "lab", "visitors").index(NETWORKS[place])
    subnet = list(IPv6Network(ring.prefix).subnets(new_prefix=64))[number]
    v4, v6 = ring.known[place, 4], ring.known[place, 6]
    wanted = {5} if place == "nas" else set(range(100, 200))
    assert v4.rpartition(".")[0] == lan
    assert int(v4.rpartition(".")[2]) in wanted
    assert IPv6Address(v6) == joined(subnet, eui64(ring.macs[place]))


def test_the_router_leads_out_by_what_the_provider_announces(ring: Ring) -> None:
    leads = ring.six.inside.run("ip", "-6", "route", "show", "default")
    assert "proto ra" in leads
    assert "dev up0" in leads
    assert ring.six.told(DriftRepaired) == []


# ── the matrix ───────────────────────────────────────────────────────────────────────────────────

REACHES = {
    "nas": {"neighbour", "stranger"},
    "pc": {"neighbour", "stranger"},
    "lab": {"neighbour", "stranger"},
    "visitors": {"neighbour", "stranger"},
    "neighbour": set(),
    "stranger": set(),
}
"""Whom each place reaches at a port that nobody opened; on one's own network there is no router."""


def through_the_router(source: str, destination: str) -> bool:
    """Does this way lead through the router?  From the stranger to the neighbour it does not."""
    if source == "neighbour":
        return destination != "neighbour"
    return NETWORKS[source] != NETWORKS[destination]


PAIRS = [(one, other) for one in NETWORKS for other in NETWORKS if through_the_router(one, other)]


@pytest.mark.parametrize("family", FAMILIES)
def test_each_place_reaches_what_its_zone_names(ring: Ring, family: int) -> None:
    expected = {
        ring.packet(one, other, ring.known[other, family], what): (
            other if other in REACHES[one] else None
        )
        for one, other in PAIRS
        for what in ("tcp 8080", "udp 8080", "icmp")
    }
    assert ring.outcome(expected) == expected


@pytest.mark.parametrize("family", FAMILIES)
def test_every_packet_meets_the_models_verdict(ring: Ring, family: int) -> None:
    """Between all places, and to every address of the router from each of them."""
    ways = [(one, other, ring.known[other, family]) for one, other in PAIRS]
    ways += [(one, "router", own) for one in NETWORKS for own in ring.routers(family)]
    packets = [ring.packet(*way, what) for way in ways for what in WHATS]
    expected = {packet: where(packet) for packet in packets}
    assert ring.outcome(expected) == expected
    assert 0.1 < sum(map(bool, expected.values())) / len(expected) < 0.9


def where(packet: Packet) -> str | None:
    """Where the model says that a packet comes out."""
    in_force, asked = config(CONFIG), as_modelled(packet)
    if not verdict(in_force, asked, 0.0).accepted:
        return None
    return "nas" if translated(in_force, asked) else packet.destination


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("place", OUTSIDE)
def test_no_service_of_ours_answers_the_internet(ring: Ring, place: str, family: int) -> None:
    services = ("tcp 443", "tcp 80", "tcp 53", "udp 53", "udp 67", "udp 69", "udp 123", "udp 547")
    expected = {
        ring.packet(place, "router", own, what): None
        for own in ring.routers(family)
        for what in services
    }
    assert ring.outcome(expected) == expected


# ── the forward ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("place", [one for one in NETWORKS if one != "nas"])
def test_the_forward_leads_to_its_device(ring: Ring, place: str) -> None:
    assert ring.asks(place, LENT, KNOCK) == "the nas"


def test_the_device_reaches_itself_by_its_own_forward(ring: Ring) -> None:
    assert ring.asks("nas", LENT, KNOCK) == "the nas"


@pytest.mark.parametrize("place", [one for one in NETWORKS if one != "nas"])
def test_the_pinhole_leads_to_its_device(ring: Ring, place: str) -> None:
    assert ring.asks(place, ring.known["nas", 6], BEHIND) == "the nas"


def test_the_pinhole_is_for_one_port_of_one_device(ring: Ring) -> None:
    device = IPv6Address(ring.known["nas", 6])
    others = [IPv6Address(ring.known["lab", 6]), device + 1, device + (1 << 64)]
    expected = {
        packet: None
        for place in OUTSIDE
        for packet in (
            ring.packet(place, "nas", str(device), f"tcp {KNOCK}"),
            ring.packet(place, "nas", str(device), f"udp {BEHIND}"),
            *(ring.packet(place, "lab", str(other), f"tcp {BEHIND}") for other in others),
        )
    }
    assert ring.outcome(expected) == expected


# ── borrowed addresses ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("place", OUTSIDE)
def test_nobody_outside_comes_in_by_an_address_of_ours(ring: Ring, place: str, family: int) -> None:
    knock = {
        4: ring.packet(place, "router", LENT, f"tcp {KNOCK}"),
        6: ring.packet(place, "nas", ring.known["nas", 6], f"tcp {BEHIND}"),
    }[family]
    borrowed = [ring.known[one, family] for one in AT_HOME] + [*ring.routers(family)]
    expected: dict[Packet, str | None] = {knock: "nas"}
    expected |= {replace(knock, sender=ip_address(one)): None for one in borrowed}
    assert ring.outcome(expected) == expected


@pytest.mark.parametrize("family", FAMILIES)
def test_no_guest_borrows_an_address_of_another_network(ring: Ring, family: int) -> None:
    out = ring.packet("visitors", "stranger", ring.known["stranger", family], "udp 53")
    asks = ring.packet("visitors", "router", ring.own("visitors", family), "udp 53")
    borrowed = [ring.known[one, family] for one in ("pc", "lab", "neighbour")]
    expected: dict[Packet, str | None] = {out: "stranger", asks: "router"}
    expected |= {
        replace(one, sender=ip_address(sender)): None for one in (out, asks) for sender in borrowed
    }
    assert ring.outcome(expected) == expected


# ── what was lent before ─────────────────────────────────────────────────────────────────────────


def test_under_another_prefix_the_one_before_reaches_nothing(home: Ring) -> None:
    """The provider goes on sending it here, and the devices still have its addresses."""
    home.lend(SECOND)
    before = {place: home.before[place, 6] for place in AT_HOME}
    came_in = {
        home.packet(place, "nas", before[one], what): None
        for place in (*OUTSIDE, "visitors")
        for one in ("nas", "lab")
        for what in (f"tcp {BEHIND}", "tcp 8080", "icmp")
    }
    out = home.packet("pc", "stranger", home.known["stranger", 6], "tcp 8080")
    went_out = {replace(out, sender=IPv6Address(before["pc"])): None, out: "stranger"}
    expected = came_in | went_out
    assert home.outcome(expected) == expected
