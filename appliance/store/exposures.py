"""net.db: what stands on the internet's side and should not, as it was told, and who is known
there.  Written by net only."""

import json
import sqlite3
from collections.abc import Iterable

from appliance.model.exposure import Finding, from_json, to_json
from appliance.model.outside import Socket

TABLES = """
CREATE TABLE exposure (
  name TEXT PRIMARY KEY,         -- model/exposure.Finding
  what TEXT NOT NULL,
  todo TEXT NOT NULL,
  since REAL NOT NULL
) WITHOUT ROWID;
CREATE TABLE known_listener (    -- programs of others that are no news
  id INTEGER PRIMARY KEY CHECK (id = 1),
  body TEXT NOT NULL             -- JSON: model/exposure.to_json each
);
"""


def exposures(connection: sqlite3.Connection) -> tuple[Finding, ...]:
    """What was told and is not over, the oldest first."""
    rows = connection.execute("SELECT name, what, todo FROM exposure ORDER BY since, name")
    return tuple(Finding(*row) for row in rows.fetchall())


def known(connection: sqlite3.Connection) -> frozenset[Socket] | None:
    """The listeners of others that are no news; None before anybody looked."""
    row = connection.execute("SELECT body FROM known_listener").fetchone()
    return frozenset(map(from_json, json.loads(row[0]))) if row else None


def write_exposures(
    connection: sqlite3.Connection, found: Iterable[Finding], over: Iterable[Finding], at: float
) -> None:
    """Put down what was found at `at`, and what is over."""
    connection.executemany(
        "INSERT OR REPLACE INTO exposure VALUES (?, ?, ?, ?)",
        [(one.name, one.what, one.todo, at) for one in found],
    )
    connection.executemany("DELETE FROM exposure WHERE name = ?", [(one.name,) for one in over])


def write_known(connection: sqlite3.Connection, sockets: Iterable[Socket]) -> None:
    """Put down who is no news."""
    connection.execute(
        "INSERT OR REPLACE INTO known_listener VALUES (1, ?)",
        (json.dumps(sorted((to_json(one) for one in sockets), key=str)),),
    )
