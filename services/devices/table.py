"""nftables' JSON of the devices' table, both ways."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from appliance.plan.devices import (
    BEFORE,
    COUNTERS,
    FAMILY,
    HOOKS,
    RECEIVED,
    SENT,
    TABLE,
    Add,
    Drop,
    Lay,
    State,
    Step,
)
from appliance.plan.expression import Json
from services.firewall.canonical import ordered

LISTED = f"list ruleset {FAMILY}"
"""The question whose answer `state` and `counts` read; without our table it is no error."""

COUNTING: Mapping[str, Mapping[str, Any]] = {
    name: {"stmt": [{"counter": None}]} for name in COUNTERS
}
"""What the sets have whose members are counted."""


@dataclass(frozen=True, slots=True)
class Count:
    """Bytes since the device was put into the sets: `down` to it, `up` from it."""

    down: int
    up: int


def state(listed: Iterable[Json]) -> State:
    """Our table in what nft lists; State() when there is none.

    A chain that is hooked otherwise than ours is left out, so that the table is laid anew.
    """
    chains: dict[str, list[Json]] = {}
    sets: dict[str, frozenset[str]] = {}
    for kind, body in _ours(listed):
        if kind == "chain" and _hooked(body):
            chains[body["name"]] = []
        elif kind == "rule" and body["chain"] in chains:
            told = {"comment": body.get("comment"), "expr": ordered(body["expr"])}
            chains[body["chain"]].append(told)
        elif kind == "set":
            sets[body["name"]] = frozenset(mac for mac, _ in _elements(body))
    return State({name: tuple(rules) for name, rules in chains.items()}, sets)


def counts(listed: Iterable[Json]) -> dict[str, Count]:
    """What each counted device moved, by MAC."""
    found: dict[str, dict[str, int]] = {name: {} for name in COUNTERS}
    for kind, body in _ours(listed):
        if kind == "set" and body["name"] in found:
            found[body["name"]] = dict(_elements(body))
    up, down = found[SENT], found[RECEIVED]
    return {mac: Count(down.get(mac, 0), up[mac]) for mac in up}


def commands(step: Step) -> list[Json]:
    """The one transaction that carries out a step."""
    match step:
        case Lay(chains, sets):
            return _laid(chains, sets)
        case Add(name, macs):
            return [{"add": {"element": _of(name=name, elem=list(macs))}}]
        case Drop(name, macs):
            return [{"delete": {"element": _of(name=name, elem=list(macs))}}]


def _laid(chains: Mapping[str, tuple[Json, ...]], sets: Mapping[str, frozenset[str]]) -> list[Json]:
    table: Json = {"table": {"family": FAMILY, "name": TABLE}}
    return [
        {"add": table},  # so that deleting one that is new is no error
        {"delete": table},
        {"add": table},
        *(
            {"add": {"set": _of(name=name, type="ether_addr", **COUNTING.get(name, {}))}}
            for name in sets
        ),
        *(
            {"add": {"element": _of(name=name, elem=sorted(macs))}}
            for name, macs in sets.items()
            if macs
        ),
        *(
            {"add": {"chain": _of(name=name, type="filter", hook=HOOKS[name], prio=BEFORE,
                                  policy="accept")}}
            for name in chains
        ),
        *(
            {"add": {"rule": _of(chain=name, **rule)}}
            for name, rules in chains.items()
            for rule in rules
        ),
    ]  # fmt: skip


def _of(**body: Any) -> dict[str, Any]:
    return {"family": FAMILY, "table": TABLE, **body}


def _ours(listed: Iterable[Json]) -> Iterable[tuple[str, Json]]:
    for entry in listed:
        ((kind, body),) = entry.items()
        if (body.get("family"), body.get("table")) == (FAMILY, TABLE):
            yield kind, body


def _hooked(body: Json) -> bool:
    hook = (body.get("hook"), body.get("prio"), body.get("policy"))
    return hook == (HOOKS.get(body["name"]), BEFORE, "accept")


def _elements(body: Json) -> Iterable[tuple[str, int]]:
    """The MACs of a set, each with the bytes that its counter has, 0 without one."""
    for one in body.get("elem", ()):
        if isinstance(one, str):
            yield one, 0
        else:
            yield one["elem"]["val"], one["elem"].get("counter", {}).get("bytes", 0)
