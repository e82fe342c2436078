"""net.db: the devices on the LANs, and the blocks that are in force.  Written by net only.

What the owner said of a device is in nixie.db (`inventory_view.devices`); the blocks are copied
here, so that they stand without nixie.db as well.
"""

import json
import sqlite3
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

TABLES = """
CREATE TABLE device (
  mac TEXT PRIMARY KEY,
  network TEXT NOT NULL,         -- where it was seen last
  hostname TEXT NOT NULL,        -- as it said it to DHCP, cleaned; may be empty
  maker TEXT NOT NULL,           -- of its card; may be empty
  system TEXT NOT NULL,          -- what runs on it, guessed; may be empty
  addresses TEXT NOT NULL,       -- JSON: texts, IPv4 first
  first_seen REAL NOT NULL,
  last_seen REAL NOT NULL,
  here INTEGER NOT NULL
) WITHOUT ROWID;
CREATE TABLE block (
  mac TEXT PRIMARY KEY,
  said TEXT NOT NULL,            -- model/devices.block_text
  holds INTEGER NOT NULL         -- its packets are dropped right now
) WITHOUT ROWID;
"""

_COLUMNS = "mac, network, hostname, maker, system, addresses, first_seen, last_seen, here"


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One MAC that was on a LAN.  `last_seen` is up to five minutes old while it is `here`."""

    mac: str
    network: str
    hostname: str
    maker: str
    system: str
    addresses: tuple[str, ...]
    first_seen: float
    last_seen: float
    here: bool


@dataclass(frozen=True, slots=True)
class BlockRow:
    """A block as net has it: `holds` says whether packets are dropped now."""

    mac: str
    said: str
    holds: bool


def devices(connection: sqlite3.Connection) -> list[DeviceRow]:
    """Every device by MAC."""
    rows = connection.execute(f"SELECT {_COLUMNS} FROM device ORDER BY mac").fetchall()
    return [
        DeviceRow(
            mac, network, said, maker, system, tuple(json.loads(has)), first, last, bool(here)
        )
        for mac, network, said, maker, system, has, first, last, here in rows
    ]


def addresses_of(connection: sqlite3.Connection, macs: Iterable[str]) -> frozenset[tuple[str, str]]:
    """Every address that these MACs were seen with, each with its network."""
    wanted = json.dumps(sorted(macs))
    rows = connection.execute(
        "SELECT each.value, network FROM device, json_each(addresses) AS each"
        " WHERE mac IN (SELECT value FROM json_each(?))",
        (wanted,),
    )
    return frozenset((str(address), str(network)) for address, network in rows)


def in_use(connection: sqlite3.Connection) -> list[tuple[str, str, str]]:
    """(network, IPv4 address, MAC) of every device that is here."""
    rows = connection.execute(
        "SELECT network, each.value, mac FROM device, json_each(addresses) AS each"
        " WHERE here AND each.value NOT LIKE '%:%' ORDER BY mac"
    )
    return [(str(network), str(address), str(mac)) for network, address, mac in rows]


def here(connection: sqlite3.Connection) -> int:
    """How many devices are here."""
    (found,) = connection.execute("SELECT count(*) FROM device WHERE here").fetchone()
    return int(found)


def blocks(connection: sqlite3.Connection) -> list[BlockRow]:
    """Every block that net knows of."""
    rows = connection.execute("SELECT mac, said, holds FROM block ORDER BY mac").fetchall()
    return [BlockRow(mac, said, bool(holds)) for mac, said, holds in rows]


def write_devices(
    connection: sqlite3.Connection, rows: Iterable[DeviceRow], gone: Iterable[str]
) -> None:
    """Put down what changed; the caller owns the transaction."""
    connection.executemany("DELETE FROM device WHERE mac = ?", [(mac,) for mac in gone])
    connection.executemany(
        f"INSERT OR REPLACE INTO device ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            (
                row.mac,
                row.network,
                row.hostname,
                row.maker,
                row.system,
                json.dumps(row.addresses),
                row.first_seen,
                row.last_seen,
                row.here,
            )
            for row in rows
        ],
    )


def write_blocks(connection: sqlite3.Connection, said: Mapping[str, str], holds: set[str]) -> bool:
    """Put down all blocks; False when they are as before and nothing was written."""
    found = [BlockRow(mac, said[mac], mac in holds) for mac in sorted(said)]
    if found == blocks(connection):
        return False
    connection.execute("DELETE FROM block")
    connection.executemany(
        "INSERT INTO block VALUES (?, ?, ?)", [(row.mac, row.said, row.holds) for row in found]
    )
    return True
