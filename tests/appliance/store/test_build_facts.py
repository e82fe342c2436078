"""What the build role writes."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.model.images import Finding, Image, Part, Provenance, Verdict
from appliance.store import build_facts, builds, journal
from appliance.store.build_facts import Fetched
from appliance.store.builds import BuildRow, SourceStateRow
from appliance.store.journal import transaction
from appliance.store.open import writer

FOUND = Fetched("github:o/r?rev=1", "1", "sha256-x", 7, "/nix/store/x", "", None, (), ())
ROW = BuildRow(
    "b1", "s/ember", "s", "ember", 1, "queued", "asked", 1.0, None, None, "", 0, 0, "", "l", None
)
IMAGE = Image(
    "a" * 64, "s/ember", "ember", None, "linux", "x86_64-linux",
    (Part("kernel", "bzImage", 5, "0", ()),), "init=/i", "/t", True,
    Provenance("s", "u", "l", "rev", "sha256-x", 7, {}, 1.0, "here", "2.26.3", "native"),
)  # fmt: skip


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = writer(tmp_path / "build.db", builds.MIGRATIONS)
    yield connection
    connection.close()


def kinds(database: sqlite3.Connection) -> list[str]:
    return [type(entry.event).__name__ for entry in journal.read(database, 0)]


def test_a_fact_that_fails_leaves_no_event(database: sqlite3.Connection) -> None:
    def failing() -> None:
        with transaction(database):
            build_facts.build_queued(database, ROW, {}, None)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        failing()
    assert (builds.builds(database), kinds(database)) == ([], [])


def test_an_unreadable_source_keeps_its_revision(database: sqlite3.Connection) -> None:
    build_facts.source_stands(database, SourceStateRow("s", "ready", "", 1.0, None, 3))
    build_facts.source_unreadable(
        database, SourceStateRow("s", "unreadable", "It is away.", 2.0, None, None), "w"
    )
    found = builds.source_states(database)["s"]
    assert (found.state, found.revision) == ("unreadable", 3)


def test_a_host_that_is_gone_from_the_flake_goes(database: sqlite3.Connection) -> None:
    build_facts.hosts_listed(database, "s", 1, ("a", "b"))
    build_facts.hosts_listed(database, "s", 2, ("b",))
    assert [one.name for one in builds.verdicts(database, "s")] == ["b"]


def test_a_verdict_stays_while_a_new_revision_is_looked_at(database: sqlite3.Connection) -> None:
    build_facts.hosts_listed(database, "s", 1, ("a",))
    verdict = Verdict("s/a", "a", "native", None, "x86_64-linux", None, watched=True)
    build_facts.host_judged(database, verdict, revision=1, recipe={}, looked="k", at=1.0)
    build_facts.hosts_listed(database, "s", 2, ("a",))
    assert builds.verdicts(database, "s")[0].kind == "native"


def test_a_build_that_was_cut_off_is_queued_again(database: sqlite3.Connection) -> None:
    build_facts.build_queued(database, ROW, {}, None)
    build_facts.build_began(database, ROW, {}, 2.0)
    assert [row.id for row in build_facts.builds_cut_off(database, 3.0)] == ["b1"]
    found = builds.build(database, "b1")
    assert found is not None
    assert (found.state, found.why) == ("queued", "restarted")


def test_a_build_knows_the_recipe_that_it_began_with(database: sqlite3.Connection) -> None:
    build_facts.build_queued(database, ROW, {"system": "old"}, None)
    assert build_facts.last_try(database, "s/ember") == ("queued", {"system": "old"})
    build_facts.build_began(database, ROW, {"system": "new"}, 2.0)
    assert build_facts.last_try(database, "s/ember") == ("running", {"system": "new"})


def test_a_host_that_was_never_built_was_not_tried(database: sqlite3.Connection) -> None:
    assert build_facts.last_try(database, "s/ember") == ("", None)


def test_another_time_for_a_check_leaves_the_rest(database: sqlite3.Connection) -> None:
    build_facts.source_stands(database, SourceStateRow("s", "ready", "", 1.0, 3_600.0, 3))
    build_facts.source_timed(database, "s", 61.0)
    expected = SourceStateRow("s", "ready", "", 1.0, 61.0, 3)
    assert builds.source_states(database)["s"] == expected


def test_a_file_of_the_first_layout_is_brought_forward(tmp_path: Path) -> None:
    old = writer(tmp_path / "old.db", builds.MIGRATIONS[:1])
    old.execute(
        "INSERT INTO build (id, host, source, name, revision, state, why, queued_at)"
        " VALUES ('b1', 's/ember', 's', 'ember', 1, 'failed', 'asked', 1.0)"
    )
    old.close()
    connection = writer(tmp_path / "old.db", builds.MIGRATIONS)
    assert build_facts.last_try(connection, "s/ember") == ("failed", None)
    connection.close()


def test_generations_are_numbered_per_host(database: sqlite3.Connection) -> None:
    assert build_facts.image_published(database, IMAGE, {}, {}, 1.0) == 1
    assert build_facts.image_published(database, replace(IMAGE, id="b" * 64), {}, {}, 2.0) == 2
    other = replace(IMAGE, host="s/anvil")
    assert build_facts.image_published(database, other, {}, {}, 3.0) == 1


def test_a_watched_image_is_on_trial_until_it_phones_home(database: sqlite3.Connection) -> None:
    build_facts.image_published(database, IMAGE, {}, {}, 1.0)
    assert builds.generations(database)[0].state == "trial"
    assert build_facts.image_proved(database, IMAGE.id)
    assert builds.generations(database)[0].state == "good"
    assert not build_facts.image_proved(database, IMAGE.id)


def test_an_unwatched_image_is_never_on_trial(database: sqlite3.Connection) -> None:
    build_facts.image_published(database, replace(IMAGE, watched=False), {}, {}, 1.0)
    assert builds.generations(database)[0].state == "unwatched"


def test_a_removed_source_keeps_its_generations_for_a_while(database: sqlite3.Connection) -> None:
    build_facts.source_stands(database, SourceStateRow("s", "ready", "", 1.0, None, 1))
    build_facts.hosts_listed(database, "s", 1, ("ember",))
    build_facts.image_published(database, IMAGE, {}, {}, 1.0)
    build_facts.source_removed(database, "s", 99.0)
    assert builds.verdicts(database) == []
    assert len(builds.generations(database)) == 1
    assert builds.source_states(database)["s"].next_at == 99.0


def test_forgetting_a_source_leaves_others_alone(database: sqlite3.Connection) -> None:
    build_facts.image_published(database, IMAGE, {}, {}, 1.0)
    build_facts.image_published(database, replace(IMAGE, host="s2/ember"), {}, {}, 1.0)
    build_facts.forget_source(database, "s")
    assert [one.host for one in builds.generations(database)] == ["s2/ember"]


def test_a_revision_keeps_its_lock_for_comparing(database: sqlite3.Connection) -> None:
    ident = build_facts.revision_seen(database, "s", replace(FOUND, lock="{}", dir="x"), "", 1.0)
    assert build_facts.revision_lock(database, ident) == ("x", "{}")


def test_what_became_known_later_is_added_to_a_revision(database: sqlite3.Connection) -> None:
    ident = build_facts.revision_seen(database, "s", FOUND, "", 1.0)
    note = Finding("warn", "Input a is private.")
    build_facts.revision_noted(database, ident, findings=[note], changes=["Host b is new."])
    (found,) = builds.revisions(database, "s")
    assert (found.findings, found.changes) == ((note,), ("Host b is new.",))


def test_a_cursor_moves_on(database: sqlite3.Connection) -> None:
    assert build_facts.cursor(database, "nixie.db") == 0
    build_facts.move_cursor(database, "nixie.db", 7)
    build_facts.move_cursor(database, "nixie.db", 9)
    assert build_facts.cursor(database, "nixie.db") == 9
