"""What the door does with slices and time; packets are in tests/live/test_dhcp.py."""

import asyncio
import socket
import sqlite3
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from appliance.events import Event, ForeignServer, PoolEmpty
from appliance.store.leases import MIGRATIONS, Stored, commit, move, troubles
from appliance.store.open import writer
from services.dhcp.serve import Port, Server
from tests.services.dhcp.router import LAN, LOADERS, MAC, number

HERE = replace(LAN, link="lo")
FULL = PoolEmpty("lan", MAC.hex(":"), 100, 100)
Seen = TypeVar("Seen")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    database = writer(tmp_path / "leases.db", MIGRATIONS)
    yield database
    database.close()


def served(ledger: sqlite3.Connection, seen: Callable[[Server], Seen]) -> Seen:
    """What is seen of a server that answers on loopback."""

    async def serving() -> Seen:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.bind(("127.0.0.1", 0))
            server = Server([Port("lo", one, None)], ledger, LOADERS, guarded=False)
            return seen(server)

    return asyncio.run(serving())


def held(seconds: float) -> Stored:
    """The row of an ordinary lease that ends in so many seconds."""
    now, mac = time.time(), MAC.hex(":")
    address = number("10.77.0.100")
    return ("lan", address, mac, "hw:" + mac, "", "os", now, now + seconds, "bound", "", "")


def wrong(ledger: sqlite3.Connection) -> list[Event]:
    return [one.event for one in troubles(ledger)]


def test_a_lease_outlives_a_lease_time_that_is_shortened(ledger: sqlite3.Connection) -> None:
    row = held(40_000)
    commit(ledger, [row], [], 1.0)

    def ends_at(server: Server) -> float:
        server.adopt((replace(HERE, lease_seconds=60),))
        assert server.ports[0].lan is not None
        return server.ports[0].lan.pool.leases[row[1]].ends_at

    assert served(ledger, ends_at) == row[7]


def test_room_in_a_pool_that_was_used_up_is_told(ledger: sqlite3.Connection) -> None:
    commit(ledger, [], [FULL], 1.0)

    def after(server: Server) -> list[Event]:
        server.adopt((HERE,))
        server.watch(0.0)
        return wrong(ledger)

    assert served(ledger, after) == []


def test_a_pool_that_is_still_used_up_stays_a_trouble(ledger: sqlite3.Connection) -> None:
    commit(ledger, [held(3600)], [FULL], 1.0)

    def after(server: Server) -> list[Event]:
        server.adopt((replace(HERE, last=HERE.first),))
        server.watch(0.0)
        return wrong(ledger)

    assert served(ledger, after) == [FULL]


def test_a_network_that_goes_takes_its_troubles_along(ledger: sqlite3.Connection) -> None:
    commit(ledger, [], [ForeignServer("guest", "10.78.0.250")], 1.0)

    def after(server: Server) -> list[Event]:
        server.adopt((HERE,))
        return wrong(ledger)

    assert served(ledger, after) == []


def refusing(ledger: sqlite3.Connection) -> sqlite3.Connection:
    """The same on a disk that takes nothing more."""
    ledger.execute("PRAGMA query_only = ON")
    return ledger


def test_a_clock_that_cannot_be_noted_hinders_nobody(ledger: sqlite3.Connection) -> None:
    def goes_on(server: Server) -> bool:
        server.watch(0.0)
        return not server.failed.done()

    assert served(refusing(ledger), goes_on)


def test_leases_that_cannot_move_with_the_clock_end_the_service(
    ledger: sqlite3.Connection,
) -> None:
    commit(ledger, [held(3_600)], [], 1.0)
    move(ledger, 0.0, "another run of the machine", 0.0, time.time() - 86_400)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        served(refusing(ledger), lambda server: server.failed)
