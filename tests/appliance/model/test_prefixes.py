from dataclasses import replace
from ipaddress import IPv4Interface, IPv6Address, IPv6Interface, IPv6Network

from appliance.model.config import Network, RouterConfig
from appliance.model.ipv6 import Ipv6
from appliance.model.prefixes import numbers, prefixes, router_address

ULA, LENT = IPv6Network("fd12:3456:789a::/48"), IPv6Network("2001:db8:42::/60")


def network(number: int, ipv6: Ipv6 | None) -> Network:
    address = IPv4Interface(f"10.77.{number}.1/24")
    return Network(f"lan{number}", f"br-{number}", (), address, ipv6=ipv6)


def router(*networks: Network) -> RouterConfig:
    return RouterConfig(networks, ula=ULA)


def test_networks_without_a_number_take_the_lowest_free_ones() -> None:
    config = router(network(1, Ipv6()), network(2, Ipv6(subnet=0)), network(3, Ipv6()))
    assert numbers(config) == {"lan1": 1, "lan2": 0, "lan3": 2}


def test_a_network_without_ipv6_takes_no_number() -> None:
    assert numbers(router(network(1, None), network(2, Ipv6()))) == {"lan2": 0}


def test_each_network_has_a_part_of_every_prefix() -> None:
    assert prefixes(router(network(1, Ipv6()), network(2, Ipv6())), LENT) == {
        "lan1": (IPv6Network("fd12:3456:789a::/64"), IPv6Network("2001:db8:42::/64")),
        "lan2": (IPv6Network("fd12:3456:789a:1::/64"), IPv6Network("2001:db8:42:1::/64")),
    }


def test_a_number_that_does_not_fit_gets_nothing_of_a_small_prefix() -> None:
    config = replace(router(network(1, Ipv6(subnet=16))), ula=None)
    assert prefixes(config, LENT) == {"lan1": ()}


def test_a_delegated_64_is_one_network() -> None:
    config = replace(router(network(1, Ipv6()), network(2, Ipv6())), ula=None)
    whole = IPv6Network("2001:db8:42::/64")
    assert prefixes(config, whole) == {"lan1": (whole,), "lan2": ()}


def test_the_router_has_its_suffix_in_each_prefix() -> None:
    here = network(1, Ipv6(suffix=IPv6Address("::53")))
    assert router_address(here, ULA) == IPv6Interface("fd12:3456:789a::53/64")
