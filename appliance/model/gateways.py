"""Where the gateway of a static route is, and what lies behind it.

An IPv4 address says so, and an IPv6 one in the prefix of our own.  A link-local one is good on one
link alone, so it names that (RFC 4007 §11), by its network or as `internet`: `fe80::9%lan`.  An
address in a prefix that the provider lends says nothing that has to be true tomorrow.
"""

from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

from appliance.model.config import RouterConfig
from appliance.model.firewall import INTERNET
from appliance.model.prefixes import numbers, prefixes

Address = IPv4Address | IPv6Address
Subnet = IPv4Network | IPv6Network


def subnets(config: RouterConfig) -> Iterator[tuple[str, Subnet]]:
    """What the configuration says to lie on a cable: where, a network or `internet`, and what."""
    yield from ((one.name, one.address.network) for one in config.networks)
    if config.wan and config.wan.static:
        yield INTERNET, config.wan.static.address.network
    for name, own in prefixes(config, None).items():
        yield from ((name, one) for one in own)


def place(config: RouterConfig, gateway: Address) -> str | None:
    """The name of the network that a gateway is on, or `internet`; None when it is on none."""
    if isinstance(gateway, IPv6Address) and gateway.is_link_local:
        return gateway.scope_id if gateway.scope_id in with_six(config) else None
    return next((name for name, subnet in subnets(config) if gateway in subnet), None)


def behind(config: RouterConfig) -> Iterator[tuple[str, Subnet]]:
    """Where each static route leads, a network or `internet`, and what is there."""
    for route in config.routes:
        if (name := place(config, route.gateway)) is not None:
            yield name, route.destination


def with_six(config: RouterConfig) -> tuple[str, ...]:
    """Where this router speaks IPv6: its networks that have it, and then the internet, too."""
    names = tuple(numbers(config))
    return (*names, INTERNET) if names and config.wan else names


def bare(address: Address) -> Address:
    """An address without its link.

    >>> bare(IPv6Address("fe80::9%lan")), bare(IPv4Address("10.77.0.9"))
    (IPv6Address('fe80::9'), IPv4Address('10.77.0.9'))
    """
    return IPv6Address(int(address)) if isinstance(address, IPv6Address) else address
