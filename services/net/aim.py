"""Where a configuration leads on this very box, and what there is to tell about its ports."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from appliance.errors import Problem, Refused
from appliance.events import Event, LinkMissing, LinkReturned, PrefixDelegated, PrefixGone
from appliance.model import migrate, read
from appliance.model.check import problems
from appliance.model.config import SCHEMA, RouterConfig
from appliance.model.facts import NOTHING_FOUND, Facts
from appliance.model.schedule import current
from appliance.model.stays import Stay
from appliance.plan import order
from appliance.plan.beside import beside
from appliance.plan.links import WAN, Missing, located
from appliance.store.inventory_view import MachineView
from appliance.store.trials import PortRow
from hardware.inventory import Nic


@dataclass(frozen=True, slots=True)
class Aim:
    """Where a config leads on this box today: the located config, its state, its missing ports."""

    config: RouterConfig
    wanted: order.State
    missing: tuple[Missing, ...]
    facts: Facts = NOTHING_FOUND


def aim(
    config: RouterConfig,
    nics: Sequence[Nic],
    now: float,
    staying: Sequence[Stay] = (),
    facts: Facts = NOTHING_FOUND,
) -> Aim:
    """Find the config's ports among the box's, and its rules that hold at `now` (Unix seconds);
    `staying` is what stands beside it, `facts` what it is led by."""
    usable = config if facts.ipv6 else _without_ipv6(config)
    here, missing = located(current(usable, now), nics)
    return Aim(here, beside(order.wanted(here, facts), here, staying), missing, facts)


def parsed(text: str) -> RouterConfig:
    """The config in a revision's JSON, whatever its layout.  Raises Refused.

    What was kept once is not checked again: a newer rule must not take the network down.
    """
    try:
        stored = json.loads(text)
    except ValueError as error:
        raise Refused(Problem((), f"The revision is not JSON: {error}.")) from error
    if isinstance(stored, dict) and isinstance(stored.get("schema", SCHEMA), int):
        stored = migrate.upgraded(stored)
    return read.config(stored)


def checked(text: str) -> RouterConfig:
    """The config in a revision's JSON.  Raises Refused with every problem it has."""
    config = parsed(text)
    if found := problems(config):
        raise Refused(*found)
    return config


def link_events(before: Iterable[Missing], now: Iterable[Missing]) -> tuple[Event, ...]:
    """What to tell when the missing ports change."""
    gone, back = frozenset(now) - frozenset(before), frozenset(before) - frozenset(now)
    return (
        *(LinkMissing(one.network, one.port) for one in sorted(gone, key=_place)),
        *(LinkReturned(one.network, one.port) for one in sorted(back, key=_place)),
    )


def prefix_events(before: Facts, now: Facts) -> tuple[Event, ...]:
    """What to tell when the provider delegates something else."""
    old, new = before.delegated, now.delegated
    if old == new:
        return ()
    return (
        *([PrefixGone(str(old))] if old else []),
        *([PrefixDelegated(str(new))] if new else []),
    )


def port_rows(nics: Iterable[Nic], config: RouterConfig | None) -> tuple[PortRow, ...]:
    """The box's interfaces with the network each belongs to under a located config."""
    owner: dict[str, str] = {}
    for network in config.networks if config else ():
        owner |= dict.fromkeys(network.ports, network.name)
    if config and config.wan:
        owner[config.wan.port] = WAN
    return tuple(PortRow(nic.name, nic.mac, nic.carrier, owner.get(nic.name)) for nic in nics)


def names_by_mac(machines: Iterable[MachineView]) -> Mapping[str, str]:
    """The inventory's machine names for dns."""
    return {mac: machine.name for machine in machines for _, mac in machine.macs}


def _without_ipv6(config: RouterConfig) -> RouterConfig:
    return replace(config, networks=tuple(replace(one, ipv6=None) for one in config.networks))


def _place(one: Missing) -> tuple[str, str]:
    return one.network, one.port
