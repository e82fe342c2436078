"""The event table that every role's file has: the bus between roles.

Append in the transaction of the fact; readers keep a cursor (file, seq).
"""

import json
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from appliance.events import Event, from_json, to_json

EVENTS = """
CREATE TABLE event (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  at REAL NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL
)
"""
KEPT = 50_000
"""Events kept per file; `prune` drops the oldest."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One event with its place in the file."""

    seq: int
    at: float
    event: Event


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; on disk when it ends."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")


def append(connection: sqlite3.Connection, event: Event, at: float) -> int:
    """Add one event; the caller owns the transaction.  Returns its seq."""
    done = connection.execute(
        "INSERT INTO event (at, kind, body) VALUES (?, ?, ?)",
        (at, type(event).__name__, json.dumps(to_json(event))),
    )
    return int(done.lastrowid or 0)


def read(connection: sqlite3.Connection, after: int, limit: int = 500) -> Iterator[Entry]:
    """Events after `after`, oldest first; kinds this version does not know are skipped."""
    rows = connection.execute(
        "SELECT seq, at, kind, body FROM event WHERE seq > ? ORDER BY seq LIMIT ?", (after, limit)
    ).fetchall()
    for row in rows:
        if entry := _entry(*row):
            yield entry


def newest(
    connection: sqlite3.Connection, kinds: Collection[str], limit: int, before: float
) -> list[Entry]:
    """Events of these kinds older than `before`, the newest first."""
    rows = connection.execute(
        "SELECT seq, at, kind, body FROM event WHERE at < ?"
        " AND kind IN (SELECT value FROM json_each(?)) ORDER BY seq DESC LIMIT ?",
        (before, json.dumps(list(kinds)), limit),
    ).fetchall()
    return [entry for row in rows if (entry := _entry(*row))]


def latest(
    connection: sqlite3.Connection, kinds: Collection[str], fields: Sequence[str]
) -> list[Entry]:
    """The newest event of each kind and of each value of these fields, the newest first."""
    apart = "".join(f", json_extract(body, '$.{field}')" for field in fields)
    rows = connection.execute(
        "SELECT max(seq), at, kind, body FROM event"
        " WHERE kind IN (SELECT value FROM json_each(?))"
        f" GROUP BY kind{apart} ORDER BY seq DESC",
        (json.dumps(list(kinds)),),
    ).fetchall()
    return [entry for row in rows if (entry := _entry(*row))]


def last(connection: sqlite3.Connection) -> int:
    """The newest seq, 0 when there is none."""
    (seq,) = connection.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone()
    return int(seq)


def prune(connection: sqlite3.Connection) -> None:
    """Drop all but the newest KEPT events."""
    connection.execute("DELETE FROM event WHERE seq <= (SELECT max(seq) FROM event) - ?", (KEPT,))


def _entry(seq: int, at: float, kind: str, body: str) -> Entry | None:
    """None for a kind that this version does not know."""
    event = from_json(kind, json.loads(body))
    return Entry(seq, at, event) if event is not None else None
