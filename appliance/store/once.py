"""boot.db, what became of things to boot once.  Written by boot only; see appliance/once.py."""

import sqlite3
from dataclasses import dataclass

ONCE_KEPT = 10_000

MIGRATION = """
    DROP TABLE used_intent;
    CREATE TABLE once (              -- what became of something to boot once
      id TEXT PRIMARY KEY,           -- the owner's asking, which never repeats
      kind TEXT NOT NULL,            -- once.ONCE
      state TEXT NOT NULL,           -- once.STATES
      boot TEXT NOT NULL,            -- the boot in which it came there
      at REAL NOT NULL
    ) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class OnceRow:
    """How far it came; nothing is known of one that no machine was given yet."""

    id: str
    kind: str
    state: str
    boot: str
    at: float


def every(connection: sqlite3.Connection) -> dict[str, OnceRow]:
    """All that is remembered, by id."""
    rows = connection.execute("SELECT id, kind, state, boot, at FROM once").fetchall()
    return {row[0]: OnceRow(*row) for row in rows}


# ── written by boot only; the caller owns the transaction ────────────────────────────────────────


def save(connection: sqlite3.Connection, row: OnceRow) -> None:
    """Insert or replace one."""
    connection.execute(
        "INSERT OR REPLACE INTO once (id, kind, state, boot, at) VALUES (?, ?, ?, ?, ?)",
        (row.id, row.kind, row.state, row.boot, row.at),
    )


def prune(connection: sqlite3.Connection) -> None:
    """Only the newest stay."""
    connection.execute(
        "DELETE FROM once WHERE id IN (SELECT id FROM once ORDER BY at DESC LIMIT -1 OFFSET ?)",
        (ONCE_KEPT,),
    )
