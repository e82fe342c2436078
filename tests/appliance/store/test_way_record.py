"""What wan puts down: each fact once, with its event."""

import sqlite3
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from appliance.events import WanAddressed, WanAddressGone, WanDown, WanOff, WanUp
from appliance.model.way import Lease, Stand, Way
from appliance.store import journal, ways
from appliance.store.open import reader, writer
from appliance.store.way_record import FIGURES_SECONDS, Record

GATEWAY = IPv4Address("203.0.113.1")
LEASE = Lease(IPv4Interface("203.0.113.5/24"), GATEWAY, (GATEWAY,), lease_seconds=600)
OTHER = replace(LEASE, address=IPv4Interface("198.51.100.5/24"))
ONLINE = Way(Stand.ONLINE, "up0", address="203.0.113.5/24", gateway="203.0.113.1", milliseconds=9.0)
BOOT = "this run"


class Desk:
    def __init__(self, path: Path) -> None:
        self.path, self.today = path, 1000.0
        self.own = writer(path, ways.MIGRATIONS)
        self.record = self.again()

    def again(self, boot: str = BOOT) -> Record:
        return Record(self.own, boot, lambda: self.today)

    def write(self, lease: Lease | None, way: Way, taken_at: float = 5.0) -> None:
        self.record.write(lease, "up0", taken_at, way, self.today)

    def told(self) -> list[str]:
        return [type(one.event).__name__ for one in journal.read(reader(self.path), 0)]

    def writes(self) -> int:
        return self.own.total_changes


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "wan.db")


def test_a_lease_is_told_with_the_row(desk: Desk) -> None:
    desk.write(LEASE, ONLINE)
    held = ways.learned(reader(desk.path)).held
    assert held
    assert (held.link, held.lease, held.boot) == ("up0", LEASE, BOOT)
    assert desk.told() == [WanAddressed.__name__, WanUp.__name__]


def test_what_a_session_gave_names_it(desk: Desk) -> None:
    desk.record.write(LEASE, "ppp-wan", 5.0, ONLINE, desk.today, "wan0/1492///ada@isp/")
    held = ways.learned(reader(desk.path)).held
    assert held
    assert held.session == "wan0/1492///ada@isp/"


def test_a_renewal_is_a_row_without_an_event(desk: Desk) -> None:
    desk.write(LEASE, ONLINE)
    desk.write(LEASE, ONLINE, taken_at=300.0)
    held = ways.learned(reader(desk.path)).held
    assert held
    assert held.taken_at == 300.0
    assert desk.told() == [WanAddressed.__name__, WanUp.__name__]


def test_what_is_as_before_is_not_written(desk: Desk) -> None:
    desk.write(LEASE, ONLINE)
    before = desk.writes()
    desk.today += 10
    desk.write(LEASE, replace(ONLINE, milliseconds=11.0))
    assert desk.writes() == before
    desk.today += FIGURES_SECONDS
    desk.write(LEASE, replace(ONLINE, milliseconds=11.0))
    assert ways.way(reader(desk.path)).milliseconds == 11.0


def test_a_way_stands_so_since_it_came_to(desk: Desk) -> None:
    desk.write(LEASE, ONLINE)
    desk.today += 500
    desk.write(LEASE, replace(ONLINE, milliseconds=20.0))
    assert ways.way(reader(desk.path)).since == 1000.0


def test_another_address_makes_the_old_one_a_former_one(desk: Desk) -> None:
    desk.write(LEASE, ONLINE)
    desk.write(OTHER, ONLINE)
    found = ways.learned(reader(desk.path))
    assert found.former == (("up0", LEASE.address),)
    desk.write(LEASE, ONLINE)
    assert ways.learned(reader(desk.path)).former == (("up0", OTHER.address),)
    assert desk.told().count(WanAddressGone.__name__) == 2


def test_every_reason_is_told_once(desk: Desk) -> None:
    cut = Way(Stand.NO_CABLE, "up0", "there is no cable in up0.")
    for way in (cut, cut, replace(cut, stand=Stand.UNANSWERED, why="no answer."), Way()):
        desk.write(None, way)
    assert desk.told() == [WanDown.__name__, WanDown.__name__, WanOff.__name__]


def test_a_lease_of_this_run_is_taken_up_again(desk: Desk) -> None:
    desk.write(LEASE, ONLINE, taken_at=5.0)
    assert desk.again().held_by("up0", 604.0) == (LEASE, 5.0)
    assert desk.again().held_by("up0", 605.0) is None  # it has ended
    assert desk.again().held_by("up1", 10.0) is None
    assert desk.again("another run").held_by("up0", 10.0) is None


def test_a_disk_that_refuses_is_tried_again(desk: Desk) -> None:
    desk.own.execute("PRAGMA query_only=1")
    desk.write(LEASE, ONLINE)
    with pytest.raises(sqlite3.OperationalError):
        desk.own.execute("DELETE FROM way")
    desk.own.execute("PRAGMA query_only=0")
    desk.write(LEASE, ONLINE)
    assert ways.learned(reader(desk.path)).held is not None


def test_a_row_of_another_layout_is_as_good_as_none(desk: Desk) -> None:
    desk.own.execute("INSERT INTO held VALUES (1, '{\"link\": 3}')")
    desk.own.execute('INSERT INTO way VALUES (1, \'{"stand": "upside-down"}\')')
    assert ways.learned(desk.own).held is None
    assert ways.way(desk.own) == Way()


def test_a_role_that_starts_anew_is_not_offline_meanwhile(desk: Desk) -> None:
    desk.write(LEASE, ONLINE)
    desk.today += 500
    desk.record = desk.again()
    desk.write(LEASE, replace(ONLINE, stand=Stand.LISTENING, milliseconds=None))
    desk.write(LEASE, ONLINE)
    assert ways.way(reader(desk.path)).since == 1000.0
    assert desk.told().count(WanUp.__name__) == 1


def test_who_gives_the_same_address_again_makes_nobody_offline(desk: Desk) -> None:
    """A role that starts anew asks for its address, and may have it before the gateway answers."""
    desk.write(LEASE, ONLINE)
    desk.today += 500
    desk.record = desk.again()
    desk.write(LEASE, replace(ONLINE, stand=Stand.LISTENING, milliseconds=None), taken_at=505.0)
    desk.write(LEASE, ONLINE, taken_at=505.0)
    told, held = ways.way(reader(desk.path)), ways.learned(reader(desk.path)).held
    assert held
    assert (told.stand, told.since, held.taken_at) == (Stand.ONLINE, 1000.0, 505.0)


@pytest.mark.parametrize(
    ("way", "why"),
    [
        (Way(), "it was given back, for the internet is reached another way."),
        (replace(ONLINE, address="192.0.2.7/24"), "it was given back"),
        (Way(Stand.ASKING, "up0"), "the lease is over."),
        (Way(Stand.REFUSED, "up0", "it overlaps lan."), "it overlaps lan."),
    ],
    ids=["no-way", "on-paper", "ended", "refused"],
)
def test_an_address_that_is_gone_says_why(desk: Desk, way: Way, why: str) -> None:
    desk.write(LEASE, ONLINE)
    desk.write(None, way)
    told = [one.event for one in journal.read(reader(desk.path), 0)]
    (gone,) = [one for one in told if isinstance(one, WanAddressGone)]
    assert why in gone.why
