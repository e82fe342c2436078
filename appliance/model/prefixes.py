"""Which /64 each network has: one of the site's own prefix, one of a delegated one."""

from collections.abc import Mapping
from ipaddress import IPv4Address, IPv6Address, IPv6Interface, IPv6Network
from itertools import count

from appliance.model.config import Network, RouterConfig
from appliance.model.ipv6 import ROUTER_SUFFIX, SUBNET_BITS, joined


def numbers(config: RouterConfig) -> Mapping[str, int]:
    """Each network with IPv6 and its number, the owner's or the lowest that is free."""
    asked = {
        one.name: one.ipv6.subnet
        for one in config.networks
        if one.ipv6 and one.ipv6.subnet is not None
    }
    free = (number for number in count() if number not in asked.values())
    return {
        one.name: asked[one.name] if one.name in asked else next(free)
        for one in config.networks
        if one.ipv6
    }


def prefixes(
    config: RouterConfig, delegated: IPv6Network | None
) -> Mapping[str, tuple[IPv6Network, ...]]:
    """Each network with IPv6 and its /64s, the site's own first.

    A network whose number does not fit into a prefix has none of it.
    """
    wholes = [whole for whole in (config.ula, delegated) if whole]
    return {
        name: tuple(one for whole in wholes if (one := part(whole, number)))
        for name, number in numbers(config).items()
    }


def part(whole: IPv6Network, number: int) -> IPv6Network | None:
    """The /64 of that number; None when `whole` has no such one.

    >>> part(IPv6Network("2001:db8:0:10::/60"), 15), part(IPv6Network("2001:db8:0:10::/60"), 16)
    (IPv6Network('2001:db8:0:1f::/64'), None)
    """
    if whole.prefixlen > SUBNET_BITS or number > most(whole):
        return None
    return IPv6Network((int(whole.network_address) + (number << SUBNET_BITS), SUBNET_BITS))


def most(whole: IPv6Network) -> int:
    """The biggest number of a /64 in `whole`.

    >>> most(IPv6Network("2001:db8::/56")), most(IPv6Network("2001:db8::/64"))
    (255, 0)
    """
    return (1 << max(SUBNET_BITS - whole.prefixlen, 0)) - 1


def own_addresses(config: RouterConfig) -> frozenset[IPv4Address | IPv6Address]:
    """The addresses of the router that the configuration says: those of its networks, in the prefix
    of our own, and the one that the provider wrote on paper."""
    found: set[IPv4Address | IPv6Address] = {one.address.ip for one in config.networks}
    if config.wan and config.wan.static:
        found.add(config.wan.static.address.ip)
    mine = prefixes(config, None)
    found |= {
        router_address(one, it).ip for one in config.networks for it in mine.get(one.name, ())
    }
    return frozenset(found)


def router_address(network: Network, prefix: IPv6Network) -> IPv6Interface:
    """The router's own address in one of a network's prefixes."""
    suffix = network.ipv6.suffix if network.ipv6 else ROUTER_SUFFIX
    return IPv6Interface((joined(prefix, suffix), SUBNET_BITS))
