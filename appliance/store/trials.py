"""net.db: what is in force.  Written by net only; every packet role reads its slice here."""

import json
import sqlite3
from dataclasses import dataclass

from appliance.model.slices import Slices, from_json
from appliance.store.journal import EVENTS

MIGRATIONS = (
    f"""
    {EVENTS};
    CREATE TABLE trial (
      id INTEGER PRIMARY KEY CHECK (id = 1),   -- one at a time
      revision INTEGER NOT NULL,
      state TEXT NOT NULL,           -- a state of appliance/trial.py
      began_at REAL NOT NULL,
      deadline REAL,                 -- CLOCK_BOOTTIME seconds
      body TEXT NOT NULL             -- JSON: state before, nonce, author
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
)


@dataclass(frozen=True, slots=True)
class PortRow:
    """One interface of this box."""

    link: str
    mac: str
    up: bool
    network: str | None


def slices(connection: sqlite3.Connection) -> Slices | None:
    """What is in force, cut per role; None before the first revision was applied."""
    row = connection.execute("SELECT body FROM slice").fetchone()
    return from_json(json.loads(row[0])) if row else None


def ports(connection: sqlite3.Connection) -> list[PortRow]:
    """The box's interfaces by name."""
    rows = connection.execute("SELECT link, mac, up, network FROM port ORDER BY link").fetchall()
    return [PortRow(link, mac, bool(up), network) for link, mac, up, network in rows]
