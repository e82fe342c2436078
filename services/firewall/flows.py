"""nftables' JSON of the flowtable's own table, both ways."""

from collections.abc import Iterable
from typing import Any

from appliance.plan.expression import Json
from appliance.plan.flows import (
    AFTER_THE_FILTER,
    CHAIN,
    FAMILY,
    FLOWTABLE,
    TABLE,
    Drop,
    State,
    Step,
)
from services.firewall.canonical import ordered

HOOKED = ("forward", AFTER_THE_FILTER, "accept")
PROBED = "nixie_probe"
"""The table of a dry run: it is never made."""


def state(listed: Iterable[Json]) -> State:
    """The table in the objects that `list ruleset` gives; State() when there is none.

    A chain that is hooked otherwise than ours counts as none, so that the table is laid anew.
    """
    links: tuple[str, ...] = ()
    rules: list[Json] = []
    stands = hooked = False
    for entry in listed:
        ((kind, body),) = entry.items()
        if (body.get("family"), body.get("table", body.get("name"))) != (FAMILY, TABLE):
            continue
        stands = True
        if kind == "flowtable":
            devices = body.get("dev", ())
            links = (devices,) if isinstance(devices, str) else tuple(sorted(devices))
        elif kind == "chain":
            hooked = (body.get("hook"), body.get("prio"), body.get("policy")) == HOOKED
        elif kind == "rule":
            rules.append({"comment": body.get("comment"), "expr": ordered(body["expr"])})
    if stands and not (links and hooked):
        return State(BROKEN)
    return State(links, tuple(rules))


BROKEN = ("",)
"""The links of a table that is there and cannot be ours as it is."""


def commands(step: Step) -> list[Json]:
    """The one transaction that carries out a step."""
    if isinstance(step, Drop):
        return [{"delete": {"table": {"family": FAMILY, "name": TABLE}}}]
    return _laid(TABLE, step.links, step.rules)


def probed(link: str) -> list[Json]:
    """What a kernel with flowtables would take; for a dry run."""
    shorten = {"comment": "probe", "expr": [{"flow": {"op": "add", "flowtable": f"@{FLOWTABLE}"}}]}
    return _laid(PROBED, (link,), (shorten,))


def _laid(table: str, links: Iterable[str], rules: Iterable[Json]) -> list[Json]:
    def ours(**body: Any) -> dict[str, Any]:
        return {"family": FAMILY, "table": table, **body}

    hook, priority, policy = HOOKED
    chain = ours(name=CHAIN, type="filter", hook=hook, prio=priority, policy=policy)
    flowtable = ours(name=FLOWTABLE, hook="ingress", prio=0, dev=list(links))
    return [
        {"add": {"table": {"family": FAMILY, "name": table}}},
        {"add": {"flowtable": flowtable}},
        {"add": {"chain": chain}},
        *({"add": {"rule": ours(chain=CHAIN, **one)}} for one in rules),
    ]
