"""The state before a change as JSON, for the trial's record: undo survives a crash with it."""

from collections.abc import Mapping
from dataclasses import asdict
from ipaddress import IPv6Network, ip_address, ip_interface, ip_network
from typing import Any

from appliance.plan.firewall import Chain, Hook
from appliance.plan.firewall import State as Filter
from appliance.plan.flows import State as Flows
from appliance.plan.links import Link
from appliance.plan.order import State
from appliance.plan.routes import Route
from appliance.plan.shaping import Cake
from appliance.plan.shaping import State as Shaping


def to_json(state: State) -> dict[str, Any]:
    """`state` as JSON values."""
    return {
        "firewall": {
            "stands": state.firewall.stands,
            "chains": [asdict(chain) for chain in state.firewall.chains.values()],
            "named": [[kind, name, body] for (kind, name), body in state.firewall.named.items()],
        },
        "links": {name: asdict(link) for name, link in state.links.items()},
        "addresses": {link: sorted(map(str, found)) for link, found in state.addresses.items()},
        "routes": [
            [str(one.destination), str(one.gateway), one.link, one.metric]
            for one in sorted(state.routes, key=Route.rank)
        ],
        "sysctls": dict(state.sysctls),
        "unreachable": sorted(map(str, state.unreachable)),
        "flows": asdict(state.flows),
        "shaping": asdict(state.shaping),
    }


def from_json(stored: Mapping[str, Any]) -> State:
    """Read what `to_json` wrote.  Raises KeyError or ValueError on anything else."""
    table = stored["firewall"]
    return State(
        firewall=Filter(
            stands=table["stands"],
            chains={one["name"]: _chain(one) for one in table["chains"]},
            named={(kind, name): body for kind, name, body in table["named"]},
        ),
        links={name: Link(**one) for name, one in stored["links"].items()},
        addresses={
            link: frozenset(map(ip_interface, found)) for link, found in stored["addresses"].items()
        },
        routes=frozenset(
            Route(ip_network(destination), ip_address(gateway), link, metric)
            for destination, gateway, link, metric in stored["routes"]
        ),
        sysctls=dict(stored["sysctls"]),
        unreachable=frozenset(map(IPv6Network, stored.get("unreachable", ()))),
        flows=_flows(stored.get("flows", {})),
        shaping=_shaping(stored.get("shaping", {})),
    )


def _flows(stored: Mapping[str, Any]) -> Flows:
    return Flows(tuple(stored.get("links", ())), tuple(stored.get("rules", ())))


def _shaping(stored: Mapping[str, Any]) -> Shaping:
    out, into = (
        {link: Cake(**one) for link, one in stored.get(way, {}).items()} for way in ("out", "into")
    )
    return Shaping(out, into)


def _chain(stored: Mapping[str, Any]) -> Chain:
    hook = Hook(**stored["hook"]) if stored["hook"] else None
    return Chain(stored["name"], hook, tuple(stored["rules"]))
