"""metrics.db: what moved.  Written by net only, read by web; it may be deleted.

A series is a MAC, "net:" and a network's name, or "wan".  `down` is what came to it: to the device,
to the network, from the internet.  Sizes are bounded: an hour in minutes and a day in pieces of ten
minutes, for each series that moved anything.
"""

import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

MINUTE, PIECE = 60, 600
KEPT_SECONDS: Mapping[int, int] = {MINUTE: 3_660, PIECE: 87_000}
"""Length of a slot to how long slots of that length are kept."""
WAN = "wan"

MIGRATIONS = (
    """
    CREATE TABLE rate (
      series TEXT PRIMARY KEY,
      down REAL NOT NULL,            -- bytes a second
      up REAL NOT NULL,
      at REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE TABLE traffic (
      span INTEGER NOT NULL,         -- 60 or 600 seconds
      series TEXT NOT NULL,
      slot INTEGER NOT NULL,         -- Unix seconds at which it begins
      down INTEGER NOT NULL,         -- bytes
      up INTEGER NOT NULL,
      PRIMARY KEY (span, series, slot)
    ) WITHOUT ROWID;
    """,
)


@dataclass(frozen=True, slots=True)
class Rate:
    """Bytes a second over the last few seconds."""

    down: float
    up: float


@dataclass(frozen=True, slots=True)
class Moved:
    """Bytes within one slot, which began at `slot`."""

    slot: int
    down: int
    up: int


def of_network(name: str) -> str:
    """The series of a network."""
    return f"net:{name}"


def rates(connection: sqlite3.Connection, since: float) -> dict[str, Rate]:
    """The newest rate of every series that was looked at since then."""
    rows = connection.execute(
        "SELECT series, down, up FROM rate WHERE at >= ?", (since,)
    ).fetchall()
    return {series: Rate(down, up) for series, down, up in rows}


def moved(
    connection: sqlite3.Connection, series: Iterable[str], span: int, since: float
) -> dict[str, list[Moved]]:
    """The slots of a span, oldest first; one in which nothing moved is not there."""
    found: dict[str, list[Moved]] = {}
    for name in series:
        rows = connection.execute(
            "SELECT slot, down, up FROM traffic WHERE span = ? AND series = ? AND slot >= ?"
            " ORDER BY slot",
            (span, name, since),
        ).fetchall()
        found[name] = [Moved(*row) for row in rows]
    return found


# ── written by net only; the caller owns the transaction ─────────────────────────────────────────


def hasten(connection: sqlite3.Connection) -> None:
    """Do not wait for the disk: a power cut may take the last minutes."""
    connection.execute("PRAGMA synchronous=NORMAL")


def write_rates(connection: sqlite3.Connection, found: Mapping[str, Rate], at: float) -> None:
    """The rates of this moment; all others are forgotten."""
    connection.execute("DELETE FROM rate")
    connection.executemany(
        "INSERT INTO rate VALUES (?, ?, ?, ?)",
        [(series, rate.down, rate.up, at) for series, rate in found.items()],
    )


def add(connection: sqlite3.Connection, found: Mapping[str, tuple[int, int]], at: float) -> None:
    """Bytes (down, up) that moved just before `at`; old slots go."""
    for span, kept in KEPT_SECONDS.items():
        slot = int(at // span) * span
        connection.executemany(
            "INSERT INTO traffic VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " down = down + excluded.down, up = up + excluded.up",
            [(span, series, slot, down, up) for series, (down, up) in found.items()],
        )
        connection.execute("DELETE FROM traffic WHERE span = ? AND slot < ?", (span, at - kept))
        connection.execute("DELETE FROM traffic WHERE span = ? AND slot > ?", (span, at + span))
