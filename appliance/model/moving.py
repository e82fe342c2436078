"""What goes along when a network gets another address: its pool and its fixed addresses.

They keep their place in the network, so that .10 stays .10.  Between networks of different size
there is no such place: nothing moves, and `check.py` says what does not fit.
"""

from dataclasses import replace
from ipaddress import IPv4Interface

from appliance.model.config import Network, Pool, RouterConfig

FIRST_TRIED, LAST_TRIED = 77, 254


def moved(before: Network, after: Network) -> Network:
    """`after`, with what lies in the network of `before` moved along."""
    old, new = before.address.network, after.address.network
    if old == new or old.prefixlen != new.prefixlen or not (before.dhcp and after.dhcp):
        return after
    by = int(new.network_address) - int(old.network_address)
    reservations = tuple(
        replace(one, address=one.address + by) if one.address in old else one
        for one in after.dhcp.reservations
    )
    pool = after.dhcp.pool
    if pool.first in old and pool.last in old:
        pool = replace(pool, first=pool.first + by, last=pool.last + by)
    return replace(after, dhcp=replace(after.dhcp, pool=pool, reservations=reservations))


def unused(config: RouterConfig) -> tuple[IPv4Interface, Pool]:
    """An address for another network that nobody uses yet, and a pool in it."""
    used = [one.address.network for one in config.networks]
    if config.wan and config.wan.static:
        used.append(config.wan.static.address.network)
    for number in range(FIRST_TRIED, LAST_TRIED):
        address = IPv4Interface(f"10.{number}.0.1/24")
        if not any(address.network.overlaps(one) for one in used):
            break
    pool = pool_in(address)
    assert pool
    return address, pool


def pool_in(address: IPv4Interface) -> Pool | None:
    """The usual pool of a network: its hosts .100 to .199; None where it has no room for it."""
    begin = address.network.network_address
    if address.network.prefixlen > 24:
        return None
    return Pool(begin + 100, begin + 199)
