"""dns.db: the last slice, the lists of blocked names as they were fetched last, and how it goes.

Nothing in it is missed after a power cut, except that lists are fetched again.
"""

import json
import sqlite3
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.store import slices
from appliance.store.open import writer

MIGRATIONS = (
    slices.TABLE,
    """
    CREATE TABLE blocklist (
      url TEXT PRIMARY KEY,
      exact BLOB NOT NULL,           -- sorted hashes of names (services/dns/blocked.py)
      below BLOB NOT NULL,           -- of names that stand for all below them, too
      names INTEGER NOT NULL,
      fetched_at REAL,               -- NULL: never
      tried_at REAL NOT NULL,
      problem TEXT NOT NULL          -- why the last try failed; "" when it did not
    ) WITHOUT ROWID;
    CREATE TABLE standing (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      body TEXT NOT NULL,            -- JSON: what the role did since it started
      at REAL NOT NULL
    );
    """,
    """
    CREATE TABLE look (              -- what was asked to be looked up, the newest few
      wish TEXT PRIMARY KEY,
      what TEXT NOT NULL,            -- the sentence
      at REAL NOT NULL
    ) WITHOUT ROWID;
    """,
)
LOOKS_KEPT = 20


@dataclass(frozen=True, slots=True)
class ListRow:
    """One list, as pages see it; times are Unix seconds."""

    url: str
    names: int
    fetched_at: float | None
    tried_at: float
    problem: str


@dataclass(frozen=True, slots=True)
class Standing:
    """How the role does, as of `at`."""

    at: float
    counts: Mapping[str, int]
    upstreams: tuple[Mapping[str, Any], ...]
    paused_until: float  # as it was asked last; 0 for never
    noted_until: float = 0.0  # who asks for what is put down; as it was asked last


@dataclass(frozen=True, slots=True)
class Question:
    """Who asked for what; `by` is the server that was asked, or the lists that block it."""

    at: float
    client: str  # its address
    name: str
    record: str  # "A"
    said: str
    why: str  # "blocked", "local", "cache", "upstream", "stale", "private", "failed", "refused"
    by: str


def questions(told: list[Any] | None) -> list[Question] | None:
    """What dns told of its memory."""
    return None if told is None else [Question(**one) for one in told]


def opened(path: Path) -> sqlite3.Connection:
    """dns.db for the dns role.  Nothing in it is worth the wait for the disk at each commit."""
    connection = writer(path, MIGRATIONS)
    connection.execute("PRAGMA synchronous=NORMAL")
    return connection


def lists(connection: sqlite3.Connection) -> list[ListRow]:
    """Every list that was tried."""
    rows = connection.execute(
        "SELECT url, names, fetched_at, tried_at, problem FROM blocklist ORDER BY url"
    ).fetchall()
    return [ListRow(*row) for row in rows]


def hashes(connection: sqlite3.Connection, url: str) -> tuple[bytes, bytes] | None:
    """The names of a list; None when it was never fetched."""
    row = connection.execute(
        "SELECT exact, below FROM blocklist WHERE url = ? AND fetched_at IS NOT NULL", (url,)
    ).fetchone()
    return (row[0], row[1]) if row else None


def keep_list(
    connection: sqlite3.Connection, url: str, exact: bytes, below: bytes, at: float
) -> None:
    """A list was fetched."""
    count = (len(exact) + len(below)) // 8
    connection.execute(
        "INSERT OR REPLACE INTO blocklist VALUES (?, ?, ?, ?, ?, ?, '')",
        (url, exact, below, count, at, at),
    )
    connection.execute("PRAGMA shrink_memory")  # all of it went through the cache


def keep_problem(connection: sqlite3.Connection, url: str, problem: str, at: float) -> None:
    """A list could not be fetched; what is known of it stays."""
    connection.execute(
        "INSERT INTO blocklist VALUES (?, x'', x'', 0, NULL, ?, ?)"
        " ON CONFLICT (url) DO UPDATE SET tried_at = excluded.tried_at, problem = excluded.problem",
        (url, at, problem),
    )


def forget_lists(connection: sqlite3.Connection, kept: Collection[str]) -> None:
    """Drop the lists that nobody wants any more."""
    connection.execute(
        "DELETE FROM blocklist WHERE url NOT IN (SELECT value FROM json_each(?))",
        (json.dumps(list(kept)),),
    )


def keep_look(connection: sqlite3.Connection, wish: str, what: str, at: float) -> None:
    """A name was looked up."""
    connection.execute("INSERT OR REPLACE INTO look VALUES (?, ?, ?)", (wish, what, at))
    connection.execute(
        "DELETE FROM look WHERE wish NOT IN (SELECT wish FROM look ORDER BY at DESC LIMIT ?)",
        (LOOKS_KEPT,),
    )


def look(connection: sqlite3.Connection, wish: str) -> tuple[str, float] | None:
    """The sentence about a name that was looked up, and when; None before that."""
    row = connection.execute("SELECT what, at FROM look WHERE wish = ?", (wish,)).fetchone()
    return (str(row[0]), float(row[1])) if row else None


def keep_standing(connection: sqlite3.Connection, body: Mapping[str, Any], at: float) -> None:
    """How it goes."""
    connection.execute("INSERT OR REPLACE INTO standing VALUES (1, ?, ?)", (json.dumps(body), at))


def standing(connection: sqlite3.Connection) -> Standing | None:
    """How it went when the role last said so; None before that."""
    row = connection.execute("SELECT body, at FROM standing").fetchone()
    if row is None:
        return None
    body = json.loads(row[0])
    times = float(body["paused_until"]), float(body.get("noted_until", 0))
    return Standing(float(row[1]), body["counts"], tuple(body["upstreams"]), *times)
