"""boot.db over all machines: what lists and counts are made of, and how much is kept.

One boot is in `boots.py`.
"""

import json
import sqlite3
from collections.abc import Collection

from appliance.store import generations, once, running, wakes
from appliance.store.boots import COLUMNS, BootRow, StepRow, boot_row

BOOTS_KEPT = 2000
KEPT_OF_EACH = 20
STRANGERS_KEPT = 10_000
"""`prune` keeps the newest boots, and of each MAC the newest few however old they are: one machine
that boots in a circle takes nobody's history.  Anybody can invent MACs, so a MAC that never was a
machine of the owner's has that only among the newest STRANGERS_KEPT."""
HELD_KEPT_SECONDS = 7 * 24 * 3600.0


def newest_of_each(connection: sqlite3.Connection) -> list[BootRow]:
    """The newest boot of every MAC, the newest first."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM boot WHERE id IN (SELECT (SELECT id FROM boot AS one"
        " WHERE one.mac = each.mac ORDER BY one.began_at DESC LIMIT 1)"
        " FROM (SELECT DISTINCT mac FROM boot) AS each) ORDER BY began_at DESC"
    ).fetchall()
    return [boot_row(row) for row in rows]


def last_up(connection: sqlite3.Connection) -> BootRow | None:
    """The newest boot that came up."""
    row = connection.execute(
        f"SELECT {COLUMNS} FROM boot WHERE state = 'up' ORDER BY began_at DESC LIMIT 1"
    ).fetchone()
    return boot_row(row) if row else None


def began_since(connection: sqlite3.Connection, at: float) -> int:
    """How many boots began at that moment or later."""
    (found,) = connection.execute("SELECT count(*) FROM boot WHERE began_at >= ?", (at,)).fetchone()
    return int(found)


def steps_of(connection: sqlite3.Connection, idents: Collection[str]) -> dict[str, list[StepRow]]:
    """The steps of several boots, each in order."""
    found: dict[str, list[StepRow]] = {ident: [] for ident in idents}
    for row in connection.execute(
        "SELECT boot, number, kind, name, began_at, ended_at, bytes, total, status, detail"
        " FROM step WHERE boot IN (SELECT value FROM json_each(?)) ORDER BY boot, number",
        (json.dumps(list(idents)),),
    ):
        found[row[0]].append(StepRow(*(*row[1:-1], json.loads(row[-1]))))
    return found


# ── written by boot only; the caller owns the transaction ────────────────────────────────────────


def prune(connection: sqlite3.Connection, now: float) -> None:
    """Drop expired tokens, machines that ceased to wait, and boots beyond what is kept.

    The boot that made an image bad stays with it.
    """
    generations.prune(connection)
    once.prune(connection)
    wakes.prune(connection)
    running.prune(connection)
    connection.execute("DELETE FROM token WHERE expires_at < ?", (now,))
    connection.execute("DELETE FROM held WHERE last_asked < ?", (now - HELD_KEPT_SECONDS,))
    connection.execute(
        "DELETE FROM boot WHERE id IN (SELECT id FROM ("
        "  SELECT id, row_number() OVER (ORDER BY began_at DESC) AS place,"
        "    row_number() OVER (PARTITION BY mac ORDER BY began_at DESC) AS nth,"
        "    max(machine) OVER (PARTITION BY mac) AS known FROM boot)"
        " WHERE place > ? AND (nth > ? OR (known IS NULL AND place > ?)))"
        " AND id NOT IN (SELECT boot FROM tally WHERE ups = 0)",  # why an image is bad
        (BOOTS_KEPT, KEPT_OF_EACH, STRANGERS_KEPT),
    )
