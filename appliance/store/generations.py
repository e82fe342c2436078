"""boot.db, how generations stand: what machines made of images, and what the owner decided.

Written by boot only; read by build and web.
"""

import sqlite3

from appliance.generations import Standings, Tally

TALLIES_KEPT = 10_000

MIGRATION = """
    CREATE TABLE tally (             -- what one machine made of one image
      image TEXT NOT NULL,
      machine TEXT NOT NULL,         -- generations.whose; "" for what was counted before
      ups INTEGER NOT NULL DEFAULT 0,
      failures INTEGER NOT NULL DEFAULT 0,  -- since the image was put on trial
      boot TEXT NOT NULL DEFAULT '', -- the last boot that failed
      at REAL NOT NULL,
      PRIMARY KEY (image, machine)
    ) WITHOUT ROWID;
    INSERT INTO tally (image, machine, ups, at)
      SELECT image, '', ups, coalesce(last_up, 0) FROM heard WHERE ups > 0;
    DROP TABLE heard;
    CREATE TABLE pin (host TEXT PRIMARY KEY, image TEXT NOT NULL, at REAL NOT NULL) WITHOUT ROWID;
    CREATE TABLE aside (             -- the owner rolled back from it
      image TEXT PRIMARY KEY,
      at REAL NOT NULL
    ) WITHOUT ROWID;
"""


def came_up(connection: sqlite3.Connection) -> list[str]:
    """The images that a machine phoned home with."""
    rows = connection.execute("SELECT DISTINCT image FROM tally WHERE ups > 0").fetchall()
    return [str(image) for (image,) in rows]


def standings(connection: sqlite3.Connection) -> Standings:
    """Everything that decides which generation is served."""
    tallies: dict[str, dict[str, Tally]] = {}
    for image, machine, *counted in connection.execute(
        "SELECT image, machine, ups, failures, boot FROM tally"
    ):
        tallies.setdefault(image, {})[machine] = Tally(*counted)
    pins = dict(connection.execute("SELECT host, image FROM pin").fetchall())
    aside = connection.execute("SELECT image FROM aside").fetchall()
    return Standings(tallies, pins, frozenset(image for (image,) in aside))


# ── written by boot only; the caller owns the transaction ────────────────────────────────────────


def count_up(connection: sqlite3.Connection, image: str, machine: str, at: float) -> None:
    """The image came up on that machine."""
    connection.execute(
        "INSERT INTO tally (image, machine, ups, at) VALUES (?, ?, 1, ?)"
        " ON CONFLICT (image, machine) DO UPDATE SET ups = ups + 1, failures = 0, at = excluded.at",
        (image, machine, at),
    )


def count_failure(
    connection: sqlite3.Connection, image: str, machine: str, boot: str, at: float
) -> None:
    """The image was sent whole and not heard of, and the firmware came back."""
    connection.execute(
        "INSERT INTO tally (image, machine, failures, boot, at) VALUES (?, ?, 1, ?, ?)"
        " ON CONFLICT (image, machine) DO UPDATE SET failures = failures + 1,"
        " boot = excluded.boot, at = excluded.at",
        (image, machine, boot, at),
    )


def pin(connection: sqlite3.Connection, host: str, image: str, at: float) -> None:
    """The host serves this image until it is unpinned."""
    connection.execute("INSERT OR REPLACE INTO pin VALUES (?, ?, ?)", (host, image, at))


def unpin(connection: sqlite3.Connection, host: str) -> None:
    """The host serves its newest again."""
    connection.execute("DELETE FROM pin WHERE host = ?", (host,))


def set_aside(connection: sqlite3.Connection, host: str, image: str, at: float) -> None:
    """The owner rolls back from this image; a pin on it goes."""
    connection.execute("DELETE FROM pin WHERE host = ? AND image = ?", (host, image))
    connection.execute("INSERT OR REPLACE INTO aside VALUES (?, ?)", (image, at))


def put_on_trial(connection: sqlite3.Connection, image: str) -> None:
    """What it failed is forgotten; what it proved is not."""
    connection.execute("DELETE FROM aside WHERE image = ?", (image,))
    connection.execute("UPDATE tally SET failures = 0, boot = '' WHERE image = ?", (image,))


def prune(connection: sqlite3.Connection) -> None:
    """Only the newest tallies stay."""
    connection.execute(
        "DELETE FROM tally WHERE (image, machine) IN"
        " (SELECT image, machine FROM tally ORDER BY at DESC LIMIT -1 OFFSET ?)",
        (TALLIES_KEPT,),
    )
