"""What the role `build` knows of binary caches, in build.db: how each stands, what a trial found.

The caches themselves are rows of nixie.db, which web writes.
"""

import json
import sqlite3
from collections.abc import Collection
from dataclasses import asdict, dataclass, replace

from appliance.events import CacheBack, CacheLeft, CacheLost, CacheTried
from appliance.store.builder_states import Step
from appliance.store.journal import append

NEW, TRYING, READY, LOST, UNFIT = "new", "trying", "ready", "lost", "unfit"
STATES: tuple[str, ...] = (NEW, TRYING, READY, LOST, UNFIT)
"""Not tried yet; on trial; gives; does not answer; a trial found something to put right."""

REACH, LOGIN, STORE, KEY = "reach", "login", "store", "key"
STEPS: tuple[str, ...] = (REACH, LOGIN, STORE, KEY)

TABLE = """
    CREATE TABLE cache_state (
      cache TEXT PRIMARY KEY,
      state TEXT NOT NULL,               -- STATES
      what TEXT NOT NULL DEFAULT '',     -- a sentence while nothing comes from it
      steps TEXT NOT NULL DEFAULT '[]',  -- JSON: [step, state, sentence] of the last trial
      tried_at REAL,
      missed INTEGER NOT NULL DEFAULT 0, -- it was ready once, is not, and that was told
      answer TEXT NOT NULL DEFAULT ''    -- what came of the last question whether it has something
    );
"""


@dataclass(frozen=True, slots=True)
class CacheState:
    """How a cache stands."""

    cache: str
    state: str = NEW
    what: str = ""
    steps: tuple[Step, ...] = ()
    tried_at: float | None = None
    missed: bool = False
    answer: str = ""


def states(connection: sqlite3.Connection) -> dict[str, CacheState]:
    """By cache id."""
    rows = connection.execute(
        "SELECT cache, state, what, steps, tried_at, missed, answer FROM cache_state"
    ).fetchall()
    return {
        cache: CacheState(
            cache,
            state,
            what,
            tuple(Step(*one) for one in json.loads(steps)),
            at,
            bool(missed),
            said,
        )
        for cache, state, what, steps, at, missed, said in rows
    }


def stands(connection: sqlite3.Connection, told: CacheState) -> None:
    """How a cache stands from now on; without an event, for steps on the way."""
    steps = json.dumps([list(asdict(one).values()) for one in told.steps])
    facts = (told.cache, told.state, told.what, steps, told.tried_at, int(told.missed), told.answer)
    connection.execute("INSERT OR REPLACE INTO cache_state VALUES (?, ?, ?, ?, ?, ?, ?)", facts)


def tried(
    connection: sqlite3.Connection,
    told: CacheState,
    name: str,
    what: str,
    at: float,
    wishes: Collection[str],
) -> None:
    """A trial or a question is over, which `wishes` asked for; `what` says what came of it."""
    stands(connection, told)
    for wish in wishes or (None,):
        append(connection, CacheTried(told.cache, name, what, wish), at)


def lost(connection: sqlite3.Connection, told: CacheState, name: str, at: float) -> None:
    """It was ready once, and gives nothing."""
    stands(connection, replace(told, missed=True))
    append(connection, CacheLost(told.cache, name, told.what), at)


def back(connection: sqlite3.Connection, told: CacheState, name: str, at: float) -> None:
    """It gives again."""
    stands(connection, replace(told, missed=False))
    append(connection, CacheBack(told.cache, name), at)


def left(connection: sqlite3.Connection, told: CacheState, name: str, at: float) -> None:
    """It was missed, and its owner switched it off or removed it."""
    stands(connection, replace(told, missed=False))
    append(connection, CacheLeft(told.cache, name), at)


def forget(connection: sqlite3.Connection, cache: str) -> None:
    """It was removed."""
    connection.execute("DELETE FROM cache_state WHERE cache = ?", (cache,))
