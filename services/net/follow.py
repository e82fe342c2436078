"""DOOR: what net reads of other roles' files: nixie.db, leases.db."""

import sqlite3
from functools import partial
from ipaddress import IPv4Network

from appliance.store import inventory_view, leases
from appliance.store.follow import Follower
from services.net.aim import names_by_mac
from services.net.asked import Inventory, asked
from services.net.leaving import LastEnd


def read(inventory: Follower, answered: int) -> Inventory | None:
    """What nixie.db says, with the wishes after the one that was `answered`; None when it cannot be
    read now."""
    inventory.changed()  # opens the file again when it was replaced
    connection = inventory.connection
    if connection is None:
        return None
    look_up = partial(inventory_view.revision, connection)
    try:
        last = inventory_view.last_wish(connection)
        wishes = inventory_view.wishes(connection, "net", min(answered, last))
        return Inventory(
            newest=inventory_view.newest_revision(connection),
            machines=names_by_mac(inventory_view.machines(connection)),
            asked=tuple(asked(wish, look_up) for wish in wishes),
            last_wish=last,
        )
    except sqlite3.Error:  # web is still making its tables
        return None


def last_ends(held: Follower) -> LastEnd:
    """When the last lease on a subnet ends, by leases.db."""

    def last_end(network: str, subnet: IPv4Network) -> float | None:
        held.changed()
        if held.connection is None:
            return None
        try:
            return leases.last_end(held.connection, network, subnet)
        except sqlite3.Error:
            return None

    return last_end
