"""boot.db, when each machine was woken last.  Written by boot only."""

import json
import sqlite3
from dataclasses import dataclass

WAKES_KEPT = 1000

MIGRATION = """
    CREATE TABLE wake (              -- the last packet that was to wake a machine
      machine TEXT PRIMARY KEY,
      at REAL NOT NULL,
      networks TEXT NOT NULL,        -- JSON list of names: where it was sent
      why TEXT NOT NULL              -- when it was sent nowhere
    ) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class WakeRow:
    """A machine was to be woken; `networks` is empty when that could not be tried, and `why`."""

    machine: str
    at: float
    networks: tuple[str, ...]
    why: str = ""


def every(connection: sqlite3.Connection) -> dict[str, WakeRow]:
    """By machine."""
    rows = connection.execute("SELECT machine, at, networks, why FROM wake").fetchall()
    return {row[0]: WakeRow(row[0], row[1], tuple(json.loads(row[2])), row[3]) for row in rows}


def seen_on(connection: sqlite3.Connection, mac: str) -> str | None:
    """The network on which that MAC booted last."""
    row = connection.execute(
        "SELECT network FROM boot WHERE mac = ? ORDER BY began_at DESC LIMIT 1", (mac,)
    ).fetchone()
    return str(row[0]) if row else None


# ── written by boot only; the caller owns the transaction ────────────────────────────────────────


def save(connection: sqlite3.Connection, row: WakeRow) -> None:
    """Keep the last one of a machine."""
    connection.execute(
        "INSERT OR REPLACE INTO wake (machine, at, networks, why) VALUES (?, ?, ?, ?)",
        (row.machine, row.at, json.dumps(row.networks), row.why),
    )


def prune(connection: sqlite3.Connection) -> None:
    """Only the newest stay."""
    connection.execute(
        "DELETE FROM wake WHERE machine IN"
        " (SELECT machine FROM wake ORDER BY at DESC LIMIT -1 OFFSET ?)",
        (WAKES_KEPT,),
    )
