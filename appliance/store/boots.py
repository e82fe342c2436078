"""boot.db: one row per boot, its steps, what machines said.  Written by boot only.

`boot.state`: "asking" (DHCP seen), "loading", "starting" (all sent, not heard yet), "up" (phoned
home), "served" (sent to an unwatched image, which is all one can know), "held", "local", "short"
(fell short; see `diagnosis`), "left" (a newer boot began before this one showed an end).
"""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from appliance.store.journal import EVENTS

MIGRATIONS = (
    f"""
    {EVENTS};
    CREATE TABLE boot (
      id TEXT PRIMARY KEY,
      network TEXT NOT NULL,
      mac TEXT NOT NULL,
      machine TEXT,                  -- machine id, when known
      firmware TEXT NOT NULL,        -- "bios", "uefi-x64", "uefi-x64-http", ... or "ipxe"
      began_at REAL NOT NULL,
      ended_at REAL,
      state TEXT NOT NULL,
      host TEXT,                     -- host id served
      name TEXT,                     -- host name, for people
      image TEXT,                    -- image id served
      generation INTEGER,
      intent TEXT,
      intent_id TEXT,
      toplevel TEXT,                 -- what the machine says it runs
      diagnosis TEXT,                -- id of diagnosis.py
      facts TEXT NOT NULL DEFAULT '{{}}'   -- JSON: uuid, serial, bus_id, version, phone-home fields
    );
    CREATE INDEX boot_mac ON boot (mac, began_at);
    CREATE INDEX boot_began ON boot (began_at);
    CREATE TABLE step (
      boot TEXT NOT NULL REFERENCES boot (id) ON DELETE CASCADE,
      number INTEGER NOT NULL,
      kind TEXT NOT NULL,            -- "dhcp", "loader", "autoexec", "script", "menu", "part",
                                     -- "hold", "report", "up"
      name TEXT NOT NULL,            -- "OFFER", "x64/snponly.efi", "bzImage"
      began_at REAL NOT NULL,
      ended_at REAL,
      bytes INTEGER,                 -- sent
      total INTEGER,                 -- to send
      status TEXT NOT NULL,          -- "ok", "running", "aborted", "missing", "refused"
      detail TEXT NOT NULL DEFAULT '{{}}',
      PRIMARY KEY (boot, number)
    ) WITHOUT ROWID;
    CREATE TABLE heard (
      image TEXT PRIMARY KEY,        -- generation facts: how often it came up
      ups INTEGER NOT NULL DEFAULT 0,
      shorts INTEGER NOT NULL DEFAULT 0,
      last_up REAL
    );
    CREATE TABLE held (
      network TEXT NOT NULL,
      mac TEXT NOT NULL,
      code TEXT NOT NULL,            -- four digits, on the machine's screen
      since REAL NOT NULL,
      last_asked REAL NOT NULL,
      facts TEXT NOT NULL DEFAULT '{{}}',
      PRIMARY KEY (network, mac)
    );
    CREATE TABLE used_intent (intent_id TEXT PRIMARY KEY, at REAL NOT NULL);
    """,
)


@dataclass(frozen=True, slots=True)
class BootRow:
    """One boot."""

    id: str
    network: str
    mac: str
    machine: str | None
    firmware: str
    began_at: float
    ended_at: float | None
    state: str
    host: str | None
    name: str | None
    image: str | None
    generation: int | None
    intent: str | None
    toplevel: str | None
    diagnosis: str | None
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of a boot; sizes in bytes."""

    number: int
    kind: str
    name: str
    began_at: float
    ended_at: float | None
    bytes: int | None
    total: int | None
    status: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A machine that waits for the owner and shows a code."""

    network: str
    mac: str
    code: str
    since: float
    last_asked: float
    facts: dict[str, Any]


_BOOT = (
    "id, network, mac, machine, firmware, began_at, ended_at, state, host, name, image, generation,"
    " intent, toplevel, diagnosis, facts"
)


def boots(
    connection: sqlite3.Connection, *, mac: str | None = None, limit: int = 50
) -> list[BootRow]:
    """The newest boots first, of one machine's MAC or of all."""
    rows = connection.execute(
        f"SELECT {_BOOT} FROM boot WHERE ? IS NULL OR mac = ? ORDER BY began_at DESC LIMIT ?",
        (mac, mac, limit),
    ).fetchall()
    return [BootRow(*(*row[:-1], json.loads(row[-1]))) for row in rows]


def boot(connection: sqlite3.Connection, ident: str) -> BootRow | None:
    """One boot by id."""
    row = connection.execute(f"SELECT {_BOOT} FROM boot WHERE id = ?", (ident,)).fetchone()
    return BootRow(*(*row[:-1], json.loads(row[-1]))) if row else None


def steps(connection: sqlite3.Connection, ident: str) -> list[StepRow]:
    """The steps of one boot, in order."""
    rows = connection.execute(
        "SELECT number, kind, name, began_at, ended_at, bytes, total, status, detail FROM step"
        " WHERE boot = ? ORDER BY number",
        (ident,),
    ).fetchall()
    return [StepRow(*(*row[:-1], json.loads(row[-1]))) for row in rows]


def held(connection: sqlite3.Connection, since: float) -> list[HeldRow]:
    """Machines that asked after `since` and wait for an assignment."""
    rows = connection.execute(
        "SELECT network, mac, code, since, last_asked, facts FROM held"
        " WHERE last_asked >= ? ORDER BY since",
        (since,),
    ).fetchall()
    return [HeldRow(*(*row[:-1], json.loads(row[-1]))) for row in rows]
