"""What net hears from outside the kernel and the configuration, and what it remembers of it: the
provider's prefix, what was announced of it, and whether the clock is to be believed."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from ipaddress import IPv6Interface

from appliance.clock import looked, started
from appliance.events import ClockDoubted, ClockTrusted, Event
from appliance.model.announced import Ipv6Slice
from appliance.model.facts import NOTHING_FOUND, Facts
from appliance.model.foreign import names_reached
from appliance.model.slices import KernelSlice, Slices
from appliance.plan import order
from appliance.plan.announced import Held, announced, promised
from services.net.aim import Aim


@dataclass(frozen=True, slots=True)
class Ears:
    """`facts` are those of this moment; `synchronised` says whether an NTP server set the clock."""

    facts: Callable[[], Facts] = lambda: NOTHING_FOUND
    synchronised: Callable[[], bool] = lambda: False


DEAF = Ears()


class Outside:
    """Its memory lies in the slices that were published last; `now` is Unix seconds."""

    def __init__(self, ears: Ears, published: Slices | None, now: float) -> None:
        self._ears = ears
        self._ipv6 = published.ipv6 if published else Ipv6Slice()
        self._clock = started(now, published.time.floor if published else 0.0)
        self._believed = published.time.trusted if published else True  # as it was told last

    def facts(self) -> Facts:
        """What is known right now."""
        return self._ears.facts()

    def promised(self, aim: Aim) -> order.State:
        """Our addresses in prefixes that were announced, before a restart as well."""
        return order.State(addresses=promised(aim.config, self._ipv6))

    def told(self, slices: Slices, aim: Aim, now: float) -> Slices:
        """`slices` of `aim`, with what is to be announced and what is known of the clock."""
        self._ipv6 = announced(
            aim.config, aim.facts, self._ipv6, now, out=aim.out, held=_held(slices)
        )
        self._clock = looked(self._clock, now, synchronised=self._ears.synchronised())
        time = replace(slices.time, trusted=self._clock.trusted, floor=self._clock.floor)
        found = aim.facts
        kernel = KernelSlice(found.vlan, found.cake, found.flowtable)
        dns = replace(slices.dns, reached=names_reached(found.foreign.sources, aim.config))
        return replace(slices, dns=dns, ipv6=self._ipv6, time=time, kernel=kernel)

    def news(self) -> tuple[Event, ...]:
        """What there is to tell of the clock since the last time."""
        if self._clock.trusted == self._believed:
            return ()
        self._believed = self._clock.trusted
        return (ClockTrusted() if self._believed else ClockDoubted(),)


def _held(slices: Slices) -> Held:
    """The prefixes from before in which we still answer, by link."""
    return {
        one.link: tuple(it.network for it in one.stays if isinstance(it, IPv6Interface))
        for one in slices.dns.networks
    }
