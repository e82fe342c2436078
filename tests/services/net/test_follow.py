"""What net makes of a lease that nobody can put down any more."""

from asyncio import sleep
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from pathlib import Path

import pytest

from appliance.actions import sources
from appliance.actions.desk import Desk
from appliance.model.foreign import Source
from appliance.model.pppoe import LINK
from appliance.model.way import Held, Lease
from appliance.store import build_facts, builds, leases, ways
from appliance.store.builds import SourceStateRow
from appliance.store.follow import Follower
from appliance.store.open import in_memory, now, writer
from services.drops.stray import Doing
from services.net.attempt import Clocks
from services.net.follow import Foreigners, Provider, last_ends
from tests.appliance.actions.conftest import OWNER, clock, desk

__all__ = ["clock", "desk"]

GATEWAY = IPv4Address("203.0.113.1")
LEASE = Lease(IPv4Interface("203.0.113.5/24"), GATEWAY, (GATEWAY,), lease_seconds=600)
HELD = Held("up0", LEASE, 1_000.0, 0.0, "this run")
AFTER = 1_601.0

Made = Callable[..., Provider]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Made]:
    """A provider of HELD, as it is after the lease's end."""
    path = tmp_path / "wan.db"
    with closing(writer(path, ways.MIGRATIONS)) as own, closing(Follower(path)) as wan:
        assert not in_memory(own)
        ways.write_held(own, HELD)
        yield lambda boot="this run", **words: Provider(wan, boot, lambda: AFTER, **words)


def test_what_a_session_gave_goes_with_its_address(tmp_path: Path) -> None:
    path = tmp_path / "wan.db"
    with closing(writer(path, ways.MIGRATIONS)) as own, closing(Follower(path)) as wan:
        ways.write_held(own, replace(HELD, link=LINK))
        found = Provider(wan, "this run", lambda: 1_001.0).learned()
    assert found.held is None  # nobody here has that address on such a link
    assert found.former == ((LINK, LEASE.address),)


def test_a_lease_ends_by_the_clock(made: Made) -> None:
    assert made().learned().held is None


def test_on_a_disk_that_can_only_be_read_it_goes_on(made: Made) -> None:
    assert made(lasting=True).learned().held == HELD


def test_one_of_an_earlier_run_of_the_machine_does_not(made: Made) -> None:
    assert made("another run", lasting=True).learned().held is None


def test_a_lease_ends_by_the_clock_as_it_is_before_dhcp_moved_it(tmp_path: Path) -> None:
    path, lan = tmp_path / "leases.db", IPv4Network("10.77.0.0/24")
    row = ("lan", int(lan[9]), "52:54:00:00:00:01", "", "", "os", 1_000.0, 1_600.0, "bound", "", "")
    clocks = Clocks(lambda: 9_000.0, lambda: 100.0, lambda: sleep(0))
    with closing(writer(path, leases.MIGRATIONS)) as own, closing(Follower(path)) as held:
        leases.commit(own, [row], [], 1_000.0)
        leases.move(own, 0.0, "this run", 900.0, 1_000.0)  # the clock was at 1000 s then
        assert last_ends(held, "this run", clocks)("lan", lan) == 9_600.0
        assert last_ends(held, "this run", clocks)("guest", lan) == 0.0


def foreigners(folder: Path, accounts: str = "") -> Foreigners:
    return Foreigners(Follower(folder / "nixie.db"), Follower(folder / "build.db"), accounts)


def test_foreign_code_is_known_by_its_users_before_anything_else_is_there(tmp_path: Path) -> None:
    found = foreigners(tmp_path, "nixie-fetch-2:x:990:990::/:/bin/false\n").known()
    assert found.sources == ()
    assert dict(found.users)["fetch"] == 61111
    assert dict(found.users)["fetch-2"] == 990  # as the system's own account files say


def test_the_sources_of_nixie_db_are_known(tmp_path: Path, desk: Desk) -> None:
    added = sources.add_source(desk, OWNER, "github:o/r", reach=["10.0.0.5"]).subject
    assert foreigners(tmp_path).known().sources == (Source(added, "github:o/r", ("10.0.0.5",)),)


def test_what_is_done_right_now_comes_before_what_was_done_lately(tmp_path: Path) -> None:
    with closing(writer(tmp_path / "build.db", builds.MIGRATIONS)) as own:
        here = foreigners(tmp_path)
        build_facts.source_stands(own, SourceStateRow("old", "ready", "", now() - 60, None, None))
        build_facts.source_stands(own, SourceStateRow("fresh", "ready", "", now() - 5, None, None))
        assert here.doing() == Doing(("fresh",), ("fresh",))
        build_facts.source_stands(own, SourceStateRow("now", "fetching", "", now(), None, None))
        row = build_facts.fresh_build("b1", "fresh/ember", 1, "asked", now())
        build_facts.build_queued(own, row, None, None)
        build_facts.build_began(own, row, None, now())
        assert here.doing() == Doing(("now",), ("fresh",))


def test_what_ended_a_moment_ago_may_have_been_it(tmp_path: Path) -> None:
    with closing(writer(tmp_path / "build.db", builds.MIGRATIONS)) as own:
        here = foreigners(tmp_path)
        build_facts.source_stands(own, SourceStateRow("ended", "ready", "", now(), None, None))
        build_facts.source_stands(own, SourceStateRow("now", "fetching", "", now(), None, None))
        assert set(here.doing().fetched) == {"ended", "now"}
