"""What unknown machines get on each network."""

import json

from appliance.actions.changes import present
from appliance.actions.desk import ORIGIN, Actor, Desk, Done, act
from appliance.actions.refusals import Unknown, problem
from appliance.errors import Refused
from appliance.events import MachineActed
from appliance.model.names import NETWORK_NAME
from appliance.store import inventory
from appliance.store.tables import NetworkDefault

SENTENCES = {
    "menu": "Unknown machines on {network} see the menu {menu}.",
    "hold": "Unknown machines on {network} wait for you and show a code.",
    "nothing": "Unknown machines on {network} get no boot.",
}


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
