from ipaddress import IPv4Address, IPv4Network

from appliance.model.firewall import EVERYWHERE, StaticRoute
from appliance.plan.routes import AddRoute, DropRoute, Route, steps, wanted
from tests.appliance.model.firewall_home import HOME, ruled

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
