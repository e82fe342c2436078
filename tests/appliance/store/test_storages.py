"""How the disk of the store stands, as a row of build.db."""

import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.events import GenerationsLetGo, StoreFull, StoreRoomy, StoreTight
from appliance.model.storage import FULL, ROOMY, TIGHT, Choice, Storage
from appliance.store import build_facts, builds, journal, storages
from appliance.store.open import writer


@pytest.fixture
def file(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    made = writer(tmp_path / "build.db", builds.MIGRATIONS)
    yield made
    made.close()


def events(file: sqlite3.Connection) -> list[object]:
    return [one.event for one in journal.read(file, 0, 100)]


def test_only_another_state_is_an_event(file: sqlite3.Connection) -> None:
    for told in (
        Storage(free=9),
        Storage(free=8),
        Storage(TIGHT, "Tight.", 3),
        Storage(TIGHT, "Tighter.", 2),
        Storage(FULL, "Full.", 1),
        Storage(free=9),
    ):
        storages.stands(file, told, 1.0)
    assert events(file) == [StoreTight("Tight."), StoreFull("Full."), StoreRoomy()]


def test_what_was_weighed_stays_with_what_is_free(file: sqlite3.Connection) -> None:
    before = Storage(TIGHT, "Tight.", 3, 9)
    storages.stands(file, before, 1.0)
    choices = (Choice(1, 2, 3, "2 of ember"),)
    storages.weighed(file, 70, choices, 5.0)
    after = replace(before, garbage=70, choices=choices, weighed_at=5.0)
    assert storages.storage(file) == after
    assert (after.state, Storage().state) == (TIGHT, ROOMY)


def test_every_build_that_waits_says_why_once(file: sqlite3.Connection) -> None:
    build_facts.build_queued(file, build_facts.fresh_build("b", "s/e", 1, "asked", 1.0), {}, None)
    assert storages.builds_wait(file, "Full.")
    assert not storages.builds_wait(file, "Full.")
    assert [one.what for one in builds.builds(file)] == ["Full."]
    assert storages.builds_wait(file, "")


def test_generations_that_went_are_named(file: sqlite3.Connection) -> None:
    insert = (
        "INSERT INTO generation (host, number, image, state, made_at, size, toplevel, rev)"
        " VALUES ('s/ember', ?, ?, 'good', 1, 1, '', '')"
    )
    file.executemany(insert, [(1, "a"), (2, "b"), (3, "c")])
    storages.let_go(file, builds.generations(file)[1:], 4.0)
    assert [one.number for one in builds.generations(file)] == [3]
    assert events(file) == [GenerationsLetGo("2 old generations are let go: 2 of ember.")]
