"""For whom nothing is blocked: the addresses of devices that the owner exempted by their MAC.

A device asks by IPv6 as it likes, from addresses that change by the day; `net` sees whose they are.
"""

from collections.abc import Iterable
from ipaddress import ip_address

from appliance.model.slices import DnsSlice
from appliance.store.leases import LeaseRow


def exempt_addresses(
    slice_: DnsSlice, held: Iterable[LeaseRow], seen: Iterable[tuple[str, str]] = ()
) -> frozenset[str]:
    """The addresses that the exempted devices hold, have reserved, or were `seen` with, each of
    these with its network; as a socket names its sender."""
    macs = frozenset(slice_.settings.blocking.exempt)
    reserved = (
        str(one.address)
        for network in slice_.networks
        for one in network.reservations
        if one.mac in macs
    )
    leased = (str(one.address) for one in held if one.mac in macs)
    links = {network.name: network.link for network in slice_.networks}
    asking = (
        f"{address}%{links.get(network, '')}" if ip_address(address).is_link_local else address
        for address, network in seen
    )
    return frozenset((*reserved, *leased, *asking))
