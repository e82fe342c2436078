from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

import pytest

from appliance.model.config import RouterConfig
from appliance.model.firewall import ZONES, Ends, Ports, Rule, Schedule, StaticRoute, Zone
from appliance.model.reachability import Packet, Verdict, difference, matrix, verdict
from tests.appliance.model.firewall_home import GUEST, HOME, LAN, NAS, SIX, SSH, WAN, ruled

ADDRESSES = {
    "lan": "10.77.0.20",
    "visitors": "10.78.0.20",
    "internet": "198.51.100.7",
    "router": "10.77.0.1",
}


def packet(source: str, destination: str, what: str = "tcp 8080", **changed: Any) -> Packet:
    """The first packet from a network to another; `what` is a protocol and a port."""
    protocol, _, port = what.partition(" ")
    plain = Packet(
        source,
        destination,
        IPv4Address(ADDRESSES[source]),
        IPv4Address(ADDRESSES[destination]),
        protocol,
        int(port) if port else None,
    )
    return replace(plain, **changed)


def said(config: RouterConfig, one: Packet, now: float = 0.0) -> Verdict:
    return verdict(config, one, now)


def words(config: RouterConfig, source: str, destination: str, family: int = 4) -> str:
    (found,) = (
        cell.words
        for cell in matrix(config)
        if (cell.source, cell.destination, cell.family) == (source, destination, family)
    )
    return found


def test_the_lan_reaches_the_internet() -> None:
    assert said(HOME, packet("lan", "internet")) == Verdict(True, "forward-lan-internet")


def test_the_internet_does_not_reach_the_lan() -> None:
    assert said(HOME, packet("internet", "lan")) == Verdict(False, "forward-wan")


def test_the_internet_does_not_reach_the_admin() -> None:
    assert said(HOME, packet("internet", "router", "tcp 443")) == Verdict(False, "input-wan")


def test_a_guest_gets_names() -> None:
    assert said(HOME, packet("visitors", "router", "udp 53")) == Verdict(True, "input-dns-udp")


def test_a_guest_never_gets_the_admin() -> None:
    refused = Verdict(False, "input-guest-refused")
    assert said(HOME, packet("visitors", "router", "tcp 443")) == refused


def test_a_guest_does_not_reach_the_lan() -> None:
    assert said(HOME, packet("visitors", "lan")) == Verdict(False, "forward-guest-refused")


def test_networks_of_one_zone_are_apart_unless_it_names_itself() -> None:
    two = replace(HOME, networks=(LAN, replace(GUEST, zone="lan")))
    assert not said(two, packet("lan", "visitors")).accepted
    named = replace(two, zones=(Zone("lan", manages=True, reaches=("internet", "lan")),))
    assert said(named, packet("lan", "visitors")) == Verdict(True, "forward-lan-lan")


def test_the_first_rule_that_fits_decides() -> None:
    block = Rule("block", "lan", "internet", "reject", protocol="tcp", ports=(Ports(20, 30),))
    allow = Rule("allow", "lan", "internet", "accept", protocol="tcp", ports=(Ports(25),))
    mail = packet("lan", "internet", "tcp 25")
    assert said(ruled(block, allow), mail) == Verdict(False, "rule:block")
    assert said(ruled(allow, block), mail) == Verdict(True, "rule:allow")


@pytest.mark.parametrize(("port", "accepted"), [(19, True), (20, False), (30, False), (31, True)])
def test_both_ends_of_a_range_belong_to_it(port: int, accepted: bool) -> None:
    block = Rule("block", "lan", "internet", "drop", protocol="tcp", ports=(Ports(20, 30),))
    assert said(ruled(block), packet("lan", "internet", f"tcp {port}")).accepted is accepted


def test_a_device_is_known_by_its_mac() -> None:
    block = Rule("block", "lan", "internet", "drop", senders=Ends(devices=(NAS.mac,)))
    assert not said(ruled(block), packet("lan", "internet", mac=NAS.mac)).accepted
    assert said(ruled(block), packet("lan", "internet", mac="52:54:00:00:00:06")).accepted


def test_a_rule_for_an_address_does_not_touch_its_neighbour() -> None:
    block = Rule(
        "block", "lan", "internet", "drop", senders=Ends(v4=(IPv4Network("10.77.0.20/31"),))
    )
    assert not said(ruled(block), packet("lan", "internet")).accepted
    neighbour = packet("lan", "internet", sender=IPv4Address("10.77.0.22"))
    assert said(ruled(block), neighbour).accepted


def test_a_rule_holds_by_its_schedule() -> None:
    schedule = Schedule(begins="22:00", ends="06:00")
    night = Rule("night", "lan", "internet", "drop", schedule=schedule)
    assert said(ruled(night), packet("lan", "internet"), 12 * 3600).accepted
    assert not said(ruled(night), packet("lan", "internet"), 23 * 3600).accepted


def test_a_forward_leads_to_the_device() -> None:
    asked = packet("internet", "router", "tcp 2222", receiver=IPv4Address("192.0.2.2"))
    assert not said(HOME, asked).accepted
    assert said(ruled(forwards=(SSH,)), asked) == Verdict(True, "forward:ssh")


def test_a_forward_answers_from_inside_at_the_internet_address_only() -> None:
    config = ruled(forwards=(SSH,))
    hairpin = packet("visitors", "router", "tcp 2222", receiver=IPv4Address("192.0.2.2"))
    assert said(config, hairpin) == Verdict(True, "forward:ssh")
    assert said(config, replace(hairpin, source="lan", sender=IPv4Address("10.77.0.9"))).accepted
    assert not said(config, packet("lan", "router", "tcp 2222")).accepted


def test_a_forward_opens_no_other_way_to_its_device() -> None:
    direct = packet("internet", "lan", "tcp 22", receiver=NAS.address)
    assert not said(ruled(forwards=(SSH,)), direct).accepted


@pytest.mark.parametrize(
    ("receiver", "accepted"), [("2001:db8:77::5", True), ("2001:db8:77::6", False)]
)
def test_a_forward_is_a_pinhole_by_the_suffix(receiver: str, accepted: bool) -> None:
    knock = packet(
        "internet",
        "lan",
        "tcp 22",
        sender=IPv6Address("2001:db8:ffff::1"),
        receiver=ip_address(receiver),
    )
    assert said(ruled(forwards=(SSH,)), knock).accepted is accepted


def test_a_rule_stops_a_forward_too() -> None:
    block = Rule(
        "block", "internet", "lan", "drop", senders=Ends(v4=(IPv4Network("198.51.100.0/24"),))
    )
    asked = packet("internet", "router", "tcp 2222", receiver=IPv4Address("192.0.2.2"))
    assert said(ruled(block, forwards=(SSH,)), asked) == Verdict(False, "rule:block")


@pytest.mark.parametrize(
    ("source", "sender"),
    [
        ("internet", "10.77.0.20"),
        ("visitors", "10.77.0.20"),
        ("lan", "198.51.100.7"),
        ("lan", "10.77.0.1"),
        ("internet", "192.0.2.2"),
    ],
)
def test_a_borrowed_sender_address_is_refused(source: str, sender: str) -> None:
    spoofed = packet(source, "internet", sender=IPv4Address(sender))
    assert said(HOME, spoofed) == Verdict(False, "spoofed")


def test_what_is_behind_a_route_is_no_borrowed_address() -> None:
    behind = packet("lan", "internet", sender=IPv4Address("10.99.0.9"))
    assert not said(HOME, behind).accepted
    route = StaticRoute(IPv4Network("10.99.0.0/16"), IPv4Address("10.77.0.9"))
    assert said(ruled(routes=(route,)), behind).accepted


BEHIND_SIX = StaticRoute(IPv6Network("fd99::/48"), IPv6Address("fe80::9%lan"))


@pytest.mark.parametrize(
    ("source", "sender", "borrowed"),
    [
        ("lan", "fd99::9", False),
        ("visitors", "fd99::9", True),
        ("internet", "fd99::9", True),
        ("lan", "fd12:3456:789a::20", False),
        ("visitors", "fd12:3456:789a::20", True),
        ("lan", "fd12:3456:789a::1", True),  # the router's own
        ("lan", "2001:db8:1::20", False),  # in a prefix of the provider's, for all that is known
    ],
)
def test_an_ipv6_sender_is_judged_as_far_as_it_is_known(
    source: str, sender: str, borrowed: bool
) -> None:
    config = replace(SIX, routes=(BEHIND_SIX,))
    receiver = IPv6Address("2001:db8:ffff::7")
    asked = packet(source, "internet", sender=IPv6Address(sender), receiver=receiver)
    assert (said(config, asked).by == "spoofed") is borrowed


def test_without_a_way_out_there_is_no_cell_that_the_internet_opens() -> None:
    inside = replace(HOME, wan=None, forwards=(SSH,))
    assert words(inside, "internet", "lan") == "nothing"
    assert words(inside, "lan", "internet") == "nothing"


def test_the_matrix_of_a_new_router() -> None:
    found = {
        (cell.source, cell.destination, cell.family): cell.words
        for cell in matrix(RouterConfig((LAN,), WAN))
    }
    assert found == {
        ("lan", "router", 4): "ping, DHCP, DNS, time, boot, admin",
        ("lan", "router", 6): "ping, DNS, time, boot, admin",
        ("lan", "internet", 4): "everything",
        ("lan", "internet", 6): "everything",
        ("internet", "router", 4): "nothing",
        ("internet", "router", 6): "ping",
        ("internet", "lan", 4): "nothing",
        ("internet", "lan", 6): "nothing",
    }


def test_a_cell_names_what_is_held_back() -> None:
    block = Rule("block", "lan", "internet", "reject", protocol="tcp", ports=(Ports(25),))
    assert words(ruled(block), "lan", "internet") == "everything but tcp 25"


def test_a_cell_says_when_a_rule_holds() -> None:
    schedule = Schedule(("fri", "sat"), "22:00", "06:00")
    night = Rule("night", "lan", "internet", "drop", schedule=schedule)
    assert words(ruled(night), "lan", "internet") == "everything but 22:00–06:00 on fri, sat"


def test_a_rule_for_addresses_of_one_family_is_in_one_cell() -> None:
    open_up = Rule("a", "guest", "lan", "accept", receivers=Ends(v4=(IPv4Network("10.77.0.5/32"),)))
    assert words(ruled(open_up), "guest", "lan", 4) == "to 10.77.0.5"
    assert words(ruled(open_up), "guest", "lan", 6) == "nothing"


def test_what_is_switched_off_is_not_in_the_matrix() -> None:
    off = Rule("a", "guest", "lan", "accept", enabled=False)
    assert matrix(ruled(off)) == matrix(HOME)


def test_the_same_configuration_shifts_nothing() -> None:
    assert difference(HOME, HOME) == ()


def test_a_forward_opens_a_cell_in_each_family() -> None:
    shifts = difference(HOME, ruled(forwards=(SSH,)))
    from_internet = [one for one in shifts if one.source == "internet"]
    assert [(one.family, one.before, one.after) for one in from_internet] == [
        (4, "nothing", "nas:22 by 2222"),
        (6, "nothing", "nas:22"),
    ]
    assert all(one.opens and not one.shuts for one in shifts)


def test_a_forward_that_goes_shuts_what_it_opened() -> None:
    shifts = difference(ruled(forwards=(SSH,)), HOME)
    assert all(one.shuts and not one.opens for one in shifts)


def test_a_cell_may_open_as_well_as_shut() -> None:
    def only(port: int) -> RouterConfig:
        return ruled(Rule("a", "guest", "lan", "accept", protocol="tcp", ports=(Ports(port),)))

    shift, _ = difference(only(80), only(81))
    assert (shift.before, shift.after, shift.opens, shift.shuts) == ("tcp 80", "tcp 81", True, True)


def test_a_zone_that_goes_takes_its_cells_along() -> None:
    shifts = difference(HOME, replace(HOME, networks=(LAN,), zones=ZONES))
    assert {one.source for one in shifts} == {"guest"}
    assert all(one.shuts for one in shifts)
