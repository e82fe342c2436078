import sqlite3
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from appliance.events import LeaseDeclined
from appliance.store.journal import read
from appliance.store.leases import MIGRATIONS, Stored, commit, holder, leases, stored
from appliance.store.open import reader, writer

ROW: Stored = ("lan", 174_915_684, "52:54:00:12:34:56", "ff01", "ember", "os", 1.0, 9.0, "bound")
DECLINED = LeaseDeclined("lan", "52:54:00:12:34:56", "10.109.0.100")


@pytest.fixture
def ledger(tmp_path: Path) -> sqlite3.Connection:
    return writer(tmp_path / "leases.db", MIGRATIONS)


def test_a_committed_lease_is_read_by_others(ledger: sqlite3.Connection, tmp_path: Path) -> None:
    commit(ledger, [ROW], [], 1.0)
    (lease,) = leases(reader(tmp_path / "leases.db"))
    assert (lease.mac, lease.hostname, lease.ends_at) == ("52:54:00:12:34:56", "ember", 9.0)


def test_an_address_has_one_row_whoever_holds_it(ledger: sqlite3.Connection) -> None:
    commit(ledger, [ROW], [], 1.0)
    commit(ledger, [(*ROW[:2], "02:00:00:00:00:01", *ROW[3:])], [], 2.0)
    assert len(stored(ledger, "lan")) == 1
    assert holder(ledger, "lan", IPv4Address(ROW[1])) == "02:00:00:00:00:01"


def test_a_stored_row_comes_back_whole(ledger: sqlite3.Connection) -> None:
    commit(ledger, [ROW], [], 1.0)
    assert stored(ledger, "lan") == [ROW]
    assert stored(ledger, "guest") == []


def test_events_are_of_the_same_transaction(ledger: sqlite3.Connection) -> None:
    commit(ledger, [ROW], [DECLINED], 5.0)
    (entry,) = read(ledger, 0)
    assert (entry.at, entry.event) == (5.0, DECLINED)


def test_a_refused_row_leaves_nothing_behind(ledger: sqlite3.Connection) -> None:
    broken = (*ROW[:8], None)
    with pytest.raises(sqlite3.IntegrityError):
        commit(ledger, [ROW, broken], [DECLINED], 5.0)  # type: ignore[list-item]
    assert stored(ledger, "lan") == []
    assert list(read(ledger, 0)) == []
    commit(ledger, [ROW], [], 6.0)
    assert stored(ledger, "lan") == [ROW]
