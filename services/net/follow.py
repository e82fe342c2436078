"""DOOR: what net reads of nixie.db."""

import sqlite3
from functools import partial

from appliance.store import inventory_view
from appliance.store.follow import Follower
from services.net.aim import names_by_mac
from services.net.asked import Inventory, asked


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
