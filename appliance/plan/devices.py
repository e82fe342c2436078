"""Devices in the kernel: whose packets are dropped, whose bytes are counted.

A table of its own in the bridge family, keyed by MAC: it sees every frame on a LAN before the
filter does, with either version of IP and whatever flow it belongs to, also between two ports of
one bridge.  The filter's own table is never touched.  Both directions are dropped, so that nothing
goes on being sent to a device that cannot answer.

Where a network holds newcomers back, it also keeps them apart from its other devices, as far as
their frames come through two ports here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain

from appliance.model.policy import NEWCOMERS
from appliance.plan.expression import Json, arrives, equals, leaves, matches, one_of, rule
from appliance.plan.expression import field as header
from appliance.plan.noted import tells

FAMILY, TABLE = "bridge", "nixie_devices"
BLOCKED, SENT, RECEIVED = "blocked", "sent", "received"
COUNTERS = (SENT, RECEIVED)
BLOCKED_FROM, BLOCKED_TO = "blocked-from", "blocked-to"
"""The ids of the rules that drop what a blocked device sends, and what is sent to one."""
BEFORE = -300  # earlier than all that has a usual priority there; NF_BR_PRI_FILTER_BRIDGED is -200


@dataclass(frozen=True, slots=True)
class Apart:
    """A network that holds newcomers back: its ports here, and who is no newcomer there."""

    network: str
    ports: tuple[str, ...]
    admitted: frozenset[str]

    @property
    def members(self) -> str:
        """The name of the set of those who are let through."""
        return f"admitted-{self.network}"


@dataclass(frozen=True, slots=True)
class State:
    """Our table: its rules by chain, and the members of each set.  No chains: no table."""

    chains: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    sets: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lay:
    """Make the table anew, with these members from the first packet on."""

    chains: Mapping[str, tuple[Json, ...]]
    sets: Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Add:
    """Put MACs into a set."""

    set: str
    macs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drop:
    """Take MACs out of a set."""

    set: str
    macs: tuple[str, ...]


Step = Lay | Add | Drop


HOOKS: Mapping[str, str] = {
    "arriving": "prerouting",
    "between": "forward",
    "leaving": "postrouting",
}
DROP: Json = {"drop": None}


def _of(side: str, members: str) -> Json:
    """The sender, or the receiver, is in that set."""
    return equals("ether", side, f"@{members}")


CHAINS: Mapping[str, tuple[Json, ...]] = {
    "arriving": (
        tells(BLOCKED_FROM, _of("saddr", BLOCKED)),
        rule(BLOCKED_FROM, _of("saddr", BLOCKED), DROP),
        rule("count-from", _of("saddr", SENT)),  # a set with counters counts what is found in it
    ),
    "leaving": (
        tells(BLOCKED_TO, _of("daddr", BLOCKED)),
        rule(BLOCKED_TO, _of("daddr", BLOCKED), DROP),
        rule("count-to", _of("daddr", RECEIVED)),
    ),
}
"""Chain to its rules; these are the same whatever the configuration is."""
TO_ONE = matches({"meta": {"key": "pkttype"}}, "other")
"""The frame is for one device at another port: not for all, and not for us."""


def wanted(blocked: Iterable[str], counted: Iterable[str], apart: Iterable[Apart] = ()) -> State:
    """The table that drops and counts these MACs, and keeps newcomers apart."""
    devices, kept = frozenset(counted), [one for one in apart if one.ports]
    between = tuple(chain.from_iterable(map(_between, kept)))
    return State(
        chains={**CHAINS, "between": between} if between else CHAINS,
        sets={
            BLOCKED: frozenset(blocked),
            SENT: devices,
            RECEIVED: devices,
            **{one.members: one.admitted for one in kept},
        },
    )


def _between(one: Apart) -> tuple[Json, ...]:
    """Neither from a newcomer, nor to one.  What newcomers say to all is dropped and not told: it
    would be told once for each port."""
    ident, ports = f"{NEWCOMERS}-{one.network}", one_of(one.ports)
    sent = arrives(ports), matches(header("ether", "saddr"), f"@{one.members}", "!=")
    headed = leaves(ports), matches(header("ether", "daddr"), f"@{one.members}", "!="), TO_ONE
    return (
        tells(ident, *sent, TO_ONE),
        rule(ident, *sent, DROP),
        tells(ident, *headed),
        rule(ident, *headed, DROP),
    )


def steps(wanted: State, present: State) -> tuple[Step, ...]:
    """List the steps from `present` to `wanted`, blocks first; () means nothing to do."""
    if present.chains != wanted.chains or present.sets.keys() != wanted.sets.keys():
        return (Lay(wanted.chains, wanted.sets),) if wanted.chains else ()
    found: list[Step] = []
    for name, macs in wanted.sets.items():
        if more := macs - present.sets[name]:
            found.append(Add(name, tuple(sorted(more))))
        if less := present.sets[name] - macs:
            found.append(Drop(name, tuple(sorted(less))))
    return tuple(found)
