"""What the role `build` knows of builders, in build.db: how each stands, and what a trial found.

The builders themselves are rows of nixie.db, which web writes.
"""

import json
import sqlite3
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace

from appliance.events import BuilderBack, BuilderLeft, BuilderLost, BuilderTried
from appliance.store.journal import append

NEW, UNKNOWN, TRYING, READY, LOST, UNFIT = "new", "unknown", "trying", "ready", "lost", "unfit"
STATES: tuple[str, ...] = (NEW, UNKNOWN, TRYING, READY, LOST, UNFIT)
"""Not tried yet; its host key waits for the owner; on trial; builds; does not answer; a trial found
something that its owner has to put right."""

REACH, KEY, LOGIN, NIX, TRUST, BUILD = "reach", "key", "login", "nix", "trust", "build"
EVALUATE = "evaluate"
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
      missed INTEGER NOT NULL DEFAULT 0,   -- it was ready once, is not, and that was told
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
    missed: bool = False
    removed_at: float | None = None


def states(connection: sqlite3.Connection) -> dict[str, BuilderState]:
    """By builder id."""
    rows = connection.execute(
        "SELECT builder, state, what, public_key, shown_key, steps, tried_at, missed, removed_at"
        " FROM builder_state"
    ).fetchall()
    return {
        row[0]: BuilderState(*(*row[:5], _steps(row[5]), row[6], bool(row[7]), row[8]))
        for row in rows
    }


def stands(connection: sqlite3.Connection, told: BuilderState) -> None:
    """How a builder stands from now on; without an event, for steps on the way."""
    steps = json.dumps([list(asdict(one).values()) for one in told.steps])
    connection.execute(
        "INSERT OR REPLACE INTO builder_state VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(told.builder, told.state, told.what, told.public_key, told.shown_key),
            *(steps, told.tried_at, int(told.missed), told.removed_at),
        ),
    )


def tried(
    connection: sqlite3.Connection,
    told: BuilderState,
    name: str,
    what: str,
    wishes: Collection[str],
) -> None:
    """A trial is over, which `wishes` asked for; `what` says what came of it."""
    stands(connection, told)
    for wish in wishes or (None,):
        append(connection, BuilderTried(told.builder, name, what, wish), told.tried_at or 0.0)


def lost(connection: sqlite3.Connection, told: BuilderState, name: str, at: float) -> None:
    """It was ready once, and does not build."""
    stands(connection, replace(told, missed=True))
    append(connection, BuilderLost(told.builder, name, told.what), at)


def back(connection: sqlite3.Connection, told: BuilderState, name: str, at: float) -> None:
    """It builds again."""
    stands(connection, replace(told, missed=False))
    append(connection, BuilderBack(told.builder, name), at)


def left(connection: sqlite3.Connection, told: BuilderState, name: str, at: float) -> None:
    """It was missed, and its owner switched it off or removed it."""
    stands(connection, replace(told, missed=False))
    append(connection, BuilderLeft(told.builder, name), at)


def forget(connection: sqlite3.Connection, builder: str) -> None:
    """It was removed, and nobody wanted it back."""
    connection.execute("DELETE FROM builder_state WHERE builder = ?", (builder,))


def taken(connection: sqlite3.Connection, build: str, builder: str) -> None:
    """Who builds a build: a builder's name, "" for this router."""
    connection.execute("UPDATE build SET builder = ? WHERE id = ?", (builder, build))


def _steps(stored: str) -> tuple[Step, ...]:
    return tuple(Step(*one) for one in json.loads(stored))
