"""build.db: what builds and evaluations took, and what the next build of each host would take.

Written by build only.  What was measured outlives the build's own row.
"""

import json
import sqlite3
from dataclasses import asdict, astuple, dataclass

from appliance.model.outlook import Need, Outlook

TIMINGS_KEPT = 8
"""Of each host and builder: hardware and flakes change."""

ROUTER = ""
"""In the place of a host: this router, whatever it builds."""

TABLE = """
    CREATE TABLE timing (            -- what a build took that had something to build
      build TEXT PRIMARY KEY,
      host TEXT NOT NULL,
      builder TEXT NOT NULL,         -- its name, '' for this router
      whole INTEGER NOT NULL,        -- 0: the disk or the memory ended it, it needs more than this
      seconds REAL NOT NULL,
      derivations INTEGER NOT NULL,  -- that a dry run said would be built
      disk INTEGER NOT NULL,         -- bytes by which the store's disk had less room at its worst
      memory INTEGER NOT NULL,       -- bytes that all builds held at their most, 0 unknown
      at REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE evaluation (        -- what the last look at a host took
      host TEXT PRIMARY KEY,
      seconds REAL NOT NULL,
      memory INTEGER NOT NULL        -- bytes at its most, 0 unknown
    ) WITHOUT ROWID;
    CREATE TABLE measured (name TEXT PRIMARY KEY, value REAL NOT NULL, at REAL NOT NULL)
      WITHOUT ROWID;
    CREATE TABLE outlook (
      host TEXT PRIMARY KEY,
      recipe TEXT NOT NULL,          -- of the look it was made for, as in table verdict
      short TEXT NOT NULL,
      needs TEXT NOT NULL,           -- JSON: Need fields
      at REAL NOT NULL
    ) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Timing:
    """What a build took; sizes in bytes."""

    build: str
    host: str
    builder: str  # "" for this router
    whole: bool  # False: it needed more than this
    seconds: float
    derivations: int
    disk: int
    memory: int
    at: float


def timings(connection: sqlite3.Connection) -> list[Timing]:
    """The newest first."""
    rows = connection.execute(
        "SELECT build, host, builder, whole, seconds, derivations, disk, memory, at FROM timing"
        " ORDER BY at DESC, build DESC"
    )
    return [Timing(*(*row[:3], bool(row[3]), *row[4:])) for row in rows]


def timed(connection: sqlite3.Connection, told: Timing) -> None:
    """A build was measured; only the newest of its host and builder stay."""
    connection.execute(
        "INSERT OR REPLACE INTO timing VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", astuple(told)
    )
    connection.execute(
        "DELETE FROM timing WHERE build IN (SELECT build FROM timing WHERE host = ? AND"
        " builder = ? ORDER BY at DESC, build DESC LIMIT -1 OFFSET ?)",
        (told.host, told.builder, TIMINGS_KEPT),
    )


def evaluations(connection: sqlite3.Connection) -> dict[str, tuple[float, int]]:
    """Host → seconds and bytes of the last look."""
    rows = connection.execute("SELECT host, seconds, memory FROM evaluation")
    return {host: (seconds, memory) for host, seconds, memory in rows}


def evaluated(connection: sqlite3.Connection, host: str, seconds: float, memory: int) -> None:
    """A host was looked at."""
    connection.execute(
        "INSERT OR REPLACE INTO evaluation VALUES (?, ?, ?)", (host, seconds, memory)
    )


def measured(connection: sqlite3.Connection, name: str) -> tuple[float, float] | None:
    """A figure of this machine and when it was taken."""
    row = connection.execute("SELECT value, at FROM measured WHERE name = ?", (name,)).fetchone()
    return (float(row[0]), float(row[1])) if row else None


def measure(connection: sqlite3.Connection, name: str, value: float, at: float) -> None:
    """Keep a figure of this machine."""
    connection.execute("INSERT OR REPLACE INTO measured VALUES (?, ?, ?)", (name, value, at))


def outlooks(connection: sqlite3.Connection) -> dict[str, Outlook]:
    """By host; those of hosts that are gone stay out."""
    rows = connection.execute(
        "SELECT outlook.host, short, needs, at FROM outlook JOIN verdict USING (host)"
    )
    return {host: Outlook(host, short, _needs(needs), at) for host, short, needs, at in rows}


def of_router(connection: sqlite3.Connection) -> Outlook | None:
    """What this router can build itself, whatever the host; None before that was found out."""
    found = connection.execute(
        "SELECT short, needs, at FROM outlook WHERE host = ?", (ROUTER,)
    ).fetchone()
    return Outlook(ROUTER, found[0], _needs(found[1]), found[2]) if found else None


def foreseen(connection: sqlite3.Connection, told: Outlook, recipe: str) -> None:
    """What a build of `recipe` would take."""
    needs = json.dumps([asdict(one) for one in told.needs])
    connection.execute(
        "INSERT OR REPLACE INTO outlook VALUES (?, ?, ?, ?, ?)",
        (told.host, recipe, told.short, needs, told.at),
    )


def unforeseen(connection: sqlite3.Connection, before: float) -> list[tuple[str, str]]:
    """(host, recipe) of those that can be built and of which nothing newer than `before` is known;
    those of which nothing is known at all come first.  Hosts from files build nothing."""
    return connection.execute(
        "SELECT verdict.host, verdict.recipe FROM verdict LEFT JOIN outlook USING (host)"
        " WHERE verdict.recipe <> 'null' AND json_extract(verdict.recipe, '$.files') IS NULL"
        " AND (outlook.at IS NULL OR outlook.at < ?"
        " OR outlook.recipe <> verdict.recipe)"
        " ORDER BY outlook.at IS NOT NULL, verdict.host",
        (before,),
    ).fetchall()


def stale(connection: sqlite3.Connection, host: str | None = None) -> None:
    """What was foreseen of a host, or of all, may no longer hold."""
    connection.execute("UPDATE outlook SET at = 0 WHERE ? IS NULL OR host = ?", (host, host))


def forget_gone(connection: sqlite3.Connection) -> None:
    """What is known of hosts that are gone goes; what builds took stays for a source that comes
    back."""
    for table in ("outlook", "evaluation"):
        connection.execute(
            f"DELETE FROM {table} WHERE host <> ? AND host NOT IN (SELECT host FROM verdict)",
            (ROUTER,),
        )


def _needs(stored: str) -> tuple[Need, ...]:
    return tuple(Need(**one) for one in json.loads(stored))
