"""notice.db: what became of each name on the internet.  Written by notice only.

A row is replaced whole, in the transaction of the events that tell of it.  Times are Unix seconds.
"""

import json
import sqlite3
from collections.abc import Collection
from dataclasses import asdict, dataclass
from enum import StrEnum

TABLE = """
CREATE TABLE public_name (
  id TEXT PRIMARY KEY,               -- of the name in nixie.db
  body TEXT NOT NULL                 -- Record as JSON
) WITHOUT ROWID
"""
ASKED = """
CREATE TABLE public_name_asked (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  seq INTEGER NOT NULL               -- the newest wish of nixie.db that was looked at
)
"""


class Outcome(StrEnum):
    """What became of the last try."""

    NEW = "new"  # there was none yet
    PUBLISHED = "published"
    FAILED = "failed"  # it is tried again by itself
    STOPPED = "stopped"  # it is not, before the owner changes something


WAITING = "waiting"  # for the internet, an address, or the time
HIDDEN = "hidden"  # the internet cannot reach the address that there is
STATES = (*Outcome, WAITING, HIDDEN)


@dataclass(frozen=True, slots=True)
class Record:
    """What is known of one name.

    `v4` and `v6` are what this router had when the server took it last, `told` the address that the
    server named then.  `waits` says why nothing is tried now, `hidden` that it is for want of an
    address that the internet can reach.
    """

    name: str = ""
    outcome: Outcome = Outcome.NEW
    said: str = ""
    v4: str = ""
    v6: str = ""
    told: str = ""
    published_at: float = 0.0
    tried_at: float = 0.0
    next_at: float = 0.0  # after a failure; and when it is said again without need
    failures: int = 0
    held: bool = False  # the server wants to be left alone until `next_at`
    tried: str = ""  # the addresses of the last try
    set_at: float = 0.0  # of the settings of the last try
    waits: str = ""
    hidden: bool = False
    alarmed: str = ""  # the trouble that was told, "" for none

    @property
    def state(self) -> str:
        """How it stands, a word of `STATES`."""
        if self.hidden:
            return HIDDEN
        return WAITING if self.waits else self.outcome.value

    @property
    def what(self) -> str:
        """Why it stands so: a sentence of ours, or what the server said."""
        return self.waits or self.said

    @property
    def again_at(self) -> float | None:
        """When it is tried again by itself; None: not before something changes."""
        return self.next_at if self.next_at and not self.waits else None

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where the name leads as far as it is known, () before it was published."""
        own = tuple(text for text in (self.v4, self.v6) if text)
        return (self.told,) if self.told and self.told not in own else own


def records(connection: sqlite3.Connection) -> dict[str, Record]:
    """By id: every name's."""
    rows = connection.execute("SELECT id, body FROM public_name").fetchall()
    return {str(ident): _read(body) for ident, body in rows}


def write(connection: sqlite3.Connection, ident: str, record: Record) -> None:
    """Replace one."""
    body = json.dumps(asdict(record))
    connection.execute("INSERT OR REPLACE INTO public_name VALUES (?, ?)", (ident, body))


def forget(connection: sqlite3.Connection, idents: Collection[str]) -> None:
    """Drop what is known of names that are no more."""
    rows = [(one,) for one in idents]
    connection.executemany("DELETE FROM public_name WHERE id = ?", rows)


def asked(connection: sqlite3.Connection) -> int:
    """The newest wish that was looked at, by its place in nixie.db."""
    row = connection.execute("SELECT seq FROM public_name_asked").fetchone()
    return int(row[0]) if row else 0


def write_asked(connection: sqlite3.Connection, seq: int) -> None:
    """That wish was looked at."""
    connection.execute("INSERT OR REPLACE INTO public_name_asked VALUES (1, ?)", (seq,))


def _read(body: str) -> Record:
    """A row of another layout is as good as none: the name is published once more."""
    try:
        stored = json.loads(body)
        return Record(**{**stored, "outcome": Outcome(stored["outcome"])})
    except (ValueError, KeyError, TypeError):
        return Record()
