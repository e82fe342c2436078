"""net.db: what is in force, and what is on trial.  Written by net only; every packet role reads its
slice here.

A change is named by the id of the wish that asked for it.
"""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from appliance.model import outside, stays
from appliance.model.outside import Seen
from appliance.model.slices import Slices, from_json, to_json
from appliance.model.stays import Stay
from appliance.store import devices, exposures, newcomers, verified
from appliance.store.journal import EVENTS
from hardware.inventory import Nic

MIGRATIONS = (
    f"""
    {EVENTS};
    CREATE TABLE trial (
      id INTEGER PRIMARY KEY CHECK (id = 1),   -- one at a time
      revision INTEGER NOT NULL,
      state TEXT NOT NULL,           -- a state of appliance/trial.py
      began_at REAL NOT NULL,
      deadline REAL,                 -- CLOCK_BOOTTIME seconds
      body TEXT NOT NULL             -- JSON: the other fields of TrialRow
    );
    CREATE TABLE kept (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      revision INTEGER NOT NULL,
      config TEXT NOT NULL,          -- RouterConfig as JSON, so that net starts without nixie.db
      at REAL NOT NULL
    );
    CREATE TABLE slice (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      revision INTEGER NOT NULL,
      body TEXT NOT NULL,            -- model/slices.to_json
      at REAL NOT NULL
    );
    CREATE TABLE port (
      link TEXT PRIMARY KEY,
      mac TEXT NOT NULL,
      up INTEGER NOT NULL,
      network TEXT,                  -- our network's name, "wan", or NULL
      seen_at REAL NOT NULL
    );
    """,
    """
    CREATE TABLE ended (
      revision INTEGER PRIMARY KEY,
      state TEXT NOT NULL,           -- "kept", "undone", "refused"
      why TEXT NOT NULL,
      at REAL NOT NULL
    );
    CREATE TABLE asked (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      seq INTEGER NOT NULL           -- the newest wish of nixie.db that was answered
    );
    """,
    """
    CREATE TABLE leaving (           -- addresses from before that stay until everybody has moved
      at INTEGER PRIMARY KEY,
      body TEXT NOT NULL             -- model/stays.to_json
    );
    CREATE TABLE probe (             -- the router's own checks of the change on trial
      at INTEGER PRIMARY KEY,        -- its place in the list
      change TEXT NOT NULL,          -- the id of the change
      name TEXT NOT NULL,
      ok INTEGER,                    -- 1, 0, or NULL for not yet
      figure TEXT NOT NULL,
      seen_at REAL NOT NULL
    );
    """,
    devices.TABLES,
    """
    CREATE TABLE outside (           -- the newest look at the router from outside
      id INTEGER PRIMARY KEY CHECK (id = 1),
      body TEXT NOT NULL,            -- model/outside.to_json
      at REAL NOT NULL
    );
    """,
    newcomers.TABLE,
    verified.TABLE,
    """
    ALTER TABLE ended ADD COLUMN was_kept INTEGER NOT NULL DEFAULT 0;  -- by this try or another
    UPDATE ended SET was_kept = 1 WHERE state = 'kept';
    """,
    exposures.TABLES,
    "ALTER TABLE port ADD COLUMN path TEXT NOT NULL DEFAULT '';",  # as udev's ID_PATH
)


@dataclass(frozen=True, slots=True)
class PortRow:
    """One interface of this box."""

    link: str
    mac: str
    up: bool
    network: str | None
    path: str = ""  # its slot; "" for what sits in none

    @property
    def nic(self) -> Nic:
        """What it is made of, as far as the file knows."""
        return Nic(self.link, self.mac, self.up, path=self.path)


@dataclass(frozen=True, slots=True)
class ProbeRow:
    """One of the router's own checks; `ok` is None while it is not known yet."""

    name: str
    ok: bool | None
    figure: str  # "4 ms", or why not
    seen_at: float


def slices(connection: sqlite3.Connection) -> Slices | None:
    """What is in force, cut per role; None before the first revision was applied."""
    row = connection.execute("SELECT body FROM slice").fetchone()
    return from_json(json.loads(row[0])) if row else None


def ports(connection: sqlite3.Connection) -> list[PortRow]:
    """The box's interfaces by name."""
    rows = connection.execute("SELECT link, mac, up, network, path FROM port ORDER BY link")
    return [PortRow(link, mac, bool(up), network, path) for link, mac, up, network, path in rows]


@dataclass(frozen=True, slots=True)
class Kept:
    """The last revision that was kept; `config` is the JSON as nixie.db had it."""

    revision: int
    config: str
    at: float


@dataclass(frozen=True, slots=True)
class TrialRow:
    """The newest trial.  `before` is the state before it (plan/record.py)."""

    revision: int
    state: str
    began_at: float
    deadline: float | None  # CLOCK_BOOTTIME seconds
    config: str
    nonce: str  # the id of the change
    author: str
    why: str
    before: dict[str, Any]
    ends_at: float | None = None  # the deadline on today's clock, for people


@dataclass(frozen=True, slots=True)
class Ended:
    """How the last try of a revision ended: "kept", "undone" or "refused"."""

    revision: int
    state: str
    why: str
    at: float
    was_kept: bool = False  # by this try, or by one before it


def kept(connection: sqlite3.Connection) -> Kept | None:
    """What runs after a restart; None before the first revision was kept."""
    row = connection.execute("SELECT revision, config, at FROM kept").fetchone()
    return Kept(int(row[0]), str(row[1]), float(row[2])) if row else None


def trial(connection: sqlite3.Connection) -> TrialRow | None:
    """The newest trial, finished ones included."""
    row = connection.execute(
        "SELECT revision, state, began_at, deadline, body FROM trial"
    ).fetchone()
    if row is None:
        return None
    body = json.loads(row[4])
    return TrialRow(
        revision=int(row[0]),
        state=str(row[1]),
        began_at=float(row[2]),
        deadline=row[3],
        config=body["config"],
        nonce=body["nonce"],
        author=body["author"],
        why=body["why"],
        before=body["before"],
        ends_at=body.get("ends_at"),
    )


def endings(connection: sqlite3.Connection) -> dict[int, Ended]:
    """By revision; one that was never tried has none."""
    rows = connection.execute("SELECT revision, state, why, at, was_kept FROM ended").fetchall()
    return {
        number: Ended(number, state, why, at, bool(was_kept))
        for number, state, why, at, was_kept in rows
    }


def leaving(connection: sqlite3.Connection) -> tuple[Stay, ...]:
    """Addresses from before the last Keep that still answer."""
    rows = connection.execute("SELECT body FROM leaving ORDER BY at").fetchall()
    return tuple(stays.from_json(json.loads(row[0])) for row in rows)


def probes(connection: sqlite3.Connection, change: str) -> tuple[ProbeRow, ...]:
    """The router's own checks of a change, in order; () before the first."""
    rows = connection.execute(
        "SELECT name, ok, figure, seen_at FROM probe WHERE change = ? ORDER BY at", (change,)
    ).fetchall()
    return tuple(
        ProbeRow(name, None if ok is None else bool(ok), figure, seen_at)
        for name, ok, figure, seen_at in rows
    )


def seen_outside(connection: sqlite3.Connection) -> tuple[Seen, float] | None:
    """What a stranger outside got to see, and when (Unix seconds); None before the first look."""
    row = connection.execute("SELECT body, at FROM outside").fetchone()
    return (outside.from_json(json.loads(row[0])), float(row[1])) if row else None


def asked(connection: sqlite3.Connection) -> int:
    """The newest wish that net answered, by its place in nixie.db."""
    row = connection.execute("SELECT seq FROM asked").fetchone()
    return int(row[0]) if row else 0


def write_trial(connection: sqlite3.Connection, row: TrialRow) -> None:
    """Put down where the trial stands; on disk when the caller's transaction is."""
    body = {
        "config": row.config,
        "nonce": row.nonce,
        "author": row.author,
        "why": row.why,
        "before": row.before,
        "ends_at": row.ends_at,
    }
    connection.execute(
        "INSERT OR REPLACE INTO trial (id, revision, state, began_at, deadline, body)"
        " VALUES (1, ?, ?, ?, ?, ?)",
        (row.revision, row.state, row.began_at, row.deadline, json.dumps(body)),
    )


def write_kept(connection: sqlite3.Connection, row: Kept) -> None:
    """Put down what to run after a restart."""
    connection.execute(
        "INSERT OR REPLACE INTO kept (id, revision, config, at) VALUES (1, ?, ?, ?)",
        (row.revision, row.config, row.at),
    )


def write_ended(connection: sqlite3.Connection, row: Ended) -> None:
    """Put down how a try ended."""
    connection.execute(
        "INSERT INTO ended (revision, state, why, at, was_kept) VALUES (?, ?, ?, ?, ?)"
        " ON CONFLICT (revision) DO UPDATE SET state = excluded.state, why = excluded.why,"
        " at = excluded.at, was_kept = max(was_kept, excluded.was_kept)",
        (row.revision, row.state, row.why, row.at, row.was_kept or row.state == "kept"),
    )


def write_leaving(connection: sqlite3.Connection, rows: Iterable[Stay]) -> None:
    """Put down what stays, in place of what stayed before."""
    connection.execute("DELETE FROM leaving")
    connection.executemany(
        "INSERT INTO leaving (body) VALUES (?)", [(json.dumps(stays.to_json(row)),) for row in rows]
    )


def write_probes(connection: sqlite3.Connection, change: str, rows: Iterable[ProbeRow]) -> None:
    """Put down the checks of a change, in place of those before."""
    connection.execute("DELETE FROM probe")
    connection.executemany(
        "INSERT INTO probe (change, name, ok, figure, seen_at) VALUES (?, ?, ?, ?, ?)",
        [(change, row.name, row.ok, row.figure, row.seen_at) for row in rows],
    )


def write_outside(connection: sqlite3.Connection, seen: Seen, at: float) -> None:
    """Put down what a stranger got to see, in place of the look before."""
    body = json.dumps(outside.to_json(seen))
    connection.execute("INSERT OR REPLACE INTO outside VALUES (1, ?, ?)", (body, at))


def write_asked(connection: sqlite3.Connection, seq: int) -> bool:
    """Move to the newest wish that was answered; False when it was that one before."""
    if asked(connection) == seq:
        return False
    connection.execute("INSERT OR REPLACE INTO asked VALUES (1, ?)", (seq,))
    return True


def publish(connection: sqlite3.Connection, cut: Slices, at: float) -> bool:
    """Put down the slices; False when they are the same as before and nothing was written."""
    body = json.dumps(to_json(cut))
    if connection.execute("SELECT 1 FROM slice WHERE body = ?", (body,)).fetchone():
        return False
    connection.execute(
        "INSERT OR REPLACE INTO slice (id, revision, body, at) VALUES (1, ?, ?, ?)",
        (cut.revision, body, at),
    )
    return True


def write_ports(connection: sqlite3.Connection, rows: Iterable[PortRow], at: float) -> bool:
    """Put down the box's interfaces; False when they are as before and nothing was written."""
    found = sorted(rows, key=lambda row: row.link)
    if found == ports(connection):
        return False
    connection.execute("DELETE FROM port")
    connection.executemany(
        "INSERT INTO port (link, mac, up, network, path, seen_at) VALUES (?, ?, ?, ?, ?, ?)",
        [(row.link, row.mac, row.up, row.network, row.path, at) for row in found],
    )
    return True
