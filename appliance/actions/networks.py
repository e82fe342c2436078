"""What each network is, as changes of the draft; and what unknown machines get on it.

What a form or a program gives of a network is `Stored`: as the configuration's JSON has it, with
the settings it says nothing of left out.
"""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from appliance.actions import draft
from appliance.actions.changes import present
from appliance.actions.desk import ORIGIN, Actor, Desk, Done, act
from appliance.actions.keeping import lent
from appliance.actions.refusals import Unknown, problem
from appliance.errors import Refused
from appliance.events import MachineActed
from appliance.model import read
from appliance.model.check_ipv6 import unfit
from appliance.model.config import Network, Reservation, RouterConfig
from appliance.model.ipv6 import SITE_BYTES, site
from appliance.model.moving import moved
from appliance.model.names import NETWORK_NAME
from appliance.store import inventory
from appliance.store.tables import NetworkDefault

SENTENCES = {
    "menu": "Unknown machines on {network} see the menu {menu}.",
    "hold": "Unknown machines on {network} wait for you and show a code.",
    "nothing": "Unknown machines on {network} get no boot.",
}

Stored = Mapping[str, Any]
LINK_LONGEST = 15  # characters of an interface's name (IFNAMSIZ without its end)


def add_network(desk: Desk, actor: Actor, stored: Stored) -> Done:
    """Add a network to the draft; without `bridge` it gets one called after it."""
    name = str(stored.get("name", ""))
    whole = {"bridge": f"br-{name}"[:LINK_LONGEST], "ports": [], **stored}
    entropy = desk.random(SITE_BYTES)

    def change(config: RouterConfig) -> RouterConfig:
        place = ("networks", len(config.networks))
        made = read.part(Network, whole, place)
        _fits(desk, place, made)
        return _sited(config, replace(config, networks=(*config.networks, made)), entropy)

    return draft.edit(desk, actor, change, f"The network {name} is to be added.")


def change_network(desk: Desk, actor: Actor, name: str, stored: Stored) -> Done:
    """Change a network in the draft; what `stored` leaves out stays.  Raises Unknown.

    A network that moves takes its pool and its fixed addresses along, unless the pool is another.
    """
    entropy = desk.random(SITE_BYTES)

    def change(config: RouterConfig) -> RouterConfig:
        at = place_of(config, name)
        before = config.networks[at]
        whole = {**read.to_json(before), **stored}
        if stored.get("dhcp") and before.dhcp:
            whole["dhcp"] = {**read.to_json(before.dhcp), **stored["dhcp"]}
        if stored.get("ipv6") is not None and before.ipv6:
            whole["ipv6"] = {**read.to_json(before.ipv6), **stored["ipv6"]}
        after = moved(before, read.part(Network, whole, ("networks", at)))
        if after.ipv6 != before.ipv6:
            _fits(desk, ("networks", at), after)
        return _sited(config, _with(config, at, after), entropy)

    return draft.edit(desk, actor, change, f"The network {name} is to be changed.")


def remove_network(desk: Desk, actor: Actor, name: str) -> Done:
    """Take a network out of the draft.  Raises Unknown."""

    def change(config: RouterConfig) -> RouterConfig:
        at = place_of(config, name)
        return replace(config, networks=(*config.networks[:at], *config.networks[at + 1 :]))

    return draft.edit(desk, actor, change, f"The network {name} is to go away.")


def reserve(desk: Desk, actor: Actor, name: str, mac: str, stored: Stored) -> Done:
    """Give a device a fixed address on a network; `mac` is whose is changed, "" for a new one.

    What `stored` leaves out stays.
    """

    def change(config: RouterConfig) -> RouterConfig:
        at = place_of(config, name)
        rows = _reservations(config.networks[at])
        number = next((n for n, one in enumerate(rows) if one.mac == mac), len(rows))
        place = ("networks", at, "dhcp", "reservations", number)
        before = read.to_json(rows[number]) if number < len(rows) else {}
        made = read.part(Reservation, {**before, **stored}, place)
        return _with_reservations(config, at, (*rows[:number], made, *rows[number + 1 :]))

    who = stored.get("name") or stored.get("mac")
    return draft.edit(
        desk, actor, change, f"{who} is to get {stored.get('address')} on {name} always."
    )


def unreserve(desk: Desk, actor: Actor, name: str, mac: str) -> Done:
    """Let a device's address go back to the pool.  Raises Unknown."""

    def change(config: RouterConfig) -> RouterConfig:
        at = place_of(config, name)
        rows = _reservations(config.networks[at])
        if all(one.mac != mac for one in rows):
            raise Unknown(problem(f"{mac} has no fixed address on {name}."))
        return _with_reservations(config, at, tuple(one for one in rows if one.mac != mac))

    return draft.edit(desk, actor, change, f"{mac} is to have no fixed address on {name}.")


def place_of(config: RouterConfig, name: str) -> int:
    """Where a network is in the configuration.  Raises Unknown."""
    found = next((at for at, one in enumerate(config.networks) if one.name == name), None)
    if found is None:
        has = ", ".join(one.name for one in config.networks) or "none yet"
        raise Unknown(problem(f"No network is called {name!r}. There are: {has}."))
    return found


def _sited(before: RouterConfig, after: RouterConfig, entropy: bytes) -> RouterConfig:
    """The first network with IPv6 brings the router its own prefix; an owner may do without it."""
    had, has = (any(one.ipv6 for one in config.networks) for config in (before, after))
    if after.ula is not None or had or not has:
        return after
    return replace(after, ula=site(entropy))


def _fits(desk: Desk, place: tuple[str | int, ...], network: Network) -> None:
    """Raise Refused for a number that the provider's prefix of today does not have."""
    if wrong := tuple(unfit(place, network, lent(desk))):
        raise Refused(*wrong)


def _reservations(network: Network) -> tuple[Reservation, ...]:
    if network.dhcp is None:
        what = f"{network.name} gives no addresses. Switch DHCP on there first."
        raise Refused(problem(what))
    return network.dhcp.reservations


def _with_reservations(
    config: RouterConfig, at: int, rows: tuple[Reservation, ...]
) -> RouterConfig:
    network = config.networks[at]
    dhcp = replace(network.dhcp, reservations=rows) if network.dhcp else None
    return _with(config, at, replace(network, dhcp=dhcp))


def _with(config: RouterConfig, at: int, network: Network) -> RouterConfig:
    networks = (*config.networks[:at], network, *config.networks[at + 1 :])
    return replace(config, networks=networks)


def set_network_default(
    desk: Desk, actor: Actor, network: str, kind: str, menu: str | None = None
) -> Done:
    """Decide it for one network, or for the rest ("*"); `menu` by id or name, for kind menu."""
    with act(desk, actor, "set_network_default") as doing:
        known = network_names(desk)
        if network != "*" and (
            network not in known if known else not NETWORK_NAME.fullmatch(network)
        ):
            has = f"There are {', '.join(known)}." if known else ""
            raise Unknown(problem(f"No network is called {network!r}. {has}".strip(), "network"))
        if kind not in SENTENCES:
            raise Refused(problem(f"Choose one of {', '.join(SENTENCES)}.", "kind"))
        shown = inventory.menu(doing.session, menu or "") if kind == "menu" else None
        if kind == "menu" and shown is None:
            raise Refused(problem("Choose a menu that is there.", "menu"))
        row = doing.session.get(NetworkDefault, network)
        if row is None:
            row = NetworkDefault(network=network, account=actor.account, origin=ORIGIN, kind=kind)
            row.menu = shown.id if shown else None
            doing.insert(row)
        else:
            doing.change(row, kind=kind, menu=shown.id if shown else None)
        where = "every other network" if network == "*" else network
        what = SENTENCES[kind].format(network=where, menu=shown.name if shown else "")
        return doing.tell(network, what, MachineActed)


def network_names(desk: Desk) -> tuple[str, ...]:
    """The networks of the revision that is kept, or on trial."""
    revision = present(desk)
    if revision is None:
        return ()
    return tuple(str(one["name"]) for one in json.loads(revision.config)["networks"])
