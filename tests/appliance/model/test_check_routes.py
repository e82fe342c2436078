"""What is wrong with static routes, each with its place and a sentence."""

from dataclasses import replace
from ipaddress import ip_address, ip_network
from typing import Any

import pytest

from appliance.model.check import problems
from appliance.model.config import RouterConfig
from appliance.model.firewall import StaticRoute
from appliance.model.pppoe import Pppoe
from tests.appliance.model.firewall_home import HOME, LAN, SIX


def route(destination: str, gateway: str, metric: int = 20) -> StaticRoute:
    return StaticRoute(ip_network(destination), ip_address(gateway), metric)


def found(config: RouterConfig, *routes: StaticRoute) -> list[tuple[Any, str]]:
    return [(one.where, one.what) for one in problems(replace(config, routes=routes))]


SOUND = (
    ("10.99.0.0/16", "10.77.0.9", 20),
    ("0.0.0.0/0", "10.77.0.9", 30),
    ("fd99::/48", "fd12:3456:789a::9", 20),
    ("fd99::/48", "fe80::9%visitors", 20),
    ("2001:db8:7::/48", "fe80::9%internet", 20),
    ("fd12:3456:789a::/48", "fe80::9%lan", 20),  # the networks' own /64s are narrower
    ("::/0", "fe80::1%internet", 20),
    ("::/0", "fe80::1%internet", 2000),
)


@pytest.mark.parametrize("told", SOUND)
def test_a_sound_route_has_no_problems(told: tuple[str, str, int]) -> None:
    assert found(SIX, route(*told)) == []


WRONG = (
    ("10.99.0.0/16", "10.5.0.1", 20, "gateway", "10.5.0.1 is on no network of this router."),
    ("10.99.0.0/16", "10.77.0.1", 20, "gateway", "10.77.0.1 is the router itself."),
    (
        *("10.77.0.128/25", "10.77.0.9", 20, "destination"),
        "10.77.0.128/25 is in 10.77.0.0/24, which needs no route.",
    ),
    (
        *("0.0.0.0/0", "10.77.0.9", 20, "metric"),
        "The way to the internet has the metric 20; take another one.",
    ),
    (
        *("127.5.0.0/16", "10.77.0.9", 20, "destination"),
        "127.5.0.0/16 is behind no router; name the network that is.",
    ),
    (
        *("10.99.0.0/16", "fe80::9%lan", 20, "gateway"),
        "fe80::9%lan is no way to 10.99.0.0/16: one is IPv4, the other is IPv6.",
    ),
    (
        *("fd99::/48", "10.77.0.9", 20, "gateway"),
        "10.77.0.9 is no way to fd99::/48: one is IPv4, the other is IPv6.",
    ),
    (
        *("fd99::/48", "2001:db8::9", 20, "gateway"),
        "2001:db8::9 is on no network of this router. Write its address that begins with fe80, "
        "and where that is, like fe80::9%lan.",
    ),
    (
        *("fd99::/48", "fd12:3456:789a::1", 20, "gateway"),
        "fd12:3456:789a::1 is the router itself.",
    ),
    (
        *("fd99::/48", "fe80::7", 20, "gateway"),
        "fe80::7 may be on any network; name the one, like fe80::7%lan.",
    ),
    (
        *("fd99::/48", "fe80::7%br-guest", 20, "gateway"),
        "There is no network called br-guest that has IPv6; write it like fe80::7%visitors.",
    ),
    (
        *("fd99::/48", "fe80::7%moon", 20, "gateway"),
        "There is no network called moon that has IPv6; write it like fe80::7%lan.",
    ),
    (
        *("fd99::/48", "fd12:3456:789a::9%lan", 20, "gateway"),
        "Only an address that begins with fe80 names its network; write fd12:3456:789a::9.",
    ),
    (
        *("fd12:3456:789a:1::/65", "fe80::9%lan", 20, "destination"),
        "fd12:3456:789a:1::/65 is in fd12:3456:789a:1::/64, which needs no route.",
    ),
    (
        *("fe80::/64", "fe80::9%lan", 20, "destination"),
        "fe80::/64 is behind no router; name the network that is.",
    ),
    (
        *("ff05::/16", "fe80::9%lan", 20, "destination"),
        "ff05::/16 is behind no router; name the network that is.",
    ),
    (
        *("::/0", "fe80::1%internet", 1024, "metric"),
        "The way to the internet has the metric 1024; take another one.",
    ),
)


@pytest.mark.parametrize(("destination", "gateway", "metric", "field", "sentence"), WRONG)
def test_a_route_makes_sense(
    destination: str, gateway: str, metric: int, field: str, sentence: str
) -> None:
    told = found(SIX, route(destination, gateway, metric))
    assert told == [(("routes", 0, field), sentence)]


def test_a_network_without_ipv6_is_no_place_for_a_gateway() -> None:
    alone = replace(SIX, networks=(SIX.networks[0], *HOME.networks[1:]))
    told = found(alone, route("fd99::/48", "fe80::9%visitors"))
    assert told == [(("routes", 0, "gateway"), "visitors has no IPv6; give it IPv6 first.")]


def test_where_no_network_has_ipv6_the_internet_has_none_either() -> None:
    ((_, told),) = found(HOME, route("fd99::/48", "fe80::9%internet"))
    assert told.startswith("No network has IPv6, and so the internet’s side has none")
    ((_, told),) = found(HOME, route("fd99::/48", "2001:db8::9"))
    assert told == "2001:db8::9 is on no network of this router."
    ((_, told),) = found(HOME, route("fd99::/48", "fe80::9%moon"))
    assert told == "There is no network called moon that has IPv6; no network has it yet."


def test_the_way_out_of_a_session_is_ours_and_has_our_metric() -> None:
    session = replace(SIX, wan=replace(SIX.wan, static=None, pppoe=Pppoe("me", "kept")))  # type: ignore[type-var]
    told = found(session, route("::/0", "fe80::1%lan", 20))
    assert [place for place, _ in told] == [("routes", 0, "metric")]
    assert found(session, route("::/0", "fe80::1%lan", 1024)) == []


def test_a_second_way_to_a_network_has_another_metric() -> None:
    one, other = route("fd99::/48", "fe80::9%lan"), route("fd99::/48", "fe80::8%lan")
    said = "Another route to fd99::/48 has the metric 20."
    assert found(SIX, one, other) == [(("routes", 1, "metric"), said)]
    assert found(SIX, one, replace(other, metric=30)) == []


def test_without_a_way_out_the_default_route_may_have_any_metric() -> None:
    inside = replace(SIX, networks=(LAN,), wan=None)
    assert found(inside, route("0.0.0.0/0", "10.77.0.9", 20)) == []


def test_without_a_way_out_no_gateway_is_on_the_internet() -> None:
    ((_, told),) = found(replace(SIX, wan=None), route("fd99::/48", "fe80::9%internet"))
    assert told == "No port leads to the internet yet; choose it first."
