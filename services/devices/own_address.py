"""Which IPv6 addresses of the devices are lasting ones: those that they make of their MACs.

A device makes itself others for privacy (RFC 8981), and those are nobody's business.  An address
made of a MAC is known beforehand, so it is asked, and counts when the device answers for it.
"""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from ipaddress import IPv6Address

from appliance.model.ipv6 import eui64, joined
from appliance.model.slices import DnsNetwork
from appliance.store.leases import LeaseRow
from appliance.store.verified import Pair
from services.devices.wire import Neighbour

AGAIN_SECONDS = 120.0
"""Between two questions for one address of a device that stays."""
MOST = 64
"""Questions at one look."""


def candidates(
    networks: Iterable[DnsNetwork], leases: Iterable[LeaseRow], now: float
) -> frozenset[Pair]:
    """Every device that has a lease or a fixed address, with the addresses that it would make."""
    held = [(one.network, one.mac) for one in leases if one.state == "bound" and one.ends_at > now]
    return frozenset(
        (mac, joined(own.network, eui64(mac)))
        for network in networks
        for own in network.six
        for mac in (
            *(one.mac for one in network.reservations),
            *(mac for name, mac in held if name == network.name),
        )
    )


def verified(
    before: AbstractSet[Pair], asked: AbstractSet[Pair], neighbours: Iterable[Neighbour]
) -> frozenset[Pair]:
    """Those of `asked` that answer now, or that did and are remembered by the kernel still."""
    seen = {(one.mac, one.address): one.alive for one in neighbours}
    return frozenset(pair for pair in asked if seen.get(pair) or (pair in before and pair in seen))


@dataclass(slots=True)
class Questions:
    """When each address was asked last, and which MACs were here then."""

    asked_at: Mapping[IPv6Address, float] = field(default_factory=dict)
    here: AbstractSet[str] = frozenset()

    def due(
        self, asked: AbstractSet[Pair], here: AbstractSet[str], now: float
    ) -> tuple[IPv6Address, ...]:
        """Whom to ask now: those never asked first, MOST at once; `now` never goes back.

        Who has just come is asked again: when it got its lease it had no such address yet.
        """
        every = {address: mac for mac, address in asked}
        came, self.here = here - self.here, here
        known = {
            one: at for one, at in self.asked_at.items() if one in every and every[one] not in came
        }
        waiting = sorted(every, key=lambda one: (known.get(one, -AGAIN_SECONDS), one))
        due = [one for one in waiting if now - known.get(one, -AGAIN_SECONDS) >= AGAIN_SECONDS]
        self.asked_at = known | dict.fromkeys(due[:MOST], now)
        return tuple(due[:MOST])
