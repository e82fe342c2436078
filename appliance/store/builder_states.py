"""What the role `build` knows of builders, in build.db: how each stands, and what a trial found.

The builders themselves are rows of nixie.db, which web writes.
"""

import json
import sqlite3
from dataclasses import asdict, dataclass

from appliance.events import BuilderBack, BuilderLeft, BuilderLost, BuilderTried
from appliance.store.journal import append

NEW, UNKNOWN, TRYING, READY, LOST, UNFIT = "new", "unknown", "trying", "ready", "lost", "unfit"
STATES: tuple[str, ...] = (NEW, UNKNOWN, TRYING, READY, LOST, UNFIT)
"""Not tried yet; its host key waits for the owner; on trial; builds; does not answer; a trial found
something that its owner has to put right."""

REACH, KEY, LOGIN, NIX, TRUST, BUILD = "reach", "key", "login", "nix", "trust", "build"
STEPS: tuple[str, ...] = (REACH, KEY, LOGIN, NIX, TRUST, BUILD)

TABLE = """
    CREATE TABLE builder_state (
      builder TEXT PRIMARY KEY,
      state TEXT NOT NULL,                 -- STATES
      what TEXT NOT NULL DEFAULT '',       -- a sentence while it does not build
      public_key TEXT NOT NULL DEFAULT '', -- the router's, for its authorized_keys
      shown_key TEXT NOT NULL DEFAULT '',  -- the host key that it showed last
      steps TEXT NOT NULL DEFAULT '[]',    -- JSON: [step, state, sentence] of the last trial
      tried_at REAL,
      removed_at REAL                      -- since when no row of nixie.db names it
    );
    ALTER TABLE build ADD COLUMN builder TEXT NOT NULL DEFAULT ''; -- its name, '' for this router
"""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a trial; `state` is "ok" or "bad"."""

    step: str
    state: str
    what: str


@dataclass(frozen=True, slots=True)
class BuilderState:
    """How a builder stands."""

    builder: str
    state: str = NEW
    what: str = ""
    public_key: str = ""
    shown_key: str = ""
    steps: tuple[Step, ...] = ()
    tried_at: float | None = None
    removed_at: float | None = None


def states(connection: sqlite3.Connection) -> dict[str, BuilderState]:
    """By builder id."""
    rows = connection.execute(
        "SELECT builder, state, what, public_key, shown_key, steps, tried_at, removed_at"
        " FROM builder_state"
    ).fetchall()
    return {
        row[0]: BuilderState(*(*row[:5], tuple(Step(*one) for one in json.loads(row[5])), *row[6:]))
        for row in rows
    }


def stands(connection: sqlite3.Connection, told: BuilderState) -> None:
    """How a builder stands from now on; without an event, for steps on the way."""
    steps = json.dumps([list(asdict(one).values()) for one in told.steps])
    connection.execute(
        "INSERT OR REPLACE INTO builder_state VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(told.builder, told.state, told.what, told.public_key, told.shown_key),
            *(steps, told.tried_at, told.removed_at),
        ),
    )


def tried(
    connection: sqlite3.Connection, told: BuilderState, name: str, what: str, wish: str | None
) -> None:
    """A trial is over; `what` says what came of it."""
    stands(connection, told)
    append(connection, BuilderTried(told.builder, name, what, wish), told.tried_at or 0.0)


def lost(connection: sqlite3.Connection, told: BuilderState, name: str, at: float) -> None:
    """It was ready, and does not answer."""
    stands(connection, told)
    append(connection, BuilderLost(told.builder, name, told.what), at)


def back(connection: sqlite3.Connection, told: BuilderState, name: str, at: float) -> None:
    """It answers again."""
    stands(connection, told)
    append(connection, BuilderBack(told.builder, name), at)


def left(connection: sqlite3.Connection, told: BuilderState, name: str, at: float) -> None:
    """It was lost, and its owner switched it off or removed it."""
    stands(connection, told)
    append(connection, BuilderLeft(told.builder, name), at)


def forget(connection: sqlite3.Connection, builder: str) -> None:
    """It was removed, and nobody wanted it back."""
    connection.execute("DELETE FROM builder_state WHERE builder = ?", (builder,))


def taken(connection: sqlite3.Connection, build: str, builder: str) -> None:
    """Who builds a build: a builder's name, "" for this router."""
    connection.execute("UPDATE build SET builder = ? WHERE id = ?", (builder, build))
