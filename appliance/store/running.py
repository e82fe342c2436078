"""boot.db, what each machine said last that it runs.  Written by boot only."""

import sqlite3
from dataclasses import dataclass

RUNNING_KEPT = 10_000

MIGRATION = """
    CREATE TABLE running (           -- what a machine that phoned home runs
      network TEXT NOT NULL,
      mac TEXT NOT NULL,
      boot TEXT NOT NULL,
      host TEXT NOT NULL,
      generation INTEGER NOT NULL,
      served TEXT NOT NULL,          -- the toplevel that it was sent
      toplevel TEXT NOT NULL,        -- the toplevel that it runs
      at REAL NOT NULL,              -- since when, as far as it said
      secret_hash TEXT NOT NULL,     -- who may say otherwise
      PRIMARY KEY (network, mac)
    ) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class RunningRow:
    """What one machine runs."""

    network: str
    mac: str
    boot: str
    host: str
    generation: int
    served: str
    toplevel: str
    at: float
    secret_hash: str


_COLUMNS = "network, mac, boot, host, generation, served, toplevel, at, secret_hash"


def every(connection: sqlite3.Connection) -> list[RunningRow]:
    """All that was heard."""
    return [RunningRow(*row) for row in connection.execute(f"SELECT {_COLUMNS} FROM running")]


def of_boot(connection: sqlite3.Connection, boot: str) -> RunningRow | None:
    """What that boot came to, None when its machine phoned home from a later one."""
    found = connection.execute(f"SELECT {_COLUMNS} FROM running WHERE boot = ?", (boot,))
    row = found.fetchone()
    return RunningRow(*row) if row else None


# ── written by boot only; the caller owns the transaction ────────────────────────────────────────


def save(connection: sqlite3.Connection, row: RunningRow) -> None:
    """Insert or replace what a machine runs."""
    connection.execute(
        f"INSERT OR REPLACE INTO running ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row.network,
            row.mac,
            row.boot,
            row.host,
            row.generation,
            row.served,
            row.toplevel,
            row.at,
            row.secret_hash,
        ),
    )


def prune(connection: sqlite3.Connection) -> None:
    """Only the newest stay."""
    connection.execute(
        "DELETE FROM running WHERE (network, mac) IN"
        " (SELECT network, mac FROM running ORDER BY at DESC LIMIT -1 OFFSET ?)",
        (RUNNING_KEPT,),
    )
