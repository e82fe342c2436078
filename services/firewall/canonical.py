"""Both ways between nftables' JSON and the plan: what nft lists, and what it is told.

Canonical means: no handles, no counter values, no elements that a running ruleset put into a set,
members of sets in one order.  Then drift is `==`.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from appliance.plan.expression import Json
from appliance.plan.firewall import FAMILY, TABLE, Chain, DropTable, Hook, Refill, State, Step

NAMED = ("counter", "set", "map", "flowtable")
"""The kinds of object that outlive a refill."""
LEFT_OUT: Mapping[str, frozenset[str]] = {
    "counter": frozenset({"packets", "bytes"}),
    "set": frozenset({"elem"}),
    "map": frozenset({"elem"}),
}
"""Per kind, what a running ruleset changes by itself.  A set's elements count only when the set
is not filled by packets; see `_body`."""
FILLED_BY_PACKETS = frozenset({"dynamic", "timeout"})


def state(listed: Iterable[Json]) -> State:
    """The state in the objects that `list ruleset` gives; other tables are not looked at."""
    stands = False
    hooks: dict[str, Hook | None] = {}
    rules: dict[str, list[Json]] = {}
    named: dict[tuple[str, str], Json] = {}
    for entry in listed:
        ((kind, body),) = entry.items()
        if kind == "table" and (body["family"], body["name"]) == (FAMILY, TABLE):
            stands = True
        if (body.get("family"), body.get("table")) != (FAMILY, TABLE):
            continue
        if kind == "chain":
            hooks[body["name"]] = _hook(body)
        elif kind == "rule":
            rules.setdefault(body["chain"], []).append(_rule(body))
        elif kind in NAMED:
            named[kind, body["name"]] = _body(kind, body)
    return State(
        stands=stands,
        chains={
            name: Chain(name, hook, tuple(rules.get(name, ()))) for name, hook in hooks.items()
        },
        named=named,
    )


def commands(step: Step) -> list[Json]:
    """The one transaction that carries out a step."""
    if isinstance(step, DropTable):
        return [{"delete": {"table": {"family": FAMILY, "name": TABLE}}}]
    return [
        {"add": {"table": {"family": FAMILY, "name": TABLE}}},
        *_clear(step),
        *({"delete": {kind: _ours(name=name)}} for kind, name in step.drop_named),
        *({"add": {kind: _ours(**body)}} for kind, body in step.add_named),
        *({"add": {"chain": _chain(chain)}} for chain in step.fill),
        *(
            {"add": {"rule": _ours(chain=chain.name, **rule)}}
            for chain in step.fill
            for rule in chain.rules
        ),
    ]


def _clear(step: Refill) -> list[Json]:
    """Empty what is refilled.  Adding a chain first makes flushing one that is new no error."""
    gone = [_ours(name=name) for name in (*step.rehook, *step.drop)]
    stays = [chain for chain in step.fill if chain.name not in step.rehook]
    return [
        *({"add": {"chain": _chain(chain)}} for chain in stays),
        *({"flush": {"chain": _ours(name=chain.name)}} for chain in stays),
        *({"flush": {"chain": one}} for one in gone),
        *({"delete": {"chain": one}} for one in gone),
    ]


def _ours(**body: Any) -> dict[str, Any]:
    return {"family": FAMILY, "table": TABLE, **body}


def _chain(chain: Chain) -> dict[str, Any]:
    hook = chain.hook
    if hook is None:
        return _ours(name=chain.name)
    return _ours(
        name=chain.name, type=hook.kind, hook=hook.name, prio=hook.priority, policy=hook.policy
    )


def _hook(body: Json) -> Hook | None:
    if "hook" not in body:
        return None
    return Hook(body["type"], body["hook"], body["prio"], body["policy"])


def _rule(body: Json) -> Json:
    kept = {"comment": body["comment"]} if "comment" in body else {}
    return {**kept, "expr": [ordered(one) for one in body["expr"]]}


def _body(kind: str, body: Json) -> Json:
    left_out = LEFT_OUT.get(kind, frozenset())
    if kind in ("set", "map") and not FILLED_BY_PACKETS & set(body.get("flags", ())):
        left_out = frozenset()
    skip = left_out | {"family", "table", "handle"}
    return {name: ordered(value) for name, value in body.items() if name not in skip}


def ordered(value: Any) -> Any:
    """`value` with the members of every set in one order and the values of counters gone."""
    if isinstance(value, list):
        return [ordered(one) for one in value]
    if not isinstance(value, dict):
        return value
    if isinstance(value.get("counter"), dict):
        return {**value, "counter": None}
    return {
        name: sorted(map(ordered, inner), key=_text)
        if name in ("set", "elem") and isinstance(inner, list)
        else ordered(inner)
        for name, inner in value.items()
    }


def _text(value: object) -> str:
    return json.dumps(value, sort_keys=True)
