from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest

from appliance.model.compare import differences
from appliance.model.config import RouterConfig
from appliance.model.firewall import Ends, Ports, Rule, StaticRoute, Zone
from appliance.model.firewall_compare import rule_said
from appliance.model.pppoe import Pppoe
from tests.appliance.model.firewall_home import GUEST, HOME, LAN, NAS, SIX, SSH, WAN, ruled

PRINT = Rule("print", "guest", "lan", "accept", protocol="tcp", ports=(Ports(631),))
PRINT = replace(PRINT, receivers=Ends(devices=(NAS.mac,)))


def test_a_new_rule_is_said_whole() -> None:
    assert differences(HOME, ruled(PRINT)) == (
        "The rule print is new: From guest to lan, tcp 631 to nas may pass.",
    )


def test_a_rule_that_is_switched_off_is_said() -> None:
    assert differences(ruled(PRINT), ruled(replace(PRINT, enabled=False))) == (
        "The rule print changes: From guest to lan, tcp 631 to nas may pass. It is switched off.",
    )


def test_a_rule_that_goes() -> None:
    assert differences(ruled(PRINT), HOME) == ("The rule print goes away.",)


def test_another_order_of_the_same_rules() -> None:
    other = Rule("other", "lan", "internet", "drop")
    assert differences(ruled(PRINT, other), ruled(other, PRINT)) == (
        "The rules are asked in another order: other, print.",
    )


def test_a_forward_comes_with_its_end() -> None:
    until = replace(SSH, until=1_800_000_000)
    assert differences(HOME, ruled(forwards=(until,))) == (
        "The forward ssh is new: tcp 2222 of the internet leads to nas:22 until 2027-01-15 08:00.",
    )
    assert differences(ruled(forwards=(until,)), HOME) == ("The forward ssh goes away.",)


def test_a_forward_that_brings_its_device_an_address_says_so() -> None:
    assert differences(HOME, ruled(forwards=(replace(SSH, reserves=True),))) == (
        "The forward ssh is new: tcp 2222 of the internet leads to nas:22. The fixed address of "
        "its device goes when it goes.",
    )


def test_a_forward_of_the_admins_port_says_where_the_admin_is() -> None:
    web = replace(SSH, name="web", outside=Ports(400, 500), inside=None)
    assert differences(HOME, ruled(forwards=(web,))) == (
        "The forward web is new: tcp 400–500 of the internet leads to nas:400–500. The admin is at "
        "https://10.77.0.1, and no longer at the internet's address from inside.",
    )


def test_a_zone_that_reaches_more() -> None:
    zones = (Zone("lan", manages=True, reaches=("internet", "guest")), Zone("guest"))
    assert differences(HOME, replace(HOME, zones=zones)) == (
        "The zone lan now reaches the internet and guest, and manages the router "
        "(before: reaches the internet, and manages the router).",
    )


def test_a_network_that_moves() -> None:
    moved = replace(HOME, networks=(LAN, replace(GUEST, zone="lan")), zones=HOME.zones[:1])
    assert differences(HOME, moved) == (
        "The router becomes a binary cache on visitors.",
        "The zone guest goes away.",
        "The network visitors moves into the zone lan (was guest).",
    )


def test_a_route_that_takes_another_way() -> None:
    one = StaticRoute(IPv4Network("10.99.0.0/16"), IPv4Address("10.77.0.9"))
    other = replace(one, gateway=IPv4Address("10.77.0.8"))
    assert differences(ruled(routes=(one,)), ruled(routes=(other,))) == (
        "10.99.0.0/16 is reached through 10.77.0.8 (metric 20).",
        "10.99.0.0/16 is no longer reached through 10.77.0.9.",
    )


DEFAULT_SIX = StaticRoute(IPv6Network("::/0"), IPv6Address("fe80::1%internet"))


def test_a_route_by_ipv6_says_where_its_gateway_is() -> None:
    route = StaticRoute(IPv6Network("fd99::/48"), IPv6Address("fe80::9%lan"))
    assert differences(SIX, replace(SIX, routes=(route,))) == (
        "fd99::/48 is reached through fe80::9 on lan (metric 20).",
    )
    assert differences(replace(SIX, routes=(route,)), SIX) == (
        "fd99::/48 is no longer reached through fe80::9 on lan.",
    )


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        (20, ", whatever way the provider announces."),
        (2_000, ", unless the provider announces a way."),
    ],
)
def test_a_way_out_by_ipv6_says_what_becomes_of_the_announced_one(metric: int, said: str) -> None:
    (sentence,) = differences(SIX, replace(SIX, routes=(replace(DEFAULT_SIX, metric=metric),)))
    by = "fe80::1 on the internet"
    assert sentence == f"::/0 is reached through {by} (metric {metric}){said}"


def test_in_a_session_nobody_announces_a_way_out() -> None:
    session = replace(SIX, wan=replace(WAN, pppoe=Pppoe("me")))
    (sentence,) = differences(session, replace(session, routes=(DEFAULT_SIX,)))
    assert sentence.endswith("(metric 20).")


def test_an_ending_of_an_ipv6_address() -> None:
    plain = replace(LAN, dhcp=replace(LAN.dhcp, reservations=(replace(NAS, suffix=None),)))  # type: ignore[type-var]
    assert differences(replace(HOME, networks=(plain, GUEST)), HOME) == (
        "The IPv6 address of nas on lan ends in ::5.",
    )


def test_the_first_configuration_says_its_firewall() -> None:
    said = differences(None, ruled(PRINT))
    assert "The rule print is new: From guest to lan, tcp 631 to nas may pass." in said


def test_the_first_configuration_does_not_say_what_every_router_has() -> None:
    assert not any("zone" in one for one in differences(None, RouterConfig((LAN,), WAN)))


def test_a_rule_for_everything_of_some_devices() -> None:
    block = Rule("block", "lan", "internet", "drop", senders=Ends(devices=(NAS.mac,)))
    assert rule_said(HOME, block) == "From lan to the internet, everything from nas is dropped."
