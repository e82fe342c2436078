from dataclasses import replace
from ipaddress import IPv4Interface, IPv6Network

import pytest

from appliance.model.config import Network, RouterConfig
from appliance.model.ipv6 import Ipv6
from appliance.model.path import KEEPS, ON_THE_BOX, path, standing

LAN = Network("lan", "br-lan", ("p1",), IPv4Interface("10.77.0.1/24"))
GUEST = Network("guest", "br-guest", ("p2",), IPv4Interface("10.79.0.1/24"))
BEFORE = RouterConfig((LAN, GUEST))
MOVED = RouterConfig((replace(LAN, address=IPv4Interface("10.78.0.1/24")), GUEST))


def keeps(reached: str, client: str, after: RouterConfig = MOVED) -> bool:
    return standing(BEFORE, after, path(reached, client)).keeps


def test_who_came_to_the_old_address_may_not_keep() -> None:
    found = standing(BEFORE, MOVED, path("10.77.0.1", "10.77.0.9"))
    assert (found.keeps, found.at) == (False, "10.78.0.1")
    assert found.why == (
        "You came over 10.77.0.1, the address from before. Keep is taken at 10.78.0.1."
    )


def test_who_came_to_the_new_address_from_the_new_network_may_keep() -> None:
    assert keeps("10.78.0.1", "10.78.0.9")


def test_who_came_to_the_new_address_by_the_old_network_has_proven_nothing() -> None:
    found = standing(BEFORE, MOVED, path("10.78.0.1", "10.77.0.9"))
    assert (found.keeps, found.at) == (False, "10.78.0.1")
    assert "10.77.0.9, an address from before" in found.why


def test_who_came_over_another_network_may_keep() -> None:
    assert keeps("10.79.0.1", "10.79.0.9")


def test_an_address_in_the_clothes_of_ipv6_is_the_same() -> None:
    assert not keeps("::ffff:10.77.0.1", "::ffff:10.77.0.9")


def test_who_crossed_from_another_network_may_keep() -> None:
    assert keeps("10.78.0.1", "10.79.0.9")


def test_who_crossed_to_the_old_address_may_not_keep() -> None:
    assert not keeps("10.77.0.1", "10.79.0.9")


def test_what_leaves_every_address_leaves_everybody_their_keep() -> None:
    assert keeps("10.77.0.1", "10.77.0.9", replace(BEFORE, hostname="other"))


def test_who_came_over_a_network_that_goes_away_may_not_keep() -> None:
    found = standing(BEFORE, RouterConfig((LAN,)), path("10.79.0.1", "10.79.0.9"))
    assert (found.keeps, found.at) == (False, "")
    assert "gone after this change" in found.why


def test_a_renamed_network_is_found_by_its_bridge() -> None:
    renamed = replace(MOVED, networks=(replace(MOVED.networks[0], name="home"), GUEST))
    assert standing(BEFORE, renamed, path("10.77.0.1", "10.77.0.9")).at == "10.78.0.1"


def test_a_network_made_anew_is_found_by_its_port() -> None:
    home = Network("home", "br-home", ("p1",), IPv4Interface("10.78.0.1/24"))
    found = standing(BEFORE, RouterConfig((home, GUEST)), path("10.77.0.1", "10.77.0.9"))
    assert found.at == "10.78.0.1"


def test_a_wider_subnet_has_the_clients_of_the_narrow_one() -> None:
    wider = RouterConfig((replace(LAN, address=IPv4Interface("10.77.0.1/16")), GUEST))
    assert keeps("10.77.0.1", "10.77.0.9", wider)


@pytest.mark.parametrize("reached", ["", "127.0.0.1", "::1", "/run/api.sock"])
def test_on_the_box_everybody_may_keep(reached: str) -> None:
    assert path(reached, "127.0.0.1") == ON_THE_BOX
    assert standing(BEFORE, RouterConfig(()), path(reached, "")) == KEEPS


def test_a_link_local_path_is_not_the_configurations_to_move() -> None:
    assert keeps("fe80::1%br-lan", "fe80::2%br-lan")


def test_the_first_configuration_takes_nothing_away() -> None:
    assert standing(None, MOVED, path("10.77.0.1", "10.77.0.9")) == KEEPS


LENT = IPv6Network("2001:db8:42::/56")
SIX = RouterConfig(
    (replace(LAN, ipv6=Ipv6()), replace(GUEST, ipv6=Ipv6(1))),
    ula=IPv6Network("fd12:3456:789a::/48"),
)
NUMBERED = replace(SIX, networks=(replace(SIX.networks[0], ipv6=Ipv6(7)), SIX.networks[1]))
WITHOUT = replace(SIX, networks=(LAN, SIX.networks[1]))


@pytest.mark.parametrize(
    ("after", "reached", "client", "at"),
    [
        (NUMBERED, "fd12:3456:789a::1", "fd12:3456:789a::9", "fd12:3456:789a:7::1"),
        (NUMBERED, "2001:db8:42::1", "2001:db8:42::9", "2001:db8:42:7::1"),
        (NUMBERED, "fd12:3456:789a:7::1", "fd12:3456:789a:7::9", None),
        (NUMBERED, "fd12:3456:789a:7::1", "fd12:3456:789a::9", "fd12:3456:789a:7::1"),
        (NUMBERED, "2001:db8:42:7::1", "2001:db8:42:7::9", None),
        (NUMBERED, "fe80::1%br-lan", "fe80::9%br-lan", None),
        (NUMBERED, "10.77.0.1", "10.77.0.9", None),
        (WITHOUT, "fd12:3456:789a::1", "fd12:3456:789a::9", "10.77.0.1"),
        (WITHOUT, "fe80::1%br-lan", "fe80::9%br-lan", "10.77.0.1"),
        (WITHOUT, "fe80::1%br-guest", "fe80::9%br-guest", None),
    ],
)
def test_by_ipv6_keep_is_taken_where_the_router_will_be(
    after: RouterConfig, reached: str, client: str, at: str | None
) -> None:
    found = standing(SIX, after, path(reached, client), LENT)
    assert (found.keeps, found.at) == (at is None, at or "")


def test_an_ipv6_address_that_no_configuration_has_proves_what_it_reaches() -> None:
    assert standing(SIX, WITHOUT, path("2001:db8:99::1", "2001:db8:99::2"), LENT) == KEEPS
