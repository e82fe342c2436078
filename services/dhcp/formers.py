"""Clients of the network that was on this link before, by whose leases they still live.

While the network that takes its place is on trial they renew as ever, for a minute at a time, so
that nobody loses the network and everybody is moved soon once it is kept.  Then a renewal is
refused (RFC 2131 §4.3.2: the client begins anew) and they get an address of the new network.
"""

from collections.abc import Sequence
from typing import Final

from appliance.model.slices import HELD, LEFT, SERVED, TRIED, DhcpNetwork
from services.dhcp.lan import Lan
from services.dhcp.lease import BOUND, Lease
from services.dhcp.wire import INFORM, REQUEST, Message

MOVED: Final = "its network has moved."


def on_link(
    link: str, wanted: Sequence[DhcpNetwork]
) -> tuple[DhcpNetwork | None, tuple[DhcpNetwork, ...]]:
    """The network that is served on `link`, and those that were before it.

    Where none is any more, who holds a lease of the last one may still renew it during the trial.
    """
    here = [network for network in wanted if network.link == link]
    served = [network for network in here if network.stage in (SERVED, TRIED)]
    before = tuple(network for network in here if network.stage in (HELD, LEFT))
    if served:
        return served[0], before
    return next((network for network in before if network.stage == HELD), None), ()


def former(message: Message, lan: Lan) -> Lan | None:
    """The network from before that the sender is still in; None when this one is its own."""
    address = message.ciaddr
    if not address or message.kind not in (REQUEST, INFORM):
        return None
    if lan.holds(address) and lan.pool.fits(address, message.chaddr):
        return None
    return next((one for one in lan.formers if one.holds(address)), None)


def holds(lease: Lease | None, address: int, now: float) -> bool:
    """Is `lease` a live one on `address`?"""
    return (
        lease is not None
        and lease.state == BOUND
        and lease.address == address
        and lease.ends_at > now
    )


def renews(there: Lan) -> bool:
    """May who holds a lease there renew it?"""
    return there.stage == HELD
