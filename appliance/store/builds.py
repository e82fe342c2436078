"""build.db: locked revisions, verdicts, builds, images.  Written by build only."""

import json
import sqlite3
from dataclasses import dataclass
from typing import Any

from appliance.model.images import Finding, Verdict
from appliance.store.builder_states import TABLE as BUILDER_STATES
from appliance.store.cache_states import TABLE as CACHE_STATES
from appliance.store.journal import EVENTS
from appliance.store.outlooks import TABLE as OUTLOOKS

STORAGE = """
    CREATE TABLE storage (           -- how the disk of the store stands; see storages.py
      one INTEGER PRIMARY KEY CHECK (one = 1),
      body TEXT NOT NULL             -- JSON: model/storage.Storage fields
    );
"""

MIGRATIONS = (
    f"""
    {EVENTS};
    CREATE TABLE source_state (
      source TEXT PRIMARY KEY,
      state TEXT NOT NULL,           -- "fetching", "looking", "ready", "unreadable"
      what TEXT NOT NULL DEFAULT '', -- a sentence when unreadable
      checked_at REAL,
      next_at REAL,                  -- when it is checked again by itself
      revision INTEGER               -- current row of `revision`
    );
    CREATE TABLE revision (
      id INTEGER PRIMARY KEY AUTOINCREMENT,
      source TEXT NOT NULL,
      locked TEXT NOT NULL,          -- locked URL
      rev TEXT NOT NULL,             -- "" when there is none
      nar_hash TEXT NOT NULL,
      last_modified INTEGER NOT NULL,
      path TEXT NOT NULL,            -- store path of the tree
      seen_at REAL NOT NULL,
      changes TEXT NOT NULL DEFAULT '[]',   -- JSON: sentences, against the one before
      findings TEXT NOT NULL DEFAULT '[]',  -- JSON: Finding fields, about the lock file
      dir TEXT NOT NULL DEFAULT '',         -- where flake.nix lies in the tree
      lock TEXT                             -- the text of flake.lock, NULL when there is none
    );
    CREATE INDEX revision_source ON revision (source, id);
    CREATE TABLE verdict (
      host TEXT PRIMARY KEY,         -- "<source>/<name>"
      source TEXT NOT NULL,
      revision INTEGER NOT NULL,
      name TEXT NOT NULL,
      kind TEXT NOT NULL,            -- "native", "adaptable", "not-bootable", "looking"
      reason TEXT,
      system TEXT,
      release TEXT,
      watched INTEGER NOT NULL,
      specialisations TEXT NOT NULL, -- JSON list of names
      findings TEXT NOT NULL,        -- JSON list of Finding fields
      recipe TEXT NOT NULL,          -- JSON: drvs, outs, kernel file, parameters, toplevel
      looked TEXT NOT NULL DEFAULT ''  -- how it was looked at: adapter's hash and the options
    );
    CREATE TABLE build (
      id TEXT PRIMARY KEY,
      host TEXT NOT NULL,
      source TEXT NOT NULL,
      name TEXT NOT NULL,
      revision INTEGER NOT NULL,
      state TEXT NOT NULL,           -- "queued", "running", or one of BuildEnded's
      why TEXT NOT NULL,             -- "asked", "new revision", "restarted"
      queued_at REAL NOT NULL,
      began_at REAL,
      ended_at REAL,
      phase TEXT NOT NULL DEFAULT '',
      done INTEGER NOT NULL DEFAULT 0,     -- derivations done
      expected INTEGER NOT NULL DEFAULT 0,
      what TEXT NOT NULL DEFAULT '', -- a sentence when it failed
      log TEXT NOT NULL DEFAULT '',  -- file name below STATE/logs/builds
      image TEXT
    );
    CREATE INDEX build_queued ON build (queued_at);
    CREATE TABLE generation (
      host TEXT NOT NULL,
      number INTEGER NOT NULL,
      image TEXT NOT NULL,           -- image id; specialisations in `specialisations`
      specialisations TEXT NOT NULL DEFAULT '{{}}',
      state TEXT NOT NULL,           -- "trial", "good", "bad", "pinned", "unwatched"
      made_at REAL NOT NULL,
      size INTEGER NOT NULL,
      toplevel TEXT NOT NULL,
      rev TEXT NOT NULL,
      recipe TEXT NOT NULL DEFAULT 'null', -- JSON: what it was built from, to see when that changes
      PRIMARY KEY (host, number)
    );
    CREATE TABLE cursor (             -- how far another role's file has been read
      file TEXT PRIMARY KEY,
      seq INTEGER NOT NULL
    );
    """,
    """
    ALTER TABLE build ADD COLUMN recipe TEXT NOT NULL DEFAULT 'null'; -- JSON: what it builds
    """,
    """
    CREATE INDEX build_state ON build (state, queued_at);
    CREATE INDEX build_host ON build (host, queued_at);
    """,
    BUILDER_STATES,
    CACHE_STATES,
    OUTLOOKS,
    STORAGE,
)


@dataclass(frozen=True, slots=True)
class SourceStateRow:
    """Where a source stands."""

    source: str
    state: str
    what: str
    checked_at: float | None
    next_at: float | None
    revision: int | None


@dataclass(frozen=True, slots=True)
class RevisionRow:
    """One locked revision of a source."""

    id: int
    source: str
    locked: str
    rev: str
    nar_hash: str
    last_modified: int
    path: str
    seen_at: float
    changes: tuple[str, ...]
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class BuildRow:
    """One build."""

    id: str
    host: str
    source: str
    name: str
    revision: int
    state: str
    why: str
    queued_at: float
    began_at: float | None
    ended_at: float | None
    phase: str
    done: int
    expected: int
    what: str
    log: str
    image: str | None
    builder: str = ""  # the name of the builder that has it, "" for this router


@dataclass(frozen=True, slots=True)
class GenerationRow:
    """One generation of a host; `size` in bytes.

    `state` is what it was published as; who asks the store of reads gets what it came to since.
    """

    host: str
    number: int
    image: str
    specialisations: dict[str, str]
    state: str
    made_at: float
    size: int
    toplevel: str
    rev: str
    pinned: bool = False


def source_states(connection: sqlite3.Connection) -> dict[str, SourceStateRow]:
    """By source id."""
    rows = connection.execute(
        "SELECT source, state, what, checked_at, next_at, revision FROM source_state"
    ).fetchall()
    return {row[0]: SourceStateRow(*row) for row in rows}


def revisions(connection: sqlite3.Connection, source: str, limit: int = 20) -> list[RevisionRow]:
    """The newest locked revisions of a source first."""
    rows = connection.execute(
        "SELECT id, source, locked, rev, nar_hash, last_modified, path, seen_at, changes, findings"
        " FROM revision WHERE source = ? ORDER BY id DESC LIMIT ?",
        (source, limit),
    ).fetchall()
    return [RevisionRow(*(*row[:8], tuple(json.loads(row[8])), _findings(row[9]))) for row in rows]


def verdicts(connection: sqlite3.Connection, source: str | None = None) -> list[Verdict]:
    """Every host we know of, by source and name."""
    rows = connection.execute(
        "SELECT host, name, kind, reason, system, release, watched, specialisations, findings"
        " FROM verdict WHERE ? IS NULL OR source = ? ORDER BY source, name",
        (source, source),
    ).fetchall()
    return [
        Verdict(*(*row[:6], bool(row[6]), tuple(json.loads(row[7])), _findings(row[8])))
        for row in rows
    ]


_BUILD = (
    "id, host, source, name, revision, state, why, queued_at, began_at, ended_at, phase, done,"
    " expected, what, log, image, builder"
)


def builds(
    connection: sqlite3.Connection,
    *,
    host: str | None = None,
    limit: int = 50,
    before: str | None = None,
) -> list[BuildRow]:
    """The newest builds first; older than the one with the id `before`."""
    rows = connection.execute(
        f"SELECT {_BUILD} FROM build WHERE (? IS NULL OR host = ?) AND (? IS NULL OR"
        " (queued_at, id) < (SELECT queued_at, id FROM build WHERE id = ?))"
        " ORDER BY queued_at DESC, id DESC LIMIT ?",
        (host, host, before, before, limit),
    ).fetchall()
    return [BuildRow(*row) for row in rows]


def under_way(connection: sqlite3.Connection) -> list[BuildRow]:
    """Builds that run, then those that wait; the oldest of each first."""
    rows = connection.execute(
        f"SELECT {_BUILD} FROM build WHERE state IN ('running', 'queued')"
        " ORDER BY state DESC, queued_at, id"
    ).fetchall()
    return [BuildRow(*row) for row in rows]


def over(
    connection: sqlite3.Connection, *, state: str | None = None, limit: int = 50
) -> list[BuildRow]:
    """Builds that ended, in that state or in any, the newest first."""
    rows = connection.execute(
        f"SELECT {_BUILD} FROM build WHERE state NOT IN ('running', 'queued')"
        " AND (? IS NULL OR state = ?) ORDER BY queued_at DESC LIMIT ?",
        (state, state, limit),
    ).fetchall()
    return [BuildRow(*row) for row in rows]


def failing(connection: sqlite3.Connection) -> list[BuildRow]:
    """Builds that failed and after which the host was not tried again, the newest first."""
    rows = connection.execute(
        f"SELECT {_BUILD} FROM build WHERE state = 'failed' AND NOT EXISTS (SELECT 1 FROM build"
        " AS later WHERE later.host = build.host AND later.queued_at > build.queued_at)"
        " ORDER BY queued_at DESC"
    ).fetchall()
    return [BuildRow(*row) for row in rows]


def counts(connection: sqlite3.Connection) -> dict[str, int]:
    """How many builds are in each state."""
    found = connection.execute("SELECT state, count(*) FROM build GROUP BY state").fetchall()
    return {state: int(count) for state, count in found}


def build(connection: sqlite3.Connection, ident: str) -> BuildRow | None:
    """One build by id."""
    row = connection.execute(f"SELECT {_BUILD} FROM build WHERE id = ?", (ident,)).fetchone()
    return BuildRow(*row) if row else None


def generations(connection: sqlite3.Connection, host: str | None = None) -> list[GenerationRow]:
    """The newest generation of each host first."""
    rows: list[tuple[Any, ...]] = connection.execute(
        "SELECT host, number, image, specialisations, state, made_at, size, toplevel, rev"
        " FROM generation WHERE ? IS NULL OR host = ? ORDER BY host, number DESC",
        (host, host),
    ).fetchall()
    return [
        GenerationRow(*(*row[:3], json.loads(row[3]), *row[4:]))  # JSON column in the middle
        for row in rows
    ]


def _findings(stored: str) -> tuple[Finding, ...]:
    return tuple(Finding(**one) for one in json.loads(stored))
