"""Rules, forwards, routes and guest networks, as changes of the draft."""

from collections.abc import Callable
from dataclasses import replace

from appliance.actions import devices, draft
from appliance.actions.desk import Actor, Desk, Done
from appliance.actions.known_devices import device
from appliance.actions.networks import place_of
from appliance.actions.refusals import Unknown
from appliance.actions.rows import Key, Rows, Stored, said
from appliance.model import read
from appliance.model.check import RESERVED_NAMES
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
    """Put in a forward, or change one; a device that has no fixed address gets the one it has now.

    `suffix` becomes its device's; "" leaves what a device brings that it did not lead to before,
    and takes away the one of a device that it did.  Raises Unknown, Refused.
    """

    def change(config: RouterConfig) -> RouterConfig:
        at = FORWARDS.at(config, before) if before else len(config.forwards)
        old = config.forwards[at] if before else None
        stays = old is not None and old.mac == stored.get("mac")
        fixed = None if stays else _fixed(desk, config, str(stored.get("mac")))
        begun = devices.reserved(config, fixed) if fixed else config
        reserves = fixed is not None or bool(stays and old and old.reserves)
        made = FORWARDS.saved(begun, before, {**stored, "reserves": reserves})
        if old and not stays:
            made = _let_go(made, old)
        if suffix or stays:
            made = _with_suffix(made, made.forwards[at].mac, suffix, ("forwards", at, "suffix"))
        return made

    return draft.edit(desk, actor, change, said(FORWARDS, before, stored))


def remove_forward(desk: Desk, actor: Actor, key: Key) -> Done:
    """Take out a forward, with the fixed address that came with it.  Raises Unknown."""

    def change(config: RouterConfig) -> RouterConfig:
        gone = config.forwards[FORWARDS.at(config, key)]
        return _let_go(FORWARDS.without(config, key), gone)

    return draft.edit(desk, actor, change, f"{FORWARDS.name(key)} is to go away.")


def set_guest(desk: Desk, actor: Actor, network: str, *, guest: bool) -> Done:
    """Make a network one for guests, apart from all others; or let it join the rest again."""
    switch: Callable[[RouterConfig, str], RouterConfig] = isolated if guest else joined

    def change(config: RouterConfig) -> RouterConfig:
        place_of(config, network)
        return switch(config, network)

    what = "be for guests, apart from all others" if guest else "be among the others again"
    return draft.edit(desk, actor, change, f"The network {network} is to {what}.")


def _fixed(desk: Desk, config: RouterConfig, mac: str) -> Reservation | None:
    """What the device of a new forward has to be given first, without a name that is somebody's;
    None when it has a fixed address, or when nobody has seen it: check.py says what is wrong then.

    Raises Refused.
    """
    if reserved(config, mac) is not None:
        return None
    try:
        found = devices.as_it_is(device(desk.reads, mac))
    except Unknown:
        return None
    others = (one.dhcp.reservations for one in config.networks if one.dhcp)
    taken = {one.name for rows in others for one in rows if one.mac != mac}
    if found.name in {*taken, *RESERVED_NAMES, config.hostname}:
        return replace(found, name=None)
    return found


def _let_go(config: RouterConfig, gone: Forward) -> RouterConfig:
    """The same without what came with a forward that is gone, unless something else needs it: then
    it is to go with the next forward of that device."""
    if not gone.reserves:
        return config
    for at, other in enumerate(config.forwards):
        if other.mac == gone.mac:
            heir = replace(other, reserves=True)
            rest = config.forwards
            return replace(config, forwards=(*rest[:at], heir, *rest[at + 1 :]))
    if any(gone.mac in one.receivers.devices for one in config.rules):
        return config
    return devices.released(config, gone.mac)


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
