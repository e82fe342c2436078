"""boot.db, hosts whose machines wait for the newest.  Written by boot only; read by build."""

import sqlite3

MIGRATION = """
    CREATE TABLE wanted (            -- a machine that boots this host waits for its newest image
      host TEXT PRIMARY KEY,
      at REAL NOT NULL               -- since then: what was looked at before is not new enough
    ) WITHOUT ROWID;
"""


def every(connection: sqlite3.Connection) -> dict[str, float]:
    """Since when, by host."""
    return dict(connection.execute("SELECT host, at FROM wanted").fetchall())


def save(connection: sqlite3.Connection, host: str, at: float) -> None:
    """A machine begins to wait.  The caller owns the transaction."""
    connection.execute("INSERT OR REPLACE INTO wanted VALUES (?, ?)", (host, at))
