from dataclasses import replace
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import pytest

from appliance.model.firewall import EVERYWHERE, EVERYWHERE_SIX, StaticRoute
from appliance.model.pppoe import LINK, Pppoe
from appliance.model.wan import Wan
from appliance.plan.routes import ON_THE_CABLE_SIX, AddRoute, DropRoute, Route, steps, wanted
from tests.appliance.model.firewall_home import HOME, SIX, ruled

OLD = Route(EVERYWHERE, IPv4Address("192.0.2.1"), "eth0")
NEW = Route(EVERYWHERE, IPv4Address("192.0.2.254"), "eth0")


def test_a_missing_route_is_added() -> None:
    assert steps({NEW}, frozenset()) == (AddRoute(NEW),)


def test_a_route_nobody_wants_goes() -> None:
    assert steps(frozenset(), {OLD}) == (DropRoute(OLD),)


def test_a_new_gateway_waits_until_the_old_route_is_gone() -> None:
    assert steps({NEW}, {OLD}) == (DropRoute(OLD), AddRoute(NEW))


def test_the_same_route_is_left_alone() -> None:
    assert steps({OLD}, {OLD}) == ()


def test_a_static_route_goes_through_the_link_of_its_gateway() -> None:
    route = StaticRoute(IPv4Network("10.99.0.0/16"), IPv4Address("10.77.0.9"), 30)
    found = wanted(ruled(routes=(route,)))
    assert Route(route.destination, route.gateway, "br-lan", 30) in found
    assert len(found) == 2  # and the way out


def test_a_route_whose_gateway_is_nowhere_is_left_out() -> None:
    route = StaticRoute(IPv4Network("10.99.0.0/16"), IPv4Address("10.5.0.1"))
    assert wanted(ruled(routes=(route,))) == wanted(HOME)


SESSION = Wan("eth1", HOME.wan.static if HOME.wan else None, pppoe=Pppoe("me"))


def test_the_way_out_of_a_session_is_its_link() -> None:
    found = wanted(replace(HOME, wan=SESSION, networks=SIX.networks))
    assert Route(EVERYWHERE_SIX, ON_THE_CABLE_SIX, LINK) in found


def test_without_ipv6_nothing_leads_out_by_it() -> None:
    assert EVERYWHERE_SIX not in {one.destination for one in wanted(replace(HOME, wan=SESSION))}


def test_on_a_cable_the_provider_says_itself_where_it_is() -> None:
    assert EVERYWHERE_SIX not in {
        one.destination for one in wanted(replace(HOME, networks=SIX.networks))
    }


SITE = IPv6Network("fd99::/48")


@pytest.mark.parametrize(
    ("gateway", "link"),
    [
        ("fd12:3456:789a::9", "br-lan"),
        ("fe80::9%lan", "br-lan"),
        ("fe80::9%visitors", "br-guest"),
        ("fe80::9%internet", "eth0"),
    ],
)
def test_an_ipv6_route_goes_through_the_link_of_its_gateway(gateway: str, link: str) -> None:
    route = StaticRoute(SITE, IPv6Address(gateway), 30)
    found = wanted(replace(SIX, routes=(route,))) - wanted(SIX)
    assert found == {Route(SITE, IPv6Address(gateway.partition("%")[0]), link, 30)}


def test_an_ipv6_route_is_left_out_where_there_is_no_ipv6() -> None:
    route = StaticRoute(SITE, IPv6Address("fe80::9%lan"))
    assert wanted(ruled(routes=(route,))) == wanted(HOME)


def test_a_route_through_a_session_waits_for_the_session() -> None:
    route = StaticRoute(SITE, IPv6Address("fe80::9%internet"))
    session = replace(SIX, wan=SESSION, routes=(route,))
    assert Route(SITE, IPv6Address("fe80::9"), LINK) in wanted(session)
    before = replace(session, wan=replace(SESSION, static=None))
    assert wanted(before) == frozenset()
