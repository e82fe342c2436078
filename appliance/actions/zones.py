"""Zones of the firewall, as changes of the draft: made, changed, taken out."""

from dataclasses import replace

from appliance.actions import draft
from appliance.actions.desk import Actor, Desk, Done
from appliance.actions.refusals import problem
from appliance.actions.rows import Key, Rows, Stored, said
from appliance.errors import Refused
from appliance.model.config import RouterConfig
from appliance.model.firewall import Zone
from appliance.model.policy import members

ZONES = Rows(Zone, ("zones",), ("name",), "The zone {0}")


def save_zone(desk: Desk, actor: Actor, before: Key, stored: Stored, joins: Key) -> Done:
    """Put in a zone, or change one; the networks called `joins` move into it.

    Raises Unknown, Refused.
    """

    def change(config: RouterConfig) -> RouterConfig:
        made = ZONES.saved(config, before, stored)
        at = ZONES.at(config, before) if before else len(config.zones)
        name = made.zones[at].name
        networks = tuple(
            replace(one, zone=name) if one.name in joins else one for one in made.networks
        )
        return replace(made, networks=networks)

    return draft.edit(desk, actor, change, said(ZONES, before, stored))


def remove_zone(desk: Desk, actor: Actor, name: str) -> Done:
    """Take out a zone that no network and no rule is in; the others reach it no more.

    Raises Unknown, Refused.
    """

    def change(config: RouterConfig) -> RouterConfig:
        left = ZONES.without(config, (name,))
        _unused(config, name)
        return replace(
            left,
            zones=tuple(
                replace(one, reaches=tuple(it for it in one.reaches if it != name))
                for one in left.zones
            ),
        )

    return draft.edit(desk, actor, change, f"The zone {name} is to go away.")


def _unused(config: RouterConfig, name: str) -> None:
    if inside := members(config, name):
        what = f"{' and '.join(inside)} is in the zone {name}. Move it into another zone first."
        raise Refused(problem(what))
    ruled = [one.id for one in config.rules if name in (one.source, one.destination)]
    if ruled:
        what = f"The rule {ruled[0]} is about the zone {name}. Change or remove it first."
        raise Refused(problem(what))
