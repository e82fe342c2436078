from ipaddress import IPv4Address

from appliance.plan.routes import EVERYWHERE, AddRoute, DropRoute, Route, steps

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
