import sqlite3
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from appliance.events import (
    EarFound,
    EarLost,
    Event,
    ForeignBootServer,
    ForeignBootServerGone,
    ForeignServer,
    ForeignServerGone,
    LeaseDeclined,
    PoolEmpty,
    PoolHasRoom,
)
from appliance.store.journal import read
from appliance.store.leases import (
    BEGINS,
    ENDS,
    MIGRATIONS,
    Stored,
    Trouble,
    alone_at,
    commit,
    forget,
    holder,
    leases,
    move,
    note_alone,
    stored,
    time_of,
    troubles,
)
from appliance.store.open import reader, writer

ROW: Stored = (
    *("lan", 174_915_684, "52:54:00:12:34:56", "ff01", "ember", "os", 1.0, 9.0, "bound"),
    *("dhcpcd-9.4.1", "0103"),
)
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
    assert len(stored(ledger, ["lan"])) == 1
    assert holder(ledger, "lan", IPv4Address(ROW[1])) == "02:00:00:00:00:01"


def test_a_stored_row_comes_back_whole(ledger: sqlite3.Connection) -> None:
    commit(ledger, [ROW], [], 1.0)
    assert stored(ledger, ["lan"]) == [ROW]
    assert stored(ledger, ["guest"]) == []


def test_events_are_of_the_same_transaction(ledger: sqlite3.Connection) -> None:
    commit(ledger, [ROW], [DECLINED], 5.0)
    (entry,) = read(ledger, 0)
    assert (entry.at, entry.event) == (5.0, DECLINED)


def test_a_refused_row_leaves_nothing_behind(ledger: sqlite3.Connection) -> None:
    broken = (*ROW[:8], None, *ROW[9:])
    with pytest.raises(sqlite3.IntegrityError):
        commit(ledger, [ROW, broken], [DECLINED], 5.0)  # type: ignore[list-item]
    assert stored(ledger, ["lan"]) == []
    assert list(read(ledger, 0)) == []
    commit(ledger, [ROW], [], 6.0)
    assert stored(ledger, ["lan"]) == [ROW]


# ── what is wrong now ─────────────────────────────────────────────────────────────────────────────

FOREIGN = ForeignServer("lan", "10.77.0.250", "02:00:00:00:02:50", "10.77.0.9/24", "option 66")
PROXY = ForeignBootServer("lan", "10.77.0.251", "option 60", "02:00:00:00:02:51")
FULL = PoolEmpty("lan", "52:54:00:12:34:56", 100, 100)
DEAF = EarLost("lan", "br-lan cannot be listened on (Operation not permitted).")


def happens(ledger: sqlite3.Connection, *events: Event, at: float = 1.0) -> list[Event]:
    """Commit these; what is wrong then."""
    commit(ledger, [], events, at)
    return [one.event for one in troubles(ledger)]


@pytest.mark.parametrize("event", [FOREIGN, PROXY, FULL, DEAF])
def test_a_trouble_stands_from_its_event_on(
    ledger: sqlite3.Connection, tmp_path: Path, event: Event
) -> None:
    commit(ledger, [], [event], 5.0)
    assert troubles(reader(tmp_path / "leases.db")) == [Trouble("lan", 5.0, event)]


@pytest.mark.parametrize(
    ("begin", "end"),
    [
        (FOREIGN, ForeignServerGone("lan", "10.77.0.250")),
        (PROXY, ForeignBootServerGone("lan", "10.77.0.251")),
        (FULL, PoolHasRoom("lan")),
        (DEAF, EarFound("lan")),
    ],
)
def test_a_trouble_ends_with_its_event(
    ledger: sqlite3.Connection, begin: Event, end: Event
) -> None:
    assert happens(ledger, begin) == [begin]
    assert happens(ledger, end) == []


def test_of_two_foreign_servers_one_may_go(ledger: sqlite3.Connection) -> None:
    happens(ledger, FOREIGN, PROXY)
    assert happens(ledger, ForeignServerGone("lan", "10.77.0.250")) == [PROXY]


def test_what_is_learnt_later_does_not_make_a_trouble_younger(ledger: sqlite3.Connection) -> None:
    happens(ledger, ForeignServer("lan", "10.77.0.250"), at=1.0)
    happens(ledger, FOREIGN, at=9.0)
    assert troubles(ledger) == [Trouble("lan", 1.0, FOREIGN)]


def test_a_proxy_that_turns_out_to_be_a_server_is_one_trouble(ledger: sqlite3.Connection) -> None:
    happens(ledger, ForeignBootServer("lan", "10.77.0.250", "option 60"))
    assert happens(ledger, FOREIGN) == [FOREIGN]


def test_other_events_are_no_trouble(ledger: sqlite3.Connection) -> None:
    assert happens(ledger, DECLINED) == []


def test_every_trouble_has_an_end() -> None:
    assert sorted(BEGINS.values()) == sorted(ENDS.values())


def test_a_network_that_is_gone_has_no_troubles(ledger: sqlite3.Connection) -> None:
    happens(ledger, FOREIGN, PoolEmpty("guest", "52:54:00:12:34:56", 1, 1))
    forget(ledger, ["guest"])
    assert [one.network for one in troubles(ledger)] == ["guest"]


def test_being_alone_counts_for_this_start_of_the_machine_only(ledger: sqlite3.Connection) -> None:
    note_alone(ledger, "lan", 7, "boot-1", 50.0)
    note_alone(ledger, "lan", 7, "boot-1", 60.0)
    assert alone_at(ledger, "lan", 7, "boot-1") == 60.0
    assert alone_at(ledger, "lan", 7, "boot-2") is None


def test_being_alone_counts_for_this_address_only(ledger: sqlite3.Connection) -> None:
    note_alone(ledger, "lan", 7, "boot-1", 50.0)
    assert alone_at(ledger, "lan", 8, "boot-1") is None


def test_of_two_names_of_one_network_the_later_end_counts(ledger: sqlite3.Connection) -> None:
    later = ("office", *ROW[1:7], ROW[7] + 60, *ROW[8:])
    commit(ledger, [ROW, later], [], 1.0)
    assert stored(ledger, ["office", "lan"]) == [later]


def test_the_time_of_what_is_stored_is_that_of_a_clock_that_nobody_set(
    ledger: sqlite3.Connection,
) -> None:
    assert time_of(ledger, "this run", 100.0, 9_000.0) == 9_000.0  # nothing was noted
    move(ledger, 0.0, "this run", 900.0, 1_000.0)
    assert time_of(ledger, "this run", 150.0, 9_050.0) == 1_050.0
    assert time_of(ledger, "the next run", 3.0, 60.0) == 1_000.0
