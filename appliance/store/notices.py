"""notice.db: what was heard, what is still to be sent, and what became of it.  Written by notice
only.

A notice is queued in the transaction that moves the cursor past its event, and leaves the queue
after its server took it: a restart in between sends it once more rather than never.
"""

import sqlite3
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from appliance.store.journal import EVENTS
from appliance.store.public_names import ASKED, TABLE

MIGRATIONS = (
    f"""
    {EVENTS};
    CREATE TABLE heard (
      file TEXT PRIMARY KEY,           -- "net": the journal of net.db
      seq INTEGER NOT NULL             -- of the newest event that was heard
    ) WITHOUT ROWID;
    CREATE TABLE standing (
      what TEXT PRIMARY KEY            -- a trouble that was told, and still is so
    ) WITHOUT ROWID;
    CREATE TABLE queued (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      channel TEXT NOT NULL,
      topic TEXT NOT NULL,
      what TEXT NOT NULL,
      at REAL NOT NULL
    );
    CREATE TABLE outcome (
      channel TEXT PRIMARY KEY,
      at REAL NOT NULL,
      sent INTEGER NOT NULL,           -- 1: its server took the last one
      said TEXT NOT NULL               -- what the server said, or why it cannot be reached
    ) WITHOUT ROWID;
    CREATE TABLE asked (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      seq INTEGER NOT NULL             -- the newest wish that was answered
    );
    """,
    f"{TABLE}; {ASKED};",
)
MOST_QUEUED = 500
"""For one channel: the oldest go first."""


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing to tell."""

    topic: str
    what: str
    at: float


@dataclass(frozen=True, slots=True)
class Queued:
    """A notice that waits; ids grow."""

    id: int
    notice: Notice


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the last one; `waiting` are those that are not sent yet."""

    at: float
    sent: bool
    said: str


def heard(connection: sqlite3.Connection) -> dict[str, int]:
    """By file: the newest event that was heard."""
    rows = connection.execute("SELECT file, seq FROM heard").fetchall()
    return {str(file): int(seq) for file, seq in rows}


def write_heard(connection: sqlite3.Connection, places: Mapping[str, int]) -> None:
    """Everything up to these was heard."""
    connection.executemany("INSERT OR REPLACE INTO heard VALUES (?, ?)", places.items())


def standing(connection: sqlite3.Connection) -> frozenset[str]:
    """The troubles that were told and still are so."""
    return frozenset(str(what) for (what,) in connection.execute("SELECT what FROM standing"))


def write_standing(connection: sqlite3.Connection, whats: Iterable[str]) -> None:
    """These, and no others, are so."""
    connection.execute("DELETE FROM standing")
    connection.executemany("INSERT INTO standing VALUES (?)", [(what,) for what in whats])


def queue(connection: sqlite3.Connection, channel: str, notices: Iterable[Notice]) -> None:
    """To be sent; of too many the oldest are forgotten."""
    connection.executemany(
        "INSERT INTO queued (channel, topic, what, at) VALUES (?, ?, ?, ?)",
        [(channel, one.topic, one.what, one.at) for one in notices],
    )
    connection.execute(
        "DELETE FROM queued WHERE channel = ? AND id NOT IN"
        " (SELECT id FROM queued WHERE channel = ? ORDER BY id DESC LIMIT ?)",
        (channel, channel, MOST_QUEUED),
    )


def queued(connection: sqlite3.Connection, channel: str) -> list[Queued]:
    """What waits for a channel, oldest first."""
    rows = connection.execute(
        "SELECT id, topic, what, at FROM queued WHERE channel = ? ORDER BY id", (channel,)
    ).fetchall()
    return [Queued(ident, Notice(topic, what, at)) for ident, topic, what, at in rows]


def waiting(connection: sqlite3.Connection) -> dict[str, int]:
    """By channel: how many wait."""
    rows = connection.execute("SELECT channel, count(*) FROM queued GROUP BY channel").fetchall()
    return {str(channel): int(count) for channel, count in rows}


def sent(connection: sqlite3.Connection, channel: str, newest: int) -> None:
    """Its server took everything up to that one."""
    connection.execute("DELETE FROM queued WHERE channel = ? AND id <= ?", (channel, newest))


def forget_channels(connection: sqlite3.Connection, kept: Collection[str]) -> None:
    """Drop what waits for channels that are no more."""
    for table in ("queued", "outcome"):
        rows = connection.execute(f"SELECT DISTINCT channel FROM {table}").fetchall()
        gone = [(str(one),) for (one,) in rows if one not in kept]
        connection.executemany(f"DELETE FROM {table} WHERE channel = ?", gone)


def outcomes(connection: sqlite3.Connection) -> dict[str, Outcome]:
    """By channel: what became of the last one."""
    rows = connection.execute("SELECT channel, at, sent, said FROM outcome").fetchall()
    return {str(channel): Outcome(at, bool(done), said) for channel, at, done, said in rows}


def write_outcome(connection: sqlite3.Connection, channel: str, outcome: Outcome) -> None:
    """What became of it."""
    connection.execute(
        "INSERT OR REPLACE INTO outcome VALUES (?, ?, ?, ?)",
        (channel, outcome.at, outcome.sent, outcome.said),
    )


def asked(connection: sqlite3.Connection) -> int:
    """The newest wish that was answered, by its place in nixie.db."""
    row = connection.execute("SELECT seq FROM asked").fetchone()
    return int(row[0]) if row else 0


def write_asked(connection: sqlite3.Connection, seq: int) -> None:
    """That wish was answered."""
    connection.execute("INSERT OR REPLACE INTO asked VALUES (1, ?)", (seq,))
