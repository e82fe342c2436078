"""Which hosts are built by themselves."""

import asyncio
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.model.images import Verdict
from appliance.store import build_facts, builds
from appliance.store.inventory_view import SourceView
from appliance.store.open import writer
from services.nix.desk import Desk
from services.nix.driver import Nix
from services.nix.recipe import recipe, to_json
from services.nix.store import store_in
from services.nix.wanting import is_wanting
from tests.services.nix.test_recipe import told

HOST = "s/ember"
MINE = SourceView("s", "hosts", "github:o/r", "mine", False, False, 0, None)
STRANGER = replace(MINE, trust="stranger")
RECIPE = to_json(recipe(told()))


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = writer(tmp_path / "build.db", builds.MIGRATIONS)
    build_facts.hosts_listed(connection, "s", 1, ("ember",))
    verdict = Verdict(HOST, "ember", "native", None, "x86_64-linux", None, True, (), ())
    build_facts.host_judged(connection, verdict, revision=1, recipe=RECIPE, looked="", at=1.0)
    yield connection
    connection.close()


def desk(database: sqlite3.Connection, folder: Path) -> Desk:
    store = store_in(folder, folder / "nix", system_store=False)
    bell = asyncio.Event()
    nix = Nix(store, folder / "broker", folder)
    return Desk(folder, database, nix, lambda: 2.0, lambda: "b1", bell.set)


def tried(database: sqlite3.Connection, state: str) -> None:
    row = build_facts.fresh_build("b1", HOST, 1, "asked", 2.0)
    build_facts.build_queued(database, row, RECIPE, None)
    build_facts.build_ended(database, row, state, "", 3.0)


def test_a_host_of_the_owners_is_built_by_itself(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    assert is_wanting(desk(database, tmp_path), MINE, HOST)


def test_a_strangers_host_waits_for_its_owners_word(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    assert not is_wanting(desk(database, tmp_path), STRANGER, HOST)
    tried(database, "built")
    assert is_wanting(desk(database, tmp_path), STRANGER, HOST)


def test_what_was_tried_from_this_very_recipe_is_not_tried_again(
    database: sqlite3.Connection, tmp_path: Path
) -> None:
    tried(database, "failed")
    assert not is_wanting(desk(database, tmp_path), MINE, HOST)


def test_a_host_that_cannot_boot_is_not_built(database: sqlite3.Connection, tmp_path: Path) -> None:
    assert not is_wanting(desk(database, tmp_path), MINE, "s/other")
