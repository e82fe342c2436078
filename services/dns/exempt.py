"""For whom nothing is blocked: the addresses of devices that the owner exempted by their MAC."""

from collections.abc import Iterable

from appliance.model.slices import DnsSlice
from appliance.store.leases import LeaseRow


def exempt_addresses(slice_: DnsSlice, held: Iterable[LeaseRow]) -> frozenset[str]:
    """The addresses that the exempted devices hold, or have reserved."""
    macs = frozenset(slice_.settings.blocking.exempt)
    reserved = (
        str(one.address)
        for network in slice_.networks
        for one in network.reservations
        if one.mac in macs
    )
    leased = (str(one.address) for one in held if one.mac in macs)
    return frozenset((*reserved, *leased))
