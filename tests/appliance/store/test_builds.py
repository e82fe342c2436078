import sqlite3
from pathlib import Path

import pytest

from appliance.store import build_facts, builds
from appliance.store.open import writer


@pytest.fixture
def file(tmp_path: Path) -> sqlite3.Connection:
    return writer(tmp_path / "build.db", builds.MIGRATIONS)


def put(file: sqlite3.Connection, ident: str, host: str, state: str, at: float) -> None:
    row = build_facts.fresh_build(ident, host, 1, "asked", at)
    build_facts.build_queued(file, row, None, None)
    if state != "queued":
        build_facts.build_began(file, row, None, at + 1)
    if state not in {"queued", "running"}:
        build_facts.build_ended(file, row, state, "", at + 2)


def test_what_runs_comes_before_a_long_queue(file: sqlite3.Connection) -> None:
    put(file, "first", "s/a", "running", 1)
    for n in range(120):
        put(file, f"q{n:03}", f"s/h{n}", "queued", 2 + n)
    found = builds.under_way(file)
    assert [row.id for row in found[:3]] == ["first", "q000", "q001"]
    assert len(found) == 121


def test_builds_are_counted_by_state(file: sqlite3.Connection) -> None:
    for n, state in enumerate(("queued", "queued", "running", "failed", "built")):
        put(file, f"b{n}", f"s/h{n}", state, n)
    assert builds.counts(file) == {"queued": 2, "running": 1, "failed": 1, "built": 1}


def test_ended_builds_are_found_behind_a_long_queue(file: sqlite3.Connection) -> None:
    put(file, "old", "s/a", "failed", 1)
    for n in range(60):
        put(file, f"q{n}", f"s/h{n}", "queued", 2 + n)
    assert [row.id for row in builds.over(file, limit=5)] == ["old"]


def test_ended_builds_can_be_asked_for_by_state(file: sqlite3.Connection) -> None:
    put(file, "bad", "s/a", "failed", 1)
    put(file, "good", "s/b", "built", 2)
    assert [row.id for row in builds.over(file, state="failed")] == ["bad"]


def test_a_host_whose_last_build_failed_is_failing(file: sqlite3.Connection) -> None:
    put(file, "a1", "s/a", "failed", 1)
    put(file, "b1", "s/b", "failed", 2)
    put(file, "b2", "s/b", "built", 3)
    for n in range(200):
        put(file, f"q{n}", f"s/h{n}", "queued", 4 + n)
    assert [row.id for row in builds.failing(file)] == ["a1"]


def test_a_host_that_is_tried_again_is_not_failing(file: sqlite3.Connection) -> None:
    put(file, "a1", "s/a", "failed", 1)
    put(file, "a2", "s/a", "queued", 2)
    assert builds.failing(file) == []
