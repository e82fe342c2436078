from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

from appliance.model.config import Dhcp, Network, Pool, Reservation, RouterConfig
from appliance.model.moving import moved, unused

POOL = Pool(IPv4Address("10.77.0.100"), IPv4Address("10.77.0.199"))
NAS = Reservation("52:54:00:00:00:09", IPv4Address("10.77.0.10"))
LAN = Network(
    "lan", "br-lan", ("eth1",), IPv4Interface("10.77.0.1/24"), Dhcp(POOL, reservations=(NAS,))
)


def test_the_pool_moves_along() -> None:
    after = moved(LAN, replace(LAN, address=IPv4Interface("10.79.0.1/24")))
    assert after.dhcp
    assert after.dhcp.pool == Pool(IPv4Address("10.79.0.100"), IPv4Address("10.79.0.199"))


def test_fixed_addresses_keep_their_place_in_the_network() -> None:
    after = moved(LAN, replace(LAN, address=IPv4Interface("10.79.0.1/24")))
    assert after.dhcp
    assert [str(one.address) for one in after.dhcp.reservations] == ["10.79.0.10"]


def test_a_pool_that_was_chosen_anew_stays() -> None:
    chosen = Pool(IPv4Address("10.79.0.20"), IPv4Address("10.79.0.40"))
    after = moved(
        LAN,
        replace(LAN, address=IPv4Interface("10.79.0.1/24"), dhcp=replace(LAN.dhcp, pool=chosen)),  # type: ignore[type-var]
    )
    assert after.dhcp
    assert after.dhcp.pool == chosen


def test_another_host_number_moves_nothing() -> None:
    after = replace(LAN, address=IPv4Interface("10.77.0.2/24"))
    assert moved(LAN, after) == after


def test_between_sizes_nothing_has_the_same_place() -> None:
    after = replace(LAN, address=IPv4Interface("10.79.0.1/16"))
    assert moved(LAN, after) == after


def test_without_dhcp_nothing_moves() -> None:
    after = replace(LAN, address=IPv4Interface("10.79.0.1/24"), dhcp=None)
    assert moved(LAN, after) == after


def test_a_new_network_gets_an_address_that_nobody_uses() -> None:
    address, pool = unused(RouterConfig(networks=(LAN,)))
    assert str(address) == "10.78.0.1/24"
    assert (str(pool.first), str(pool.last)) == ("10.78.0.100", "10.78.0.199")
