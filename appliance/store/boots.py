"""boot.db: one row per boot, its steps, what machines said.  Written by boot only.

`boot.state`: "asking" (DHCP seen), "loading", "menu" (at its menu or iPXE shell, for as long as it
likes), "starting" (all sent, not heard yet), "up" (phoned home), "served" (sent to an unwatched
image, which is all one can know), "held", "local", "short" (fell short; see `diagnosis`), "left" (a
newer boot began before this one showed an end).
"""

import json
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from appliance.store import generations, identities, once, running, wakes, wanted
from appliance.store.journal import EVENTS

MIGRATIONS = (
    f"""
    {EVENTS};
    CREATE TABLE boot (
      id TEXT PRIMARY KEY,
      network TEXT NOT NULL,
      mac TEXT NOT NULL,
      machine TEXT,                  -- machine id, when known
      firmware TEXT NOT NULL,        -- "bios", "uefi-x64", "uefi-x64-http", ... or "ipxe"
      began_at REAL NOT NULL,
      ended_at REAL,
      state TEXT NOT NULL,
      host TEXT,                     -- host id served
      name TEXT,                     -- host name, for people
      image TEXT,                    -- image id served
      generation INTEGER,
      intent TEXT,
      intent_id TEXT,
      toplevel TEXT,                 -- what the machine says it runs
      diagnosis TEXT,                -- id of diagnosis.py
      facts TEXT NOT NULL DEFAULT '{{}}'   -- JSON: uuid, serial, bus_id, version; arch_code
                                     -- (option 93), arch and plat (iPXE's), foreign (other boot
                                     -- servers), awaited (bytes to come by SHA-256), phone-home
    );
    CREATE INDEX boot_mac ON boot (mac, began_at);
    CREATE INDEX boot_began ON boot (began_at);
    CREATE TABLE step (
      boot TEXT NOT NULL REFERENCES boot (id) ON DELETE CASCADE,
      number INTEGER NOT NULL,
      kind TEXT NOT NULL,            -- "dhcp", "loader", "autoexec", "script", "menu", "part",
                                     -- "hold", "report", "up"
      name TEXT NOT NULL,            -- "OFFER", "x64/snponly.efi", "bzImage"
      began_at REAL NOT NULL,
      ended_at REAL,
      bytes INTEGER,                 -- sent
      total INTEGER,                 -- to send
      status TEXT NOT NULL,          -- "ok", "running", "aborted", "missing", "refused"
      detail TEXT NOT NULL DEFAULT '{{}}',
      PRIMARY KEY (boot, number)
    ) WITHOUT ROWID;
    CREATE TABLE heard (
      image TEXT PRIMARY KEY,        -- generation facts: how often it came up
      ups INTEGER NOT NULL DEFAULT 0,
      shorts INTEGER NOT NULL DEFAULT 0,
      last_up REAL
    );
    CREATE TABLE held (
      network TEXT NOT NULL,
      mac TEXT NOT NULL,
      code TEXT NOT NULL,            -- four digits, on the machine's screen
      since REAL NOT NULL,
      last_asked REAL NOT NULL,
      facts TEXT NOT NULL DEFAULT '{{}}',
      PRIMARY KEY (network, mac)
    );
    CREATE TABLE used_intent (intent_id TEXT PRIMARY KEY, at REAL NOT NULL);
    """,
    """
    CREATE TABLE token (
      token TEXT PRIMARY KEY,
      boot TEXT NOT NULL,
      network TEXT NOT NULL,
      mac TEXT NOT NULL,
      address TEXT NOT NULL,         -- the client's, when the script was made
      images TEXT NOT NULL,          -- JSON list of image ids it opens
      menu TEXT NOT NULL,            -- JSON list of the menu keys it offers
      secret_hash TEXT NOT NULL,     -- of the phone-home secret
      used INTEGER NOT NULL DEFAULT 0,
      expires_at REAL NOT NULL
    ) WITHOUT ROWID;
    CREATE INDEX token_boot ON token (boot);
    CREATE TABLE own (               -- what boot needs to start with every other file gone
      name TEXT PRIMARY KEY,         -- "networks", "leases.cursor", "foreign", "loaders.missing"
      value TEXT NOT NULL
    ) WITHOUT ROWID;
    """,
    generations.MIGRATION,
    once.MIGRATION,
    wakes.MIGRATION,
    running.MIGRATION,
    wanted.MIGRATION,
    identities.MIGRATION,
)
MISSING_LOADERS = "loaders.missing"
"""The name below which boot keeps its sentences about loaders, a JSON list."""


@dataclass(frozen=True, slots=True)
class BootRow:
    """One boot."""

    id: str
    network: str
    mac: str
    machine: str | None
    firmware: str
    began_at: float
    ended_at: float | None
    state: str
    host: str | None
    name: str | None
    image: str | None
    generation: int | None
    intent: str | None
    toplevel: str | None
    diagnosis: str | None
    facts: dict[str, Any]


@dataclass(frozen=True, slots=True)
class StepRow:
    """One step of a boot; sizes in bytes."""

    number: int
    kind: str
    name: str
    began_at: float
    ended_at: float | None
    bytes: int | None
    total: int | None
    status: str
    detail: dict[str, Any]


@dataclass(frozen=True, slots=True)
class HeldRow:
    """A machine that waits for the owner and shows a code."""

    network: str
    mac: str
    code: str
    since: float  # the boot that waits began then
    last_asked: float
    facts: dict[str, Any]


COLUMNS = (
    "id, network, mac, machine, firmware, began_at, ended_at, state, host, name, image, generation,"
    " intent, toplevel, diagnosis, facts"
)


def boots(
    connection: sqlite3.Connection,
    *,
    mac: str | None = None,
    limit: int = 50,
    before: str | None = None,
) -> list[BootRow]:
    """The newest boots first, of one machine's MAC or of all; older than the one with that id."""
    rows = connection.execute(
        f"SELECT {COLUMNS} FROM boot WHERE (? IS NULL OR mac = ?) AND (? IS NULL OR"
        " (began_at, id) < (SELECT began_at, id FROM boot WHERE id = ?))"
        " ORDER BY began_at DESC, id DESC LIMIT ?",
        (mac, mac, before, before, limit),
    )
    return [boot_row(row) for row in rows]


def boot(connection: sqlite3.Connection, ident: str) -> BootRow | None:
    """One boot by id."""
    row = connection.execute(f"SELECT {COLUMNS} FROM boot WHERE id = ?", (ident,)).fetchone()
    return boot_row(row) if row else None


def unended(connection: sqlite3.Connection) -> list[BootRow]:
    """Boots in progress, the newest first."""
    wanted = f"SELECT {COLUMNS} FROM boot WHERE ended_at IS NULL ORDER BY began_at DESC"
    return [boot_row(row) for row in connection.execute(wanted)]


def images_in_use(connection: sqlite3.Connection, now: float) -> frozenset[str]:
    """Images that machines download, may choose in a menu that is open, or were heard to run last.

    A machine counts as running what it booted last: nobody hears a power switch.
    """
    rows = connection.execute(
        "SELECT image FROM boot WHERE image IS NOT NULL AND (ended_at IS NULL OR"
        " (state IN ('up', 'served') AND NOT EXISTS (SELECT 1 FROM boot AS later"
        " WHERE later.mac = boot.mac AND later.began_at > boot.began_at)))"
    ).fetchall()
    opened = connection.execute(
        "SELECT token.images FROM token JOIN boot ON boot.id = token.boot"
        " WHERE boot.ended_at IS NULL AND token.expires_at > ?",
        (now,),
    ).fetchall()
    return frozenset(image for (image,) in rows) | frozenset(
        image for (images,) in opened for image in json.loads(images)
    )


def boot_row(row: tuple[Any, ...]) -> BootRow:
    """A boot from its `COLUMNS`."""
    return BootRow(*(*row[:-1], json.loads(row[-1])))


def steps(connection: sqlite3.Connection, ident: str) -> list[StepRow]:
    """The steps of one boot, in order."""
    rows = connection.execute(
        "SELECT number, kind, name, began_at, ended_at, bytes, total, status, detail FROM step"
        " WHERE boot = ? ORDER BY number",
        (ident,),
    ).fetchall()
    return [StepRow(*(*row[:-1], json.loads(row[-1]))) for row in rows]


def held(connection: sqlite3.Connection, since: float) -> list[HeldRow]:
    """Machines that asked after `since` and wait for an assignment."""
    rows = connection.execute(
        "SELECT network, mac, code, since, last_asked, facts FROM held"
        " WHERE last_asked >= ? ORDER BY since",
        (since,),
    ).fetchall()
    return [HeldRow(*(*row[:-1], json.loads(row[-1]))) for row in rows]


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One boot token; see services/netboot/tokens.py."""

    token: str
    boot: str
    network: str
    mac: str
    address: str
    images: tuple[str, ...]
    menu: tuple[str, ...]
    secret_hash: str
    used: bool
    expires_at: float


_TOKEN = "token, boot, network, mac, address, images, menu, secret_hash, used, expires_at"


def _token(row: tuple[Any, ...] | None) -> TokenRow | None:
    if row is None:
        return None
    *whose, images, menu, secret_hash, used, expires_at = row
    opens = (tuple(json.loads(images)), tuple(json.loads(menu)))
    return TokenRow(*(*whose, *opens, secret_hash, bool(used), expires_at))


def token(connection: sqlite3.Connection, ident: str) -> TokenRow | None:
    """One token, expired or not."""
    found = connection.execute(f"SELECT {_TOKEN} FROM token WHERE token = ?", (ident,))
    return _token(found.fetchone())


def tokens_of(connection: sqlite3.Connection, boot_id: str) -> list[TokenRow]:
    """The tokens made for one boot, newest first: every script has its own."""
    rows = connection.execute(
        f"SELECT {_TOKEN} FROM token WHERE boot = ? ORDER BY expires_at DESC", (boot_id,)
    )
    return [found for row in rows if (found := _token(row))]


def own(connection: sqlite3.Connection, name: str) -> str | None:
    """A value the boot role keeps for itself."""
    row = connection.execute("SELECT value FROM own WHERE name = ?", (name,)).fetchone()
    return str(row[0]) if row else None


def missing_loaders(connection: sqlite3.Connection) -> tuple[str, ...]:
    """A sentence with the way out for each kind of machine that no loader is installed for.

    They are as of the start of the boot role, which looks at its loaders then.
    """
    return tuple(json.loads(own(connection, MISSING_LOADERS) or "[]"))


# ── written by boot only; the caller owns the transaction ────────────────────────────────────────


def save_boot(connection: sqlite3.Connection, row: BootRow, intent_id: str | None) -> None:
    """Insert or replace one boot."""
    connection.execute(
        f"INSERT INTO boot ({COLUMNS}, intent_id) VALUES"
        " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " ON CONFLICT (id) DO UPDATE SET machine = excluded.machine, firmware = excluded.firmware,"
        " began_at = excluded.began_at, ended_at = excluded.ended_at, state = excluded.state,"
        " host = excluded.host, name = excluded.name, image = excluded.image,"
        " generation = excluded.generation, intent = excluded.intent, facts = excluded.facts,"
        " toplevel = excluded.toplevel, diagnosis = excluded.diagnosis,"
        " intent_id = excluded.intent_id",
        (
            row.id,
            row.network,
            row.mac,
            row.machine,
            row.firmware,
            row.began_at,
            row.ended_at,
            row.state,
            row.host,
            row.name,
            row.image,
            row.generation,
            row.intent,
            row.toplevel,
            row.diagnosis,
            json.dumps(row.facts),
            intent_id,
        ),
    )


def save_step(connection: sqlite3.Connection, ident: str, row: StepRow) -> None:
    """Insert or replace one step of a boot."""
    connection.execute(
        "INSERT OR REPLACE INTO step"
        " (boot, number, kind, name, began_at, ended_at, bytes, total, status, detail)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            ident,
            row.number,
            row.kind,
            row.name,
            row.began_at,
            row.ended_at,
            row.bytes,
            row.total,
            row.status,
            json.dumps(row.detail),
        ),
    )


def drop_steps(connection: sqlite3.Connection, ident: str, numbers: Collection[int]) -> None:
    """Take steps out of a boot that has too many."""
    connection.executemany(
        "DELETE FROM step WHERE boot = ? AND number = ?", [(ident, number) for number in numbers]
    )


def save_token(connection: sqlite3.Connection, row: TokenRow) -> None:
    """Insert or replace one token."""
    connection.execute(
        f"INSERT OR REPLACE INTO token ({_TOKEN}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            row.token,
            row.boot,
            row.network,
            row.mac,
            row.address,
            json.dumps(row.images),
            json.dumps(row.menu),
            row.secret_hash,
            int(row.used),
            row.expires_at,
        ),
    )


def use_tokens(connection: sqlite3.Connection, boot_id: str) -> None:
    """No token of that boot authorises a phone-home any more."""
    connection.execute("UPDATE token SET used = 1 WHERE boot = ?", (boot_id,))


def save_held(connection: sqlite3.Connection, row: HeldRow) -> None:
    """Insert or replace one waiting machine."""
    connection.execute(
        "INSERT OR REPLACE INTO held (network, mac, code, since, last_asked, facts)"
        " VALUES (?, ?, ?, ?, ?, ?)",
        (row.network, row.mac, row.code, row.since, row.last_asked, json.dumps(row.facts)),
    )


def drop_held(connection: sqlite3.Connection, network: str, mac: str) -> None:
    """That machine does not wait any more."""
    connection.execute("DELETE FROM held WHERE network = ? AND mac = ?", (network, mac))


def save_own(connection: sqlite3.Connection, name: str, value: str) -> None:
    """Keep a value for the role itself."""
    connection.execute("INSERT OR REPLACE INTO own (name, value) VALUES (?, ?)", (name, value))
