"""Rules, forwards, guest networks and routes, as changes of the draft.

What a form or a program gives of a rule or a forward is `Stored`: as the configuration's JSON has
it.  It replaces the one called `before`, or is new when that is "".
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, TypeVar

from appliance.actions import draft
from appliance.actions.desk import Actor, Desk, Done
from appliance.actions.networks import place_of
from appliance.actions.refusals import Unknown, problem
from appliance.model import read
from appliance.model.config import Reservation, RouterConfig
from appliance.model.firewall import Forward, Rule, StaticRoute
from appliance.model.guests import isolated, joined
from appliance.model.policy import reserved

Stored = Mapping[str, Any]
Named = TypeVar("Named")  # a rule or a forward


def save_rule(desk: Desk, actor: Actor, before: str, stored: Stored) -> Done:
    """Add a rule at the end, or change one where it stands.  Raises Unknown, Refused."""

    def change(config: RouterConfig) -> RouterConfig:
        at = rule_at(config, before) if before else len(config.rules)
        made = read.part(Rule, stored, ("rules", at))
        return replace(config, rules=_with(config.rules, at, made))

    done = "changed" if before else "added"
    return draft.edit(desk, actor, change, f"The rule {stored.get('id')} is to be {done}.")


def remove_rule(desk: Desk, actor: Actor, ident: str) -> Done:
    """Take a rule out of the draft.  Raises Unknown."""

    def change(config: RouterConfig) -> RouterConfig:
        return replace(config, rules=_without(config.rules, rule_at(config, ident)))

    return draft.edit(desk, actor, change, f"The rule {ident} is to go away.")


def switch_rule(desk: Desk, actor: Actor, ident: str, *, on: bool) -> Done:
    """Let a rule hold, or not.  Raises Unknown."""

    def change(config: RouterConfig) -> RouterConfig:
        at = rule_at(config, ident)
        made = replace(config.rules[at], enabled=on)
        return replace(config, rules=_with(config.rules, at, made))

    return draft.edit(desk, actor, change, f"The rule {ident} is to be {_switched(on=on)}.")


def move_rule(desk: Desk, actor: Actor, ident: str, *, up: bool) -> Done:
    """Let a rule be asked before the one above it, or after the one below.  Raises Unknown."""

    def change(config: RouterConfig) -> RouterConfig:
        at = rule_at(config, ident)
        to = min(max(at + (-1 if up else 1), 0), len(config.rules) - 1)
        rest = _without(config.rules, at)
        return replace(config, rules=(*rest[:to], config.rules[at], *rest[to:]))

    where = "earlier" if up else "later"
    return draft.edit(desk, actor, change, f"The rule {ident} is to be asked {where}.")


def save_forward(
    desk: Desk, actor: Actor, before: str, stored: Stored, suffix: str | None = None
) -> Done:
    """Add a forward, or change one; `suffix` becomes its device's, "" takes it away.

    Raises Unknown, Refused.
    """

    def change(config: RouterConfig) -> RouterConfig:
        at = forward_at(config, before) if before else len(config.forwards)
        made = read.part(Forward, stored, ("forwards", at))
        if suffix is not None:
            config = _with_suffix(config, made.mac, suffix, ("forwards", at, "suffix"))
        return replace(config, forwards=_with(config.forwards, at, made))

    done = "changed" if before else "added"
    return draft.edit(desk, actor, change, f"The forward {stored.get('name')} is to be {done}.")


def remove_forward(desk: Desk, actor: Actor, name: str) -> Done:
    """Take a forward out of the draft, with all that it opens.  Raises Unknown."""

    def change(config: RouterConfig) -> RouterConfig:
        return replace(config, forwards=_without(config.forwards, forward_at(config, name)))

    return draft.edit(desk, actor, change, f"The forward {name} is to go away.")


def switch_forward(desk: Desk, actor: Actor, name: str, *, on: bool) -> Done:
    """Let a forward lead in, or not.  Raises Unknown."""

    def change(config: RouterConfig) -> RouterConfig:
        at = forward_at(config, name)
        made = replace(config.forwards[at], enabled=on)
        return replace(config, forwards=_with(config.forwards, at, made))

    return draft.edit(desk, actor, change, f"The forward {name} is to be {_switched(on=on)}.")


def set_guest(desk: Desk, actor: Actor, network: str, *, guest: bool) -> Done:
    """Make a network one for guests, apart from all others; or let it join the rest again."""
    switch: Callable[[RouterConfig, str], RouterConfig] = isolated if guest else joined

    def change(config: RouterConfig) -> RouterConfig:
        place_of(config, network)
        return switch(config, network)

    what = "be for guests, apart from all others" if guest else "be among the others again"
    return draft.edit(desk, actor, change, f"The network {network} is to {what}.")


def set_time_zone(desk: Desk, actor: Actor, name: str) -> Done:
    """Say by which clock rules with times hold."""

    def change(config: RouterConfig) -> RouterConfig:
        return read.config({**read.to_json(config), "time_zone": name})

    return draft.edit(desk, actor, change, f"The router's clock is to be that of {name}.")


def add_route(desk: Desk, actor: Actor, stored: Stored) -> Done:
    """Reach a network through another router."""

    def change(config: RouterConfig) -> RouterConfig:
        made = read.part(StaticRoute, stored, ("routes", len(config.routes)))
        return replace(config, routes=(*config.routes, made))

    where = stored.get("destination")
    return draft.edit(desk, actor, change, f"{where} is to be reached through another router.")


def remove_route(desk: Desk, actor: Actor, destination: str, metric: int) -> Done:
    """Forget the way to a network that has this metric.  Raises Unknown."""

    def change(config: RouterConfig) -> RouterConfig:
        rest = tuple(
            one
            for one in config.routes
            if (str(one.destination), one.metric) != (destination, metric)
        )
        if rest == config.routes:
            raise Unknown(problem(f"There is no route to {destination} with metric {metric}."))
        return replace(config, routes=rest)

    return draft.edit(desk, actor, change, f"The route to {destination} is to go away.")


def rule_at(config: RouterConfig, ident: str) -> int:
    """Where a rule is in the configuration.  Raises Unknown."""
    found = next((at for at, one in enumerate(config.rules) if one.id == ident), None)
    if found is None:
        raise Unknown(problem(f"No rule is called {ident!r}."))
    return found


def forward_at(config: RouterConfig, name: str) -> int:
    """Where a forward is in the configuration.  Raises Unknown."""
    found = next((at for at, one in enumerate(config.forwards) if one.name == name), None)
    if found is None:
        raise Unknown(problem(f"No forward is called {name!r}."))
    return found


def _with(rows: tuple[Named, ...], at: int, made: Named) -> tuple[Named, ...]:
    return (*rows[:at], made, *rows[at + 1 :])


def _without(rows: tuple[Named, ...], at: int) -> tuple[Named, ...]:
    return (*rows[:at], *rows[at + 1 :])


def _switched(*, on: bool) -> str:
    return "switched on" if on else "switched off"


def _with_suffix(
    config: RouterConfig, mac: str, suffix: str, place: tuple[str | int, ...]
) -> RouterConfig:
    """The same with the device's suffix; without a reservation check.py says what is wrong."""
    found = reserved(config, mac)
    if found is None:
        return config
    network, device = found
    stored = {**read.to_json(device), "suffix": suffix or None}
    made = read.part(Reservation, stored, place)
    at = place_of(config, network.name)
    assert network.dhcp
    rows = tuple(made if one == device else one for one in network.dhcp.reservations)
    changed = replace(network, dhcp=replace(network.dhcp, reservations=rows))
    return replace(config, networks=(*config.networks[:at], changed, *config.networks[at + 1 :]))
