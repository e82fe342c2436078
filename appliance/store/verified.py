"""net.db: IPv6 addresses that a device made of its MAC, and that answered when we asked them.

Written by net only; dns gives them the device's name.
"""

import sqlite3
from collections.abc import Iterable
from ipaddress import IPv6Address

TABLE = """
CREATE TABLE verified (
  mac TEXT NOT NULL,
  address TEXT NOT NULL PRIMARY KEY
) WITHOUT ROWID;
"""
Pair = tuple[str, IPv6Address]
Verified = frozenset[Pair]
NOBODY: Verified = frozenset()


def verified(connection: sqlite3.Connection) -> frozenset[Pair]:
    """Every device's MAC with an address of it."""
    rows = connection.execute("SELECT mac, address FROM verified").fetchall()
    return frozenset((mac, IPv6Address(address)) for mac, address in rows)


def write_verified(connection: sqlite3.Connection, pairs: Iterable[Pair]) -> None:
    """Put them down in place of those before; the caller owns the transaction."""
    connection.execute("DELETE FROM verified")
    connection.executemany(
        "INSERT INTO verified VALUES (?, ?)", [(mac, str(one)) for mac, one in sorted(pairs)]
    )
