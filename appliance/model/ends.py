"""The two ends of a connection, and which network of a configuration each belongs to.

An IPv6 address says by its prefix where it is, but a link-local one only together with its link:
`fe80::1%br-lan` (RFC 4007 §11).
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from appliance.model.config import Network, RouterConfig
from appliance.model.ipv6 import UNIQUE_LOCAL
from appliance.model.prefixes import prefixes, router_address

Address = IPv4Address | IPv6Address


def address(text: str) -> Address | None:
    """One end as it is written; an IPv4 address in IPv6's clothes is taken out of them.

    >>> address("::ffff:10.77.0.9"), address("fe80::9%br-lan"), address("testclient")
    (IPv4Address('10.77.0.9'), IPv6Address('fe80::9%br-lan'), None)
    """
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def network(config: RouterConfig, end: Address, lent: IPv6Network | None) -> Network | None:
    """The network that a device with this address is in; `lent` is the provider's prefix."""
    mine = prefixes(config, lent)
    for one in config.networks:
        if isinstance(end, IPv4Address):
            here = end in one.address.network
        elif end.is_link_local:
            here = one.ipv6 is not None and one.bridge == end.scope_id
        else:
            here = any(_bare(end) in prefix for prefix in mine.get(one.name, ()))
        if here:
            return one
    return None


def ours(config: RouterConfig, end: Address, lent: IPv6Network | None) -> Network | None:
    """The network on which the router itself has this address."""
    if isinstance(end, IPv4Address):
        return next((one for one in config.networks if one.address.ip == end), None)
    found = network(config, end, lent)
    if found is None or end.is_link_local:
        return found
    mine = prefixes(config, lent)[found.name]
    return found if any(router_address(found, one).ip == _bare(end) for one in mine) else None


def successor(
    config: RouterConfig, home: Network, end: Address, lent: IPv6Network | None
) -> Address:
    """The router's address on `home` in the place of `end`: in the prefix of our own for one of
    such, in the provider's for one of those; the IPv4 address where there is no such prefix."""
    if isinstance(end, IPv6Address) and not end.is_link_local:
        own = end in UNIQUE_LOCAL
        for one in prefixes(config, lent).get(home.name, ()):
            if one.subnet_of(UNIQUE_LOCAL) == own:
                return router_address(home, one).ip
    return home.address.ip


def _bare(end: IPv6Address) -> IPv6Address:
    """Without its link."""
    return IPv6Address(int(end))
