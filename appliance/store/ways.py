"""wan.db: what the provider gave, and how the way out stands.  Written by wan only."""

import json
import sqlite3
from collections.abc import Callable
from dataclasses import asdict
from ipaddress import IPv4Interface
from typing import TypeVar

from appliance.model.way import Held, Learned, Stand, Way, held_from_json, held_to_json
from appliance.store.journal import EVENTS
from appliance.store.slices import TABLE

MIGRATIONS = (
    f"""
    {EVENTS};
    {TABLE};
    CREATE TABLE way (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      body TEXT NOT NULL               -- model/way.Way as JSON
    );
    CREATE TABLE held (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      body TEXT                        -- model/way.held_to_json; NULL: nothing is held
    );
    CREATE TABLE former (
      link TEXT NOT NULL,
      address TEXT NOT NULL,
      at INTEGER PRIMARY KEY AUTOINCREMENT
    );
    CREATE TABLE asked (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      seq INTEGER NOT NULL             -- the newest wish of nixie.db that was answered
    );
    """,
)
FORMER_KEPT = 8
"""Addresses held before; net takes away what it finds of them."""

Found = TypeVar("Found")


def way(connection: sqlite3.Connection) -> Way:
    """How the way out stands."""
    row = connection.execute("SELECT body FROM way").fetchone()
    return _read(lambda: _way(row[0]), Way()) if row else Way()


def learned(connection: sqlite3.Connection) -> Learned:
    """What is held, and what was held before."""
    row = connection.execute("SELECT body FROM held").fetchone()
    found = None
    if row and row[0]:
        found = _read(lambda: held_from_json(json.loads(row[0])), None)
    rows = connection.execute("SELECT link, address FROM former ORDER BY at").fetchall()
    return Learned(found, tuple((str(link), IPv4Interface(address)) for link, address in rows))


def asked(connection: sqlite3.Connection) -> int:
    """The newest wish that wan answered, by its place in nixie.db."""
    row = connection.execute("SELECT seq FROM asked").fetchone()
    return int(row[0]) if row else 0


def write_way(connection: sqlite3.Connection, row: Way) -> None:
    """Put down how the way out stands."""
    connection.execute("INSERT OR REPLACE INTO way VALUES (1, ?)", (json.dumps(asdict(row)),))


def write_held(connection: sqlite3.Connection, row: Held | None) -> None:
    """Put down what is held now; another address that was held before it becomes a former one."""
    before = learned(connection).held
    body = json.dumps(held_to_json(row)) if row else None
    connection.execute("INSERT OR REPLACE INTO held VALUES (1, ?)", (body,))
    if row is not None:
        connection.execute("DELETE FROM former WHERE address = ?", (str(row.lease.address),))
    if before and (row is None or row.lease.address != before.lease.address):
        gone = (before.link, str(before.lease.address))
        connection.execute("INSERT INTO former (link, address) VALUES (?, ?)", gone)
        connection.execute(
            "DELETE FROM former WHERE at <= (SELECT max(at) FROM former) - ?", (FORMER_KEPT,)
        )


def write_asked(connection: sqlite3.Connection, seq: int) -> None:
    """Move to the newest wish that was answered."""
    connection.execute("INSERT OR REPLACE INTO asked VALUES (1, ?)", (seq,))


def _way(body: str) -> Way:
    stored = json.loads(body)
    return Way(**{**stored, "stand": Stand(stored["stand"])})


def _read(read: Callable[[], Found], absent: Found) -> Found:
    """A row of another layout is as good as none: its writer writes it again."""
    try:
        return read()
    except (ValueError, KeyError, TypeError):
        return absent
