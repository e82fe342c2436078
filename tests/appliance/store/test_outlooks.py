"""What builds took and will take, as rows of build.db."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.model.outlook import BAD, OK, Need, Outlook
from appliance.store import build_facts, builds, outlooks
from appliance.store.open import writer
from appliance.store.outlooks import TIMINGS_KEPT, Timing

NEEDS = (Need(OK, "Enough."), Need(BAD, "Too little.", "Add one", "/builders"))


@pytest.fixture
def file(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    made = writer(tmp_path / "build.db", builds.MIGRATIONS)
    build_facts.hosts_listed(made, "s", 1, ("ember", "anvil"))
    made.execute("UPDATE verdict SET recipe = '{}'")
    yield made
    made.close()


def timing(at: int, host: str = "s/ember", builder: str = "") -> Timing:
    return Timing(f"b{at:03}", host, builder, True, 60.0, 3, 1, 2, float(at))


def test_an_outlook_comes_back_as_it_was(file: sqlite3.Connection) -> None:
    told = Outlook("s/ember", "some words", NEEDS, 5.0)
    outlooks.foreseen(file, told, "{}")
    assert outlooks.outlooks(file) == {"s/ember": told}
    assert told.kind == BAD


def test_only_the_newest_timings_of_a_host_and_builder_stay(file: sqlite3.Connection) -> None:
    for at in range(TIMINGS_KEPT + 5):
        outlooks.timed(file, timing(at))
    outlooks.timed(file, timing(900, builder="kiln"))
    found = outlooks.timings(file)
    assert len(found) == TIMINGS_KEPT + 1
    assert (found[0].builder, found[1].at) == ("kiln", TIMINGS_KEPT + 4.0)


def test_what_is_not_known_comes_first(file: sqlite3.Connection) -> None:
    outlooks.foreseen(file, Outlook("s/anvil", "x", NEEDS, 5.0), "{}")
    assert outlooks.unforeseen(file, 1.0) == [("s/ember", "{}")]
    assert [host for host, _ in outlooks.unforeseen(file, 9.0)] == ["s/ember", "s/anvil"]


def test_a_host_from_files_builds_nothing(file: sqlite3.Connection) -> None:
    file.execute("""UPDATE verdict SET recipe = '{"files": []}' WHERE host = 's/anvil'""")
    assert outlooks.unforeseen(file, 9.0) == [("s/ember", "{}")]


def test_another_recipe_is_foreseen_anew(file: sqlite3.Connection) -> None:
    for host in ("s/ember", "s/anvil"):
        outlooks.foreseen(file, Outlook(host, "x", NEEDS, 5.0), "{}")
    assert outlooks.unforeseen(file, 1.0) == []
    file.execute("""UPDATE verdict SET recipe = '{"new": 1}' WHERE host = 's/anvil'""")
    assert [host for host, _ in outlooks.unforeseen(file, 1.0)] == ["s/anvil"]


def test_a_host_that_cannot_be_built_is_not_foreseen(file: sqlite3.Connection) -> None:
    file.execute("UPDATE verdict SET recipe = 'null' WHERE host = 's/anvil'")
    assert [host for host, _ in outlooks.unforeseen(file, 1.0)] == ["s/ember"]


def test_what_is_known_of_a_host_goes_with_it(file: sqlite3.Connection) -> None:
    outlooks.foreseen(file, Outlook("s/anvil", "x", NEEDS, 5.0), "{}")
    outlooks.evaluated(file, "s/anvil", 2.0, 4096)
    outlooks.timed(file, timing(1, host="s/anvil"))
    build_facts.hosts_listed(file, "s", 2, ("ember",))
    outlooks.forget_gone(file)
    assert (outlooks.outlooks(file), outlooks.evaluations(file)) == ({}, {})
    assert len(outlooks.timings(file)) == 1


def test_what_the_router_can_do_itself_is_no_hosts(file: sqlite3.Connection) -> None:
    assert outlooks.of_router(file) is None
    told = Outlook(outlooks.ROUTER, "builds by itself", NEEDS, 5.0)
    outlooks.foreseen(file, told, "")
    outlooks.forget_gone(file)
    assert outlooks.of_router(file) == told
    assert outlooks.outlooks(file) == {}
    outlooks.stale(file)
    assert outlooks.of_router(file) == Outlook(outlooks.ROUTER, "builds by itself", NEEDS, 0.0)
