"""build.db: how the disk of the store stands.  Written by build only."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import asdict, replace

from appliance.events import GenerationsLetGo, StoreFreed, StoreFull, StoreRoomy, StoreTight
from appliance.model.storage import FULL, TIGHT, Choice, Storage
from appliance.retention import counted
from appliance.store.builds import GenerationRow
from appliance.store.journal import append

EVENTS = {FULL: StoreFull, TIGHT: StoreTight}


def storage(connection: sqlite3.Connection) -> Storage:
    """How it stands; nothing is known before build has started."""
    row = connection.execute("SELECT body FROM storage").fetchone()
    return _read(row[0]) if row else Storage()


def stands(connection: sqlite3.Connection, told: Storage, at: float) -> None:
    """How it stands from now on; an event when it is in another state."""
    before = storage(connection)
    connection.execute("INSERT OR REPLACE INTO storage VALUES (1, ?)", (json.dumps(asdict(told)),))
    if told.state == before.state:
        return
    kind = EVENTS.get(told.state)
    append(connection, kind(told.what) if kind else StoreRoomy(), at)


def weighed(
    connection: sqlite3.Connection, garbage: int, choices: Sequence[Choice], at: float
) -> None:
    """What could go."""
    told = replace(storage(connection), garbage=garbage, choices=tuple(choices), weighed_at=at)
    stands(connection, told, at)


def builds_wait(connection: sqlite3.Connection, what: str) -> bool:
    """Every build in the queue says why it waits, "" when it does not; True when that is news."""
    done = connection.execute(
        "UPDATE build SET what = ? WHERE state = 'queued' AND what <> ?", (what, what)
    )
    return done.rowcount > 0


def let_go(connection: sqlite3.Connection, rows: Sequence[GenerationRow], at: float) -> None:
    """These generations are no more; what they alone needed is garbage."""
    connection.executemany(
        "DELETE FROM generation WHERE host = ? AND number = ?",
        [(row.host, row.number) for row in rows],
    )
    noun = "generation is" if len(rows) == 1 else "generations are"
    what = f"{len(rows)} old {noun} let go: {counted(rows)}."
    append(connection, GenerationsLetGo(what), at)


def freed(connection: sqlite3.Connection, what: str, wish: str | None, at: float) -> None:
    """The store was cleared."""
    append(connection, StoreFreed(what, wish), at)


def _read(stored: str) -> Storage:
    told = json.loads(stored)
    return Storage(**{**told, "choices": tuple(Choice(**one) for one in told["choices"])})
