"""What stands beside the configuration in force: the network before, and who has not moved from it.

After Keep an old address stays until the last lease from then has moved or ended, at the latest
until the longest of them would have.  Both are Unix seconds, and move along when the clock is set:
leases by dhcp, `until` here.
"""

from collections.abc import Callable
from dataclasses import replace
from ipaddress import IPv4Network, IPv6Interface, IPv6Network

from appliance.model.config import RouterConfig
from appliance.model.stays import Stay
from appliance.plan.beside import fitting, stays
from appliance.steady import Steady
from services.net.attempt import Clocks

LastEnd = Callable[[str, IPv4Network], float | None]
"""When the last lease of a network on an address of a subnet ends: 0.0 for none, None when that
cannot be read."""


def nobody(_network: str, _subnet: IPv4Network) -> float | None:
    """There are no leases at all."""
    return 0.0


class Leaving:
    """The addresses from before the last Keep that still answer: `stays`, as net.db has them."""

    def __init__(self, stays: tuple[Stay, ...], last_end: LastEnd, clocks: Clocks) -> None:
        now = clocks.now()
        self.stays = tuple(_no_later(stay, now) for stay in stays)
        self._last_end, self._clocks = last_end, clocks
        self._steady = Steady(clocks.boottime(), now)

    def beside(
        self, kept: RouterConfig | None, config: RouterConfig, lent: IPv6Network | None = None
    ) -> tuple[Stay, ...]:
        """What stays beside `config`: of the kept one while another is tried, and who leaves.

        `lent` is the provider's IPv6 prefix.
        """
        before = stays(kept, config, lent) if kept else ()
        taken = {stay.address for stay in before}
        leaving = fitting(self.stays, config)
        return (*before, *(stay for stay in leaving if stay.address not in taken))

    def begin(
        self,
        before: RouterConfig | None,
        kept: RouterConfig,
        lent: IPv6Network | None = None,
    ) -> None:
        """`kept` has just taken the place of `before`; what may go at once is bounded by now."""
        now = self._now()
        ours = {network.address for network in kept.networks}
        self.stays = tuple(
            stay if stay.until is not None else replace(stay, until=self._bound(stay, now))
            for stay in self.beside(before, kept, lent)
            if stay.address not in ours
        )

    def needed(self, kept: RouterConfig) -> tuple[Stay, ...]:
        """Those that somebody needs."""
        now = self._now()
        return tuple(stay for stay in self.stays if self._is_needed(stay, kept, now))

    def _now(self) -> float:
        """The clock.  When it was set, what stays moves along first."""
        now = self._clocks.now()
        if moved := self._steady.moved(self._clocks.boottime(), now):
            self.stays = tuple(
                replace(stay, until=stay.until + moved) if stay.until is not None else stay
                for stay in self.stays
            )
        return now

    def _bound(self, stay: Stay, now: float) -> float:
        if stay.dhcp is None or isinstance(stay.address, IPv6Interface):
            return now
        end = self._last_end(stay.network, stay.address.network)
        longest = now + stay.dhcp.lease_seconds
        return longest if end is None else max(now, min(end, longest))

    def _is_needed(self, stay: Stay, kept: RouterConfig, now: float) -> bool:
        if stay.until is None or now >= stay.until or isinstance(stay.address, IPv6Interface):
            return False
        homes = [one.address.network for one in kept.networks if one.bridge == stay.link]
        if any(stay.address.network.overlaps(home) for home in homes):
            return True  # a renewed lease looks like an old one: only its end tells
        end = self._last_end(stay.network, stay.address.network)
        return end is None or end > now


def _no_later(stay: Stay, now: float) -> Stay:
    """Nobody needs it longer than a lease from now on would last: the clock may have been set back
    while nobody looked."""
    if stay.until is None or stay.dhcp is None:
        return stay
    return replace(stay, until=min(stay.until, now + stay.dhcp.lease_seconds))
