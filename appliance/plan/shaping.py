"""The queues that hold the speed of the way out: CAKE, one for each direction.

What leaves waits at the port to the internet.  What arrives is turned through a link of our own
first, because a port has no queue for what it receives.  Ours bear our mark as their handle, so
that they are known again after a crash; a queue of somebody else stays, except where we are asked
to put ours.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.model import pppoe
from appliance.model.config import RouterConfig
from appliance.model.shaping import MEDIA

THROUGH = "nixie-down"
"""The link through which what arrives is turned."""
TAG_BYTES = 4  # IEEE 802.1Q
OUT, IN = "out", "in"
FAIR: Mapping[str, str] = {OUT: "dual-srchost", IN: "dual-dsthost"}
"""By which side of a packet a device of ours is known: first each of them gets its share."""


@dataclass(frozen=True, slots=True)
class Cake:
    """One queue.  `kbit` is thousand bits a second; the rest is what the line adds (`Medium`)."""

    kbit: int
    fair: str
    overhead: int
    least: int
    cells: str


@dataclass(frozen=True, slots=True)
class State:
    """Our queues by the link whose packets wait: those that leave it, those that arrive.

    What arrives at "" is turned from nowhere: its port went away.
    """

    out: Mapping[str, Cake] = field(default_factory=dict)
    into: Mapping[str, Cake] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HoldOut:
    """Hold the speed of what leaves a link."""

    link: str
    cake: Cake


@dataclass(frozen=True, slots=True)
class HoldIn:
    """Hold the speed of what arrives at a link."""

    link: str
    cake: Cake


@dataclass(frozen=True, slots=True)
class FreeOut:
    link: str


@dataclass(frozen=True, slots=True)
class FreeIn:
    link: str


Step = HoldOut | HoldIn | FreeOut | FreeIn


def wanted(config: RouterConfig) -> State:
    """The queues of a located config."""
    wan = config.wan
    if wan is None or wan.shaping is None or not wan.is_there:
        return State()
    shaping, medium = wan.shaping, MEDIA[wan.shaping.line]
    overhead = medium.overhead + (TAG_BYTES if wan.vlan is not None else 0)
    overhead += pppoe.HEADER_BYTES if wan.pppoe else 0

    def held(kbit: int | None, way: str) -> dict[str, Cake]:
        if kbit is None:
            return {}
        return {wan.link: Cake(kbit, FAIR[way], overhead, medium.least, medium.cells)}

    return State(held(shaping.up_kbit, OUT), held(shaping.down_kbit, IN))


def owned(present: State, scope: State) -> State:
    """All of `present`: the driver finds queues with our mark only."""
    del scope
    return present


def steps(wanted: State, present: State) -> tuple[Step, ...]:
    """List the steps from `present` to `wanted`; () means nothing to do.

    There is one link to turn through, so an arrival that is given up goes before another one.
    """
    return (
        *(FreeOut(link) for link in sorted(present.out) if link not in wanted.out),
        *(FreeIn(link) for link in sorted(present.into) if link not in wanted.into),
        *(
            HoldOut(link, cake)
            for link, cake in sorted(wanted.out.items())
            if present.out.get(link) != cake
        ),
        *(
            HoldIn(link, cake)
            for link, cake in sorted(wanted.into.items())
            if present.into.get(link) != cake
        ),
    )
