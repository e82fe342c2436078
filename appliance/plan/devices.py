"""Devices in the kernel: whose packets are dropped, whose bytes are counted.

A table of its own in the bridge family, keyed by MAC: it sees every frame on a LAN before the
filter does, with either version of IP and whatever flow it belongs to, also between two ports of
one bridge.  The filter's own table is never touched.  Both directions are dropped, so that nothing
goes on being sent to a device that cannot answer.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

FAMILY, TABLE = "bridge", "nixie_devices"
BLOCKED, SENT, RECEIVED = "blocked", "sent", "received"
COUNTERS = (SENT, RECEIVED)
BEFORE = -300  # earlier than all that has a usual priority there; NF_BR_PRI_FILTER_BRIDGED is -200

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class State:
    """Our table: its rules by chain, and the members of each set.  No chains: no table."""

    chains: Mapping[str, tuple[Json, ...]] = field(default_factory=dict)
    sets: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Lay:
    """Make the table anew, with these members from the first packet on."""

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


def _rule(ident: str, side: str, members: str, *then: Json) -> Json:
    field_ = {"payload": {"protocol": "ether", "field": side}}
    match = {"match": {"op": "==", "left": field_, "right": f"@{members}"}}
    return {"comment": ident, "expr": [match, *then]}


DROP: Json = {"drop": None}
HOOKS: Mapping[str, str] = {"arriving": "prerouting", "leaving": "postrouting"}
CHAINS: Mapping[str, tuple[Json, ...]] = {
    "arriving": (
        _rule("blocked-from", "saddr", BLOCKED, DROP),
        _rule("count-from", "saddr", SENT),  # a set with counters counts what is found in it
    ),
    "leaving": (
        _rule("blocked-to", "daddr", BLOCKED, DROP),
        _rule("count-to", "daddr", RECEIVED),
    ),
}
"""Chain to its rules; they are the same whatever the configuration is."""


def wanted(blocked: Iterable[str], counted: Iterable[str]) -> State:
    """The table that drops and counts these MACs."""
    devices = frozenset(counted)
    return State(CHAINS, {BLOCKED: frozenset(blocked), SENT: devices, RECEIVED: devices})


def steps(wanted: State, present: State) -> tuple[Step, ...]:
    """List the steps from `present` to `wanted`, blocks first; () means nothing to do."""
    if present.chains != wanted.chains or present.sets.keys() != wanted.sets.keys():
        return (Lay(wanted.sets),) if wanted.chains else ()
    found: list[Step] = []
    for name, macs in wanted.sets.items():
        if more := macs - present.sets[name]:
            found.append(Add(name, tuple(sorted(more))))
        if less := present.sets[name] - macs:
            found.append(Drop(name, tuple(sorted(less))))
    return tuple(found)
