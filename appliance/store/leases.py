"""leases.db: who holds which address.  Written by dhcp only; the row is the fact.

Addresses are stored as integers, MACs as text, times as Unix seconds.
"""

import json
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from ipaddress import IPv4Address

from appliance.events import Event
from appliance.store.journal import EVENTS, append
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
    LAST_SLICE,
)


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


def leases(connection: sqlite3.Connection, network: str | None = None) -> Iterator[LeaseRow]:
    """Every stored lease in address order, ended ones included."""
    rows = connection.execute(
        "SELECT network, address, mac, hostname, stage, given_at, ends_at, state FROM lease"
        " WHERE ? IS NULL OR network = ? ORDER BY network, address",
        (network, network),
    ).fetchall()
    for name, address, mac, hostname, stage, given_at, ends_at, state in rows:
        yield LeaseRow(name, IPv4Address(address), mac, hostname, stage, given_at, ends_at, state)


def holder(connection: sqlite3.Connection, network: str, address: IPv4Address) -> str | None:
    """The MAC that holds `address` there, None when nobody does."""
    row = connection.execute(
        "SELECT mac FROM lease WHERE network = ? AND address = ? AND state = 'bound'",
        (network, int(address)),
    ).fetchone()
    return str(row[0]) if row else None


Stored = tuple[str, int, str, str, str, str, float, float, str]
"""A whole row in the table's own order, as the writer keeps it."""


def stored(connection: sqlite3.Connection, network: str) -> list[Stored]:
    """Every row of a network with the key it is found by: what dhcp starts from."""
    return connection.execute(
        "SELECT network, address, mac, client, hostname, stage, given_at, ends_at, state"
        " FROM lease WHERE network = ? ORDER BY ends_at",
        (network,),
    ).fetchall()


def commit(
    connection: sqlite3.Connection, rows: Iterable[Stored], events: Iterable[Event], at: float
) -> None:
    """Write all of a drain's leases and events as one transaction, on disk when it returns.

    Raises sqlite3.Error, and then nothing of it is written: no ACK may leave.
    """
    connection.execute("begin")
    try:
        connection.executemany(
            "INSERT INTO lease VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (network, address) DO UPDATE SET mac = excluded.mac,"
            " client = excluded.client, hostname = excluded.hostname, stage = excluded.stage,"
            " given_at = excluded.given_at, ends_at = excluded.ends_at, state = excluded.state",
            rows,
        )
        for event in events:
            append(connection, event, at)
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
