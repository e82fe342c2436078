"""The event table that every role's file has: the bus between roles.

Append in the transaction of the fact; readers keep a cursor (file, seq).
"""

import json
import sqlite3
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from appliance.events import KINDS, Event, from_json, to_json

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
CLOCK_SECONDS = 3600.0
"""How far the clock may have been set back between a wish and its answer."""


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
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk makes SQLite roll back by itself
            connection.execute("ROLLBACK")
        raise


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
    for seq, at, kind, body in rows:
        event = from_json(kind, json.loads(body))
        if event is not None:
            yield Entry(seq, at, event)


def read_back(
    connection: sqlite3.Connection,
    before: int,
    limit: int,
    kinds: Collection[str] = KINDS,
    since: float = 0.0,
) -> list[Entry]:
    """Events of these kinds before `before` and not older than `since`, newest first."""
    rows = connection.execute(
        "SELECT seq, at, kind, body FROM event WHERE seq < ? AND at >= ?"
        " AND kind IN (SELECT value FROM json_each(?)) ORDER BY seq DESC LIMIT ?",
        (before, since, json.dumps(list(kinds)), limit),
    ).fetchall()
    return _entries(rows)


def read_on(
    connection: sqlite3.Connection, after: int, limit: int, kinds: Collection[str] = KINDS
) -> list[Entry]:
    """Events of these kinds after `after`, oldest first."""
    rows = connection.execute(
        "SELECT seq, at, kind, body FROM event WHERE seq > ?"
        " AND kind IN (SELECT value FROM json_each(?)) ORDER BY seq LIMIT ?",
        (after, json.dumps(list(kinds)), limit),
    ).fetchall()
    return _entries(rows)


def latest(
    connection: sqlite3.Connection, kinds: Collection[str], fields: Collection[str]
) -> list[Entry]:
    """The newest event of each kind and of each value of these fields, newest first."""
    apart = "".join(f", json_extract(body, '$.{name}')" for name in fields)
    rows = connection.execute(
        "SELECT max(seq), at, kind, body FROM event"
        f" WHERE kind IN (SELECT value FROM json_each(?)) GROUP BY kind{apart}",
        (json.dumps(list(kinds)),),
    ).fetchall()
    return _entries(sorted(rows, reverse=True))


def answers(connection: sqlite3.Connection, wish: str, asked_at: float) -> list[Entry]:
    """Events that name a wish, oldest first; `asked_at` is when it was made, on the same clock."""
    naming = [name for name, kind in KINDS.items() if "wish" in kind.__dataclass_fields__]
    rows = connection.execute(
        "SELECT seq, at, kind, body FROM event WHERE kind IN (SELECT value FROM json_each(?))"
        " AND at >= ? AND json_extract(body, '$.wish') = ? ORDER BY seq",
        (json.dumps(naming), asked_at - CLOCK_SECONDS, wish),
    ).fetchall()
    return _entries(rows)


def last(connection: sqlite3.Connection) -> int:
    """The newest seq, 0 when there is none."""
    (seq,) = connection.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone()
    return int(seq)


def prune(connection: sqlite3.Connection) -> None:
    """Drop all but the newest KEPT events."""
    connection.execute("DELETE FROM event WHERE seq <= (SELECT max(seq) FROM event) - ?", (KEPT,))


def _entries(rows: list[tuple[int, float, str, str]]) -> list[Entry]:
    """Rows of kinds that this version knows."""
    told = ((seq, at, from_json(kind, json.loads(body))) for seq, at, kind, body in rows)
    return [Entry(seq, at, event) for seq, at, event in told if event is not None]
