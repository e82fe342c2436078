"""Rules, forwards, routes and guest networks, as changes of the draft."""

from collections.abc import Callable
from dataclasses import replace

from appliance.actions import draft
from appliance.actions.desk import Actor, Desk, Done
from appliance.actions.networks import place_of
from appliance.actions.rows import Key, Rows, Stored, said
from appliance.model import read
from appliance.model.config import Reservation, RouterConfig
from appliance.model.firewall import Forward, Rule, StaticRoute
from appliance.model.guests import isolated, joined
from appliance.model.policy import reserved

RULES = Rows(Rule, ("rules",), ("id",), "The rule {0}")
FORWARDS = Rows(Forward, ("forwards",), ("name",), "The forward {0}")
ROUTES = Rows(
    StaticRoute, ("routes",), ("destination", "metric"), "The route to {0} with metric {1}"
)


def save_forward(desk: Desk, actor: Actor, before: Key, stored: Stored, suffix: str) -> Done:
    """Put in a forward, or change one; `suffix` becomes its device's, "" takes it away.

    Raises Unknown, Refused.
    """

    def change(config: RouterConfig) -> RouterConfig:
        at = FORWARDS.at(config, before) if before else len(config.forwards)
        made = FORWARDS.saved(config, before, stored)
        return _with_suffix(made, made.forwards[at].mac, suffix, ("forwards", at, "suffix"))

    return draft.edit(desk, actor, change, said(FORWARDS, before, stored))


def set_guest(desk: Desk, actor: Actor, network: str, *, guest: bool) -> Done:
    """Make a network one for guests, apart from all others; or let it join the rest again."""
    switch: Callable[[RouterConfig, str], RouterConfig] = isolated if guest else joined

    def change(config: RouterConfig) -> RouterConfig:
        place_of(config, network)
        return switch(config, network)

    what = "be for guests, apart from all others" if guest else "be among the others again"
    return draft.edit(desk, actor, change, f"The network {network} is to {what}.")


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
