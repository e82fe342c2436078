"""Where the gateway of a static route is, and what is behind it."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address

import pytest

from appliance.model.firewall import StaticRoute
from appliance.model.gateways import behind, place, subnets, with_six
from tests.appliance.model.firewall_home import HOME, SIX

NOWHERE = IPv6Network("fd99::/48")


@pytest.mark.parametrize(
    ("gateway", "name"),
    [
        ("10.77.0.9", "lan"),
        ("192.0.2.1", "internet"),
        ("10.5.0.1", None),
        ("fd12:3456:789a::9", "lan"),
        ("fd12:3456:789a:1::9", "visitors"),
        ("fd12:3456:789a:2::9", None),
        ("2001:db8::9", None),  # which the provider may lend, or not
        ("fe80::9%visitors", "visitors"),
        ("fe80::9%internet", "internet"),
        ("fe80::9%br-lan", None),
        ("fe80::9", None),
    ],
)
def test_a_gateway_is_on_the_network_that_its_address_says(gateway: str, name: str | None) -> None:
    assert place(SIX, ip_address(gateway)) == name


def test_a_network_without_ipv6_has_no_ipv6_gateway() -> None:
    assert place(HOME, ip_address("fe80::9%lan")) is None


def test_without_a_way_out_nothing_is_on_the_internet() -> None:
    inside = replace(SIX, wan=None)
    assert with_six(inside) == ("lan", "visitors")
    assert place(inside, ip_address("fe80::9%internet")) is None


def test_what_is_on_a_cable_is_known_by_both_kinds() -> None:
    assert ("lan", IPv4Network("10.77.0.0/24")) in subnets(SIX)
    assert ("lan", IPv6Network("fd12:3456:789a::/64")) in subnets(SIX)


def test_what_is_behind_a_gateway_that_is_nowhere_is_nowhere() -> None:
    good = StaticRoute(NOWHERE, ip_address("fe80::9%lan"))
    lost = StaticRoute(IPv4Network("10.99.0.0/16"), IPv4Address("10.5.0.1"))
    assert tuple(behind(replace(SIX, routes=(good, lost)))) == (("lan", NOWHERE),)
