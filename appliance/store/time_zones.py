"""In which time zone the router is: one word of the slices in net.db, for who needs no more."""

import json
import sqlite3


def time_zone(net: sqlite3.Connection) -> str | None:
    """Its name; None before the first revision was applied, or while net.db cannot be read."""
    try:
        row = net.execute("SELECT body FROM slice").fetchone()
        told = json.loads(row[0])["time"].get("zone") if row else None
    except (sqlite3.Error, ValueError, KeyError):
        return None
    return told if isinstance(told, str) else None
