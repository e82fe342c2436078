"""boot.db, who machines are: the key each is known by, and those that ask for theirs.

Written by boot only; read by web.  No secret is here: what the router itself keeps of a machine's
key lies in a file of the boot role's secrets.
"""

import sqlite3
from dataclasses import dataclass

WAITING_SECONDS = 60.0
"""A machine that stopped asking this long ago no longer waits."""
KEPT_SECONDS = 24 * 3600.0

MIGRATION = """
    CREATE TABLE identity (          -- the key that a machine is known by
      machine TEXT PRIMARY KEY,      -- machine id
      way TEXT NOT NULL,             -- "disk", "tpm", "router": model/identity.WAYS
      ssh TEXT NOT NULL,             -- its public half, as ssh writes it
      sealed TEXT NOT NULL,          -- what its TPM sealed, base64; "" otherwise
      at REAL NOT NULL,              -- since when
      seen_at REAL,                  -- when it last came up with it
      differs TEXT NOT NULL DEFAULT ''  -- what a machine said since that is not it: a key, or "-"
    ) WITHOUT ROWID;
    CREATE TABLE identity_ask (      -- a boot that asks for the identity of its machine
      id TEXT PRIMARY KEY,           -- of the address at which it asks
      machine TEXT NOT NULL,
      network TEXT NOT NULL,
      mac TEXT NOT NULL,
      bound TEXT NOT NULL,           -- SHA-256 of what it will show
      nonce TEXT NOT NULL,           -- ours
      shown BLOB NOT NULL,           -- what it showed
      code TEXT NOT NULL,            -- six digits, "" until it showed that
      state TEXT NOT NULL,           -- "bound", "waiting", "approved", "refused"
      answer TEXT NOT NULL,          -- for an approved one: what it gets, base64
      at REAL NOT NULL,
      last_at REAL NOT NULL
    ) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Identity:
    """The key that a machine is known by."""

    machine: str
    way: str
    ssh: str
    sealed: str
    at: float
    seen_at: float | None = None
    differs: str = ""


@dataclass(frozen=True, slots=True)
class Ask:
    """A boot that asks for the identity of its machine."""

    id: str
    machine: str
    network: str
    mac: str
    bound: str
    nonce: str
    shown: bytes
    code: str
    state: str
    answer: str
    at: float
    last_at: float


_IDENTITY = "machine, way, ssh, sealed, at, seen_at, differs"
_ASK = "id, machine, network, mac, bound, nonce, shown, code, state, answer, at, last_at"


def identities(connection: sqlite3.Connection) -> dict[str, Identity]:
    """Every machine that is known by a key, by its id."""
    rows = connection.execute(f"SELECT {_IDENTITY} FROM identity").fetchall()
    return {row[0]: Identity(*row) for row in rows}


def identity(connection: sqlite3.Connection, machine: str) -> Identity | None:
    """One machine's."""
    wanted = f"SELECT {_IDENTITY} FROM identity WHERE machine = ?"
    row = connection.execute(wanted, (machine,)).fetchone()
    return Identity(*row) if row else None


def asks(connection: sqlite3.Connection, since: float) -> list[Ask]:
    """Those that wait for the owner and asked after `since`, the oldest first."""
    wanted = f"SELECT {_ASK} FROM identity_ask WHERE state = 'waiting' AND last_at >= ? ORDER BY at"
    return [Ask(*row) for row in connection.execute(wanted, (since,)).fetchall()]


def ask(connection: sqlite3.Connection, ident: str) -> Ask | None:
    """What one boot asked."""
    wanted = f"SELECT {_ASK} FROM identity_ask WHERE id = ?"
    row = connection.execute(wanted, (ident,)).fetchone()
    return Ask(*row) if row else None


# ── written by boot only; the caller owns the transaction ────────────────────────────────────────


def save(connection: sqlite3.Connection, row: Identity) -> None:
    """Know a machine by this key."""
    connection.execute(
        f"INSERT OR REPLACE INTO identity ({_IDENTITY}) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (row.machine, row.way, row.ssh, row.sealed, row.at, row.seen_at, row.differs),
    )


def drop(connection: sqlite3.Connection, machine: str) -> None:
    """Forget a machine's key, and whoever asked for it."""
    connection.execute("DELETE FROM identity WHERE machine = ?", (machine,))
    connection.execute("DELETE FROM identity_ask WHERE machine = ?", (machine,))


def save_ask(connection: sqlite3.Connection, row: Ask) -> None:
    """Insert or replace what one boot asks; what is a day old goes."""
    connection.execute("DELETE FROM identity_ask WHERE at < ?", (row.at - KEPT_SECONDS,))
    connection.execute(
        f"INSERT OR REPLACE INTO identity_ask ({_ASK}) VALUES ({', '.join('?' * 12)})",
        (
            *(row.id, row.machine, row.network, row.mac, row.bound, row.nonce, row.shown),
            *(row.code, row.state, row.answer, row.at, row.last_at),
        ),
    )
