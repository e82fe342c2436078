"""leases.db: who holds which address, what is wrong on a network.  Written by dhcp only.

A lease's row is the fact.  A trouble's row is folded from the events that begin and end it, in
their transaction.  Addresses are stored as integers, MACs as text, times as Unix seconds.
"""

import json
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from appliance.events import (
    EarFound,
    EarLost,
    Event,
    ForeignBootServer,
    ForeignBootServerGone,
    ForeignServer,
    ForeignServerGone,
    PoolCalm,
    PoolEmpty,
    PoolFlooded,
    PoolHasRoom,
    from_json,
    to_json,
)
from appliance.store.journal import EVENTS, append, transaction
from appliance.store.slices import TABLE as LAST_SLICE

MIGRATIONS = (
    f"""
    {EVENTS};
    CREATE TABLE lease (
      network TEXT NOT NULL,
      address INTEGER NOT NULL,
      mac TEXT NOT NULL,
      client TEXT NOT NULL,          -- hex of the client-id the lease is keyed by, or "hw:" + mac
      hostname TEXT NOT NULL,        -- as the client said it, cleaned; may be empty
      stage TEXT NOT NULL,           -- "os", or "boot" for a short lease of a netboot stage
      given_at REAL NOT NULL,
      ends_at REAL NOT NULL,
      state TEXT NOT NULL,           -- "bound", "released", "declined"
      PRIMARY KEY (network, address)
    ) WITHOUT ROWID;
    CREATE INDEX lease_mac ON lease (mac);
    """,
    """
    CREATE TABLE trouble (           -- what is wrong now
      network TEXT NOT NULL,
      topic TEXT NOT NULL,           -- "foreign", "pool", "flood", "ear"
      server TEXT NOT NULL,          -- the foreign server's address, or ""
      since REAL NOT NULL,
      kind TEXT NOT NULL,            -- the event that says it
      body TEXT NOT NULL,
      PRIMARY KEY (network, topic, server)
    ) WITHOUT ROWID;
    CREATE TABLE alone (             -- when we last knew that nobody else answers
      network TEXT PRIMARY KEY,
      address INTEGER NOT NULL,      -- ours there
      boot TEXT NOT NULL,            -- of the machine: `at` counts from its start
      at REAL NOT NULL
    ) WITHOUT ROWID;
    """,
    LAST_SLICE,
    """
    ALTER TABLE lease ADD COLUMN vendor TEXT NOT NULL DEFAULT '';  -- option 60, cleaned
    ALTER TABLE lease ADD COLUMN asked TEXT NOT NULL DEFAULT '';   -- option 55 as hex
    """,
    """
    CREATE TABLE self_offer (        -- what a stranger would be offered, while that is on trial
      network TEXT PRIMARY KEY,
      address TEXT NOT NULL,         -- "" when nothing
      why TEXT NOT NULL,             -- why nothing, or ""
      at REAL NOT NULL
    ) WITHOUT ROWID;
    """,
    """
    CREATE TABLE frame (             -- how the clock stood when the leases were right
      id INTEGER PRIMARY KEY CHECK (id = 1),
      boot TEXT NOT NULL,            -- the run of the machine
      ahead REAL NOT NULL,           -- the clock less CLOCK_BOOTTIME
      at REAL NOT NULL               -- the clock, noted last
    );
    """,
)

BEGINS: Mapping[type[Event], str] = {
    ForeignServer: "foreign",
    ForeignBootServer: "foreign",
    PoolEmpty: "pool",
    PoolFlooded: "flood",
    EarLost: "ear",
}
ENDS: Mapping[type[Event], str] = {
    ForeignServerGone: "foreign",
    ForeignBootServerGone: "foreign",
    PoolHasRoom: "pool",
    PoolCalm: "flood",
    EarFound: "ear",
}
"""The events that begin and end a trouble, with its topic."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that is wrong on a network now.

    `event` has the facts and `events.say` the sentence: a ForeignServer, ForeignBootServer,
    PoolEmpty, PoolFlooded or EarLost.  Addresses that rest after a DECLINE are leases in state
    "declined".
    """

    network: str
    since: float
    event: Event


@dataclass(frozen=True, slots=True)
class LeaseRow:
    """One lease, as pages and dns read it."""

    network: str
    address: IPv4Address
    mac: str
    hostname: str
    stage: str
    given_at: float
    ends_at: float
    state: str
    vendor: str = ""  # what the client says that it is
    asked: str = ""  # hex of the options it asked for


def leases(connection: sqlite3.Connection, network: str | None = None) -> Iterator[LeaseRow]:
    """Every stored lease in address order, ended ones included."""
    rows = connection.execute(
        "SELECT network, address, mac, hostname, stage, given_at, ends_at, state, vendor, asked"
        " FROM lease WHERE ? IS NULL OR network = ? ORDER BY network, address",
        (network, network),
    ).fetchall()
    for row in rows:
        yield LeaseRow(row[0], IPv4Address(row[1]), *row[2:])


def holder(connection: sqlite3.Connection, network: str, address: IPv4Address) -> str | None:
    """The MAC that holds `address` there, None when nobody does."""
    row = connection.execute(
        "SELECT mac FROM lease WHERE network = ? AND address = ? AND state = 'bound'",
        (network, int(address)),
    ).fetchone()
    return str(row[0]) if row else None


def note_self_offer(
    connection: sqlite3.Connection, network: str, found: tuple[str, str], at: float
) -> None:
    """Note what a stranger would be offered on a network: an address, and why none."""
    connection.execute(
        "INSERT OR REPLACE INTO self_offer VALUES (?, ?, ?, ?)", (network, *found, at)
    )


def self_offers(connection: sqlite3.Connection, since: float) -> dict[str, tuple[str, str]]:
    """By network, what was noted after `since`."""
    rows = connection.execute(
        "SELECT network, address, why FROM self_offer WHERE at > ?", (since,)
    ).fetchall()
    return {network: (address, why) for network, address, why in rows}


def last_end(connection: sqlite3.Connection, network: str, subnet: IPv4Network) -> float:
    """When the last lease on an address of `subnet` ends (Unix seconds); 0.0 when there is none."""
    row = connection.execute(
        "SELECT max(ends_at) FROM lease WHERE network = ? AND state = 'bound'"
        " AND address BETWEEN ? AND ?",
        (network, int(subnet.network_address), int(subnet.broadcast_address)),
    ).fetchone()
    return float(row[0] or 0.0)


Stored = tuple[str, int, str, str, str, str, float, float, str, str, str]
"""A whole row in the table's own order, as the writer keeps it."""


def stored(connection: sqlite3.Connection, networks: Collection[str]) -> list[Stored]:
    """Every row of these networks with the key it is found by, as dhcp starts from them: in the
    order of their ends, of two rows of one address the one that ends later."""
    rows = connection.execute(
        "SELECT network, address, mac, client, hostname, stage, given_at, ends_at, state, vendor,"
        " asked FROM lease WHERE network IN (SELECT value FROM json_each(?)) ORDER BY ends_at",
        (json.dumps(list(networks)),),
    ).fetchall()
    newest = {row[1]: row for row in rows}
    return [row for row in rows if newest[row[1]] is row]


def commit(
    connection: sqlite3.Connection, rows: Iterable[Stored], events: Iterable[Event], at: float
) -> None:
    """Write all of a drain's leases and events as one transaction, on disk when it returns.

    Raises sqlite3.Error, and then nothing of it is written: no ACK may leave.
    """
    connection.execute("begin")
    try:
        connection.executemany(
            "INSERT INTO lease VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (network, address) DO UPDATE SET mac = excluded.mac,"
            " client = excluded.client, hostname = excluded.hostname, stage = excluded.stage,"
            " given_at = excluded.given_at, ends_at = excluded.ends_at, state = excluded.state,"
            " vendor = excluded.vendor, asked = excluded.asked",
            rows,
        )
        for event in events:
            append(connection, event, at)
            _fold(connection, event, at)
        connection.execute("commit")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.execute("rollback")
        raise


def named(connection: sqlite3.Connection, macs: Iterable[str], now: float) -> list[LeaseRow]:
    """Bound leases that have a name: the client's own, or one of `macs` that others name."""
    rows = connection.execute(
        "SELECT network, address, mac, hostname, stage, given_at, ends_at, state FROM lease"
        " WHERE state = 'bound' AND ends_at > ?"
        " AND (hostname <> '' OR mac IN (SELECT value FROM json_each(?)))",
        (now, json.dumps(list(macs))),
    ).fetchall()
    return [LeaseRow(row[0], IPv4Address(row[1]), *row[2:]) for row in rows]


def troubles(connection: sqlite3.Connection) -> list[Trouble]:
    """What is wrong now, by network, the longest-standing first."""
    rows = connection.execute(
        "SELECT network, since, kind, body FROM trouble ORDER BY network, since"
    ).fetchall()
    said = ((name, since, from_json(kind, json.loads(body))) for name, since, kind, body in rows)
    return [Trouble(name, since, event) for name, since, event in said if event is not None]


def forget(connection: sqlite3.Connection, kept: Collection[str]) -> None:
    """Drop the troubles of networks that are not in `kept`."""
    names = json.dumps(list(kept))
    for table in ("trouble", "alone"):
        connection.execute(
            f"DELETE FROM {table} WHERE network NOT IN (SELECT value FROM json_each(?))", (names,)
        )


def frame(connection: sqlite3.Connection) -> tuple[str, float, float] | None:
    """How the clock stood when the leases were right: the run of the machine, how far the clock was
    ahead of its uptime, and the clock; None before that was noted."""
    row = connection.execute("SELECT boot, ahead, at FROM frame").fetchone()
    return (str(row[0]), float(row[1]), float(row[2])) if row else None


def time_of(connection: sqlite3.Connection, boot: str, uptime: float, wall: float) -> float:
    """Now, as the stored times have it: by the clock, but when that was set and dhcp has not moved
    them along yet.  `boot` is this run of the machine, `uptime` CLOCK_BOOTTIME."""
    noted = frame(connection)
    if noted is None:
        return wall
    then, ahead, at = noted
    return uptime + ahead if then == boot else at


def move(
    connection: sqlite3.Connection, seconds: float, boot: str, ahead: float, at: float
) -> None:
    """Note how the clock stands now, and move every lease's times along when it was set."""
    with transaction(connection):
        if seconds:
            connection.execute("UPDATE lease SET ends_at = ends_at + ?", (seconds,))
            connection.execute(
                "UPDATE lease SET given_at = given_at + ? WHERE given_at <> -1", (seconds,)
            )
        connection.execute("INSERT OR REPLACE INTO frame VALUES (1, ?, ?, ?)", (boot, ahead, at))


def note_alone(
    connection: sqlite3.Connection, network: str, address: int, boot: str, at: float
) -> None:
    """Note that at `at`, seconds since the machine's start `boot`, nobody else answered there."""
    connection.execute(
        "INSERT OR REPLACE INTO alone VALUES (?, ?, ?, ?)", (network, address, boot, at)
    )


def alone_at(connection: sqlite3.Connection, network: str, address: int, boot: str) -> float | None:
    """When that was last noted since this start of the machine, None when it was not."""
    row = connection.execute(
        "SELECT at FROM alone WHERE network = ? AND address = ? AND boot = ?",
        (network, address, boot),
    ).fetchone()
    return float(row[0]) if row else None


def _fold(connection: sqlite3.Connection, event: Event, at: float) -> None:
    """Let a trouble begin or end with its event; the caller owns the transaction."""
    kind = type(event)
    topic = BEGINS.get(kind) or ENDS.get(kind)
    if topic is None:
        return
    fields = to_json(event)
    place = (fields["network"], topic, fields.get("server", ""))
    if kind in BEGINS:
        connection.execute(
            "INSERT INTO trouble VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " kind = excluded.kind, body = excluded.body",
            (*place, at, kind.__name__, json.dumps(fields)),
        )
    else:
        connection.execute(
            "DELETE FROM trouble WHERE network = ? AND topic = ? AND server = ?", place
        )
