"""Slices as packet roles get them: what `net` published, else the last that they had.

`net` writes them into net.db (`trials.py`).  Each packet role keeps a copy in a file of its own and
serves by it when net.db is gone, even after a restart.
"""

import json
import sqlite3

from appliance.errors import Refused
from appliance.model.slices import Slices, from_json, to_json
from appliance.store import trials
from appliance.store.follow import Follower

TABLE = """
CREATE TABLE last_slice (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  body TEXT NOT NULL               -- model/slices.to_json
)
"""
MIGRATIONS = (TABLE,)
"""dns.db, which has nothing else."""


def published(net: Follower) -> Slices | None:
    """What `net` published; None while net.db cannot be read or has nothing."""
    if net.connection is None:
        return None
    try:
        return trials.slices(net.connection)
    except (sqlite3.Error, ValueError, KeyError, Refused):
        return None


def last(own: sqlite3.Connection) -> Slices | None:
    """What was published last; None before anything was, or when another layout wrote it."""
    row = own.execute("SELECT body FROM last_slice").fetchone()
    try:
        return from_json(json.loads(row[0])) if row else None
    except (ValueError, KeyError, Refused):
        return None


def keep(own: sqlite3.Connection, found: Slices) -> None:
    """Remember it.  A disk that refuses hinders nobody: the one before is remembered."""
    if last(own) == found:
        return
    try:
        own.execute(
            "INSERT OR REPLACE INTO last_slice VALUES (1, ?)", (json.dumps(to_json(found)),)
        )
    except sqlite3.Error:
        return
