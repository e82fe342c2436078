"""What the build role writes into build.db; its readers are in `builds.py`.

Every function belongs to one fact and writes its event with it; the caller owns the transaction.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from appliance.events import (
    BuildEnded,
    BuildQueued,
    BuildStepped,
    HostJudged,
    ImagePublished,
    SourceChanged,
    SourceChecked,
    SourceUnreadable,
    SourceWentTooFar,
)
from appliance.model.images import Finding, Image, Verdict
from appliance.model.obstacles import went_too_far as went
from appliance.store.builds import BuildRow, SourceStateRow
from appliance.store.journal import append


@dataclass(frozen=True, slots=True)
class Fetched:
    """A tree that is in the store, and what its lock file asks for."""

    locked: str
    rev: str
    nar_hash: str
    last_modified: int
    path: str
    dir: str
    lock: str | None
    findings: tuple[Finding, ...]
    changes: tuple[str, ...]


def cursor(connection: sqlite3.Connection, file: str) -> int:
    """How far `file` has been read."""
    row = connection.execute("SELECT seq FROM cursor WHERE file = ?", (file,)).fetchone()
    return int(row[0]) if row else 0


def move_cursor(connection: sqlite3.Connection, file: str, seq: int) -> None:
    """`file` has been read up to `seq`."""
    connection.execute(
        "INSERT INTO cursor VALUES (?, ?) ON CONFLICT (file) DO UPDATE SET seq = excluded.seq",
        (file, seq),
    )


def source_stands(connection: sqlite3.Connection, row: SourceStateRow) -> None:
    """Where a source stands from now on; without an event, for steps on the way."""
    connection.execute(
        "INSERT INTO source_state VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (source) DO UPDATE SET"
        " state = excluded.state, what = excluded.what, checked_at = excluded.checked_at,"
        " next_at = excluded.next_at, revision = coalesce(excluded.revision, revision)",
        (row.source, row.state, row.what, row.checked_at, row.next_at, row.revision),
    )


def source_timed(connection: sqlite3.Connection, source: str, next_at: float | None) -> None:
    """A source is checked by itself at another time."""
    connection.execute("UPDATE source_state SET next_at = ? WHERE source = ?", (next_at, source))


def source_checked(
    connection: sqlite3.Connection, row: SourceStateRow, what: str, wish: str | None
) -> None:
    """A source was read; `what` says what came of it."""
    source_stands(connection, row)
    append(connection, SourceChecked(row.source, what, wish), row.checked_at or 0.0)


def source_unreadable(
    connection: sqlite3.Connection, row: SourceStateRow, wish: str | None, obstacle: str = ""
) -> None:
    """A source cannot be read; what was known of it stays."""
    source_stands(connection, row)
    unreadable = SourceUnreadable(row.source, row.what, wish, obstacle)
    append(connection, unreadable, row.checked_at or 0.0)


def went_too_far(
    connection: sqlite3.Connection, source: str, name: str, found: Iterable[Finding], at: float
) -> None:
    """Those of `found` by which a stranger's flake would have had more than is its own; `name` is
    what of it."""
    for one in found:
        if went(one.obstacle):
            append(connection, SourceWentTooFar(source, name, one.obstacle, one.what), at)


def revision_seen(
    connection: sqlite3.Connection, source: str, found: Fetched, before: str, at: float
) -> int:
    """A new locked revision; returns its id."""
    done = connection.execute(
        "INSERT INTO revision (source, locked, rev, nar_hash, last_modified, path, seen_at,"
        " changes, findings, dir, lock) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(source, found.locked, found.rev, found.nar_hash, found.last_modified, found.path),
            *(at, json.dumps(found.changes), _findings(found.findings), found.dir, found.lock),
        ),
    )
    ident = int(done.lastrowid or 0)
    append(connection, SourceChanged(source, found.rev or found.nar_hash, before), at)
    return ident


def revision_noted(
    connection: sqlite3.Connection,
    ident: int,
    *,
    findings: Sequence[Finding],
    changes: Sequence[str],
) -> None:
    """More became known about a revision: unfetchable inputs, hosts that came or went."""
    connection.execute(
        "UPDATE revision SET findings = ?, changes = ? WHERE id = ?",
        (_findings(findings), json.dumps(list(changes)), ident),
    )


def revision_lock(connection: sqlite3.Connection, ident: int | None) -> tuple[str, str | None]:
    """(directory of flake.nix, text of flake.lock) of a revision."""
    row = connection.execute("SELECT dir, lock FROM revision WHERE id = ?", (ident,)).fetchone()
    return (str(row[0]), row[1]) if row else ("", None)


def hosts_listed(
    connection: sqlite3.Connection, source: str, revision: int, names: Sequence[str]
) -> None:
    """The names a source has now: new ones are to be looked at, those that are gone go."""
    kept = {f"{source}/{name}" for name in names}
    for (host,) in connection.execute(
        "SELECT host FROM verdict WHERE source = ?", (source,)
    ).fetchall():
        if host not in kept:
            connection.execute("DELETE FROM verdict WHERE host = ?", (host,))
    connection.executemany(
        "INSERT INTO verdict (host, source, revision, name, kind, watched, specialisations,"
        " findings, recipe) VALUES (?, ?, ?, ?, 'looking', 0, '[]', '[]', 'null')"
        " ON CONFLICT (host) DO NOTHING",
        [(f"{source}/{name}", source, revision, name) for name in names],
    )


def looked_at(connection: sqlite3.Connection, source: str) -> dict[str, tuple[int, str]]:
    """Host → (revision, how it was looked at), for hosts with a verdict."""
    rows = connection.execute(
        "SELECT host, revision, looked FROM verdict WHERE source = ? AND kind != 'looking'",
        (source,),
    ).fetchall()
    return {host: (int(revision), looked) for host, revision, looked in rows}


def host_judged(
    connection: sqlite3.Connection,
    verdict: Verdict,
    *,
    revision: int,
    recipe: dict[str, Any] | None,
    looked: str,
    at: float,
) -> None:
    """What a host is to us."""
    connection.execute(
        "UPDATE verdict SET revision = ?, kind = ?, reason = ?, system = ?, release = ?,"
        " watched = ?, specialisations = ?, findings = ?, recipe = ?, looked = ? WHERE host = ?",
        (
            *(revision, verdict.kind, verdict.reason, verdict.system, verdict.release),
            *(int(verdict.watched), json.dumps(verdict.specialisations)),
            *(_findings(verdict.findings), json.dumps(recipe), looked, verdict.host),
        ),
    )
    append(connection, HostJudged(verdict.host, verdict.name, verdict.kind, verdict.obstacle), at)


def host_noted(connection: sqlite3.Connection, verdict: Verdict, *findings: Finding) -> None:
    """A finding that the build brought."""
    told = [one for one in verdict.findings if one not in findings]
    connection.execute(
        "UPDATE verdict SET findings = ? WHERE host = ?",
        (_findings((*told, *findings)), verdict.host),
    )


@dataclass(frozen=True, slots=True)
class Look:
    """What was found when a host was looked at last."""

    revision: int
    kind: str
    recipe: Any


def look(connection: sqlite3.Connection, host: str) -> Look | None:
    """The last look at a host."""
    row = connection.execute(
        "SELECT revision, kind, recipe FROM verdict WHERE host = ?", (host,)
    ).fetchone()
    return Look(int(row[0]), row[1], json.loads(row[2])) if row else None


def fresh_build(ident: str, host: str, revision: int, why: str, at: float) -> BuildRow:
    """A build that is about to wait."""
    source, _, name = host.partition("/")
    return BuildRow(
        id=ident,
        host=host,
        source=source,
        name=name,
        revision=revision,
        state="queued",
        why=why,
        queued_at=at,
        began_at=None,
        ended_at=None,
        phase="",
        done=0,
        expected=0,
        what="",
        log=f"{ident}.log",
        image=None,
    )


def build_queued(
    connection: sqlite3.Connection, row: BuildRow, recipe: Any, wish: str | None
) -> None:
    """A build of `recipe` (as a look stores it) waits."""
    connection.execute(
        "INSERT INTO build (id, host, source, name, revision, state, why, queued_at, log, recipe)"
        " VALUES (?, ?, ?, ?, ?, 'queued', ?, ?, ?, ?)",
        (
            *(row.id, row.host, row.source, row.name, row.revision, row.why, row.queued_at),
            *(row.log, json.dumps(recipe)),
        ),
    )
    append(connection, BuildQueued(row.id, row.host, row.name, wish), row.queued_at)


def build_began(connection: sqlite3.Connection, row: BuildRow, recipe: Any, at: float) -> None:
    """A build of `recipe` runs; it may be another than when it was queued."""
    connection.execute(
        "UPDATE build SET state = 'running', began_at = ?, revision = ?, phase = 'starting',"
        " recipe = ? WHERE id = ?",
        (at, row.revision, json.dumps(recipe), row.id),
    )
    append(connection, BuildStepped(row.id, row.name, "starting"), at)


def build_stepped(
    connection: sqlite3.Connection, row: BuildRow, phase: str, done: int, expected: int, at: float
) -> None:
    """A build moved on; `done` and `expected` count derivations."""
    connection.execute(
        "UPDATE build SET phase = ?, done = ?, expected = ? WHERE id = ?",
        (phase, done, expected, row.id),
    )
    append(connection, BuildStepped(row.id, row.name, phase), at)


def build_ended(
    connection: sqlite3.Connection,
    row: BuildRow,
    state: str,
    what: str,
    at: float,
    image: str | None = None,
    obstacle: str = "",
) -> None:
    """A build is over: built, unchanged, failed or cancelled."""
    connection.execute(
        "UPDATE build SET state = ?, what = ?, ended_at = ?, image = ?, phase = '' WHERE id = ?",
        (state, what, at, image, row.id),
    )
    append(connection, BuildEnded(row.id, row.host, row.name, state, what, obstacle), at)


def builds_in(connection: sqlite3.Connection, *states: str) -> list[BuildRow]:
    """Builds in one of these states, oldest first."""
    marks = ", ".join("?" for _ in states)
    rows = connection.execute(
        "SELECT id, host, source, name, revision, state, why, queued_at, began_at, ended_at,"
        f" phase, done, expected, what, log, image, builder FROM build WHERE state IN ({marks})"
        " ORDER BY queued_at, id",
        states,
    ).fetchall()
    return [BuildRow(*row) for row in rows]


def last_try(connection: sqlite3.Connection, host: str) -> tuple[str, Any]:
    """(state, recipe) of a host's newest build, ("", None) without one."""
    row = connection.execute(
        "SELECT state, recipe FROM build WHERE host = ? ORDER BY queued_at DESC LIMIT 1", (host,)
    ).fetchone()
    return (str(row[0]), json.loads(row[1])) if row else ("", None)


def builds_cut_off(connection: sqlite3.Connection, at: float) -> list[BuildRow]:
    """Queue again what ran when the role ended; returns those builds."""
    cut = builds_in(connection, "running")
    for row in cut:
        build_waits(connection, row, at)
    return cut


def build_waits(connection: sqlite3.Connection, row: BuildRow, at: float) -> None:
    """A build goes back into the queue."""
    connection.execute(
        "UPDATE build SET state = 'queued', why = 'restarted', phase = '' WHERE id = ?", (row.id,)
    )
    append(connection, BuildQueued(row.id, row.host, row.name), at)


def look_again(connection: sqlite3.Connection, host: str) -> None:
    """What was found of a host no longer holds."""
    connection.execute("UPDATE verdict SET looked = '' WHERE host = ?", (host,))


def builds_of(connection: sqlite3.Connection, images: frozenset[str]) -> set[str]:
    """The builds that made these images."""
    rows = connection.execute("SELECT id, image FROM build WHERE image IS NOT NULL").fetchall()
    return {ident for ident, image in rows if image in images}


def image_published(
    connection: sqlite3.Connection,
    image: Image,
    specialisations: dict[str, str],
    recipe: dict[str, Any],
    at: float,
) -> int:
    """A new generation of a host; returns its number."""
    (last,) = connection.execute(
        "SELECT coalesce(max(number), 0) FROM generation WHERE host = ?", (image.host,)
    ).fetchone()
    number = int(last) + 1
    connection.execute(
        "INSERT INTO generation VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(image.host, number, image.id, json.dumps(specialisations)),
            *("trial" if image.watched else "unwatched", at, image.size, image.toplevel),
            *(image.provenance.revision, json.dumps(recipe)),
        ),
    )
    append(connection, ImagePublished(image.host, image.name, number, image.id), at)
    return number


def newest_recipe(connection: sqlite3.Connection, host: str) -> tuple[str, Any]:
    """(image id, what it was built from) of a host's newest generation, ("", None) without one."""
    row = connection.execute(
        "SELECT image, recipe FROM generation WHERE host = ? ORDER BY number DESC LIMIT 1", (host,)
    ).fetchone()
    return (str(row[0]), json.loads(row[1])) if row else ("", None)


def image_proved(connection: sqlite3.Connection, image: str) -> bool:
    """A machine phoned home with this image: its trial is over.  True when that is news."""
    done = connection.execute(
        "UPDATE generation SET state = 'good' WHERE image = ? AND state = 'trial'", (image,)
    )
    return done.rowcount > 0


def source_removed(connection: sqlite3.Connection, source: str, until: float) -> None:
    """A source was removed: its hosts are gone, its generations stay `until` then."""
    connection.execute("DELETE FROM verdict WHERE source = ?", (source,))
    connection.execute(
        "UPDATE source_state SET state = 'removed', what = '', next_at = ? WHERE source = ?",
        (until, source),
    )


def forget_source(connection: sqlite3.Connection, source: str) -> None:
    """Nobody wanted a removed source back: all but the history of its builds goes."""
    connection.execute("DELETE FROM source_state WHERE source = ?", (source,))
    connection.execute(
        "DELETE FROM generation WHERE substr(host, 1, length(?) + 1) = ? || '/'", (source, source)
    )


def _findings(found: Sequence[Finding]) -> str:
    return json.dumps([asdict(one) for one in found])
