import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from appliance.errors import Unreachable
from appliance.store.open import ROOM_BYTES, writer


def free_bytes(connection: sqlite3.Connection) -> int:
    (count,) = connection.execute("PRAGMA freelist_count").fetchone()
    (page,) = connection.execute("PRAGMA page_size").fetchone()
    return int(count * page)


def test_a_file_of_a_newer_layout_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.db"
    writer(path, ("CREATE TABLE one (n)", "CREATE TABLE two (n)")).close()
    with pytest.raises(Unreachable, match=r"net\.db was written by a newer Nixie"):
        writer(path, ("CREATE TABLE one (n)",))


def test_missing_layouts_are_added(tmp_path: Path) -> None:
    path = tmp_path / "net.db"
    writer(path, ("CREATE TABLE one (n)",)).close()
    with closing(writer(path, ("CREATE TABLE one (n)", "CREATE TABLE two (n)"))) as connection:
        connection.execute("SELECT one.n, two.n FROM one, two")


def test_a_file_keeps_room_for_a_full_disk(tmp_path: Path) -> None:
    with closing(writer(tmp_path / "leases.db", ("CREATE TABLE lease (n)",))) as connection:
        assert free_bytes(connection) >= ROOM_BYTES


def test_room_that_is_there_is_not_made_again(tmp_path: Path) -> None:
    path = tmp_path / "leases.db"
    writer(path, ("CREATE TABLE lease (n)",)).close()
    size = path.stat().st_size
    writer(path, ("CREATE TABLE lease (n)",)).close()
    assert path.stat().st_size == size


def test_a_log_begins_anew_before_it_needs_more_room(tmp_path: Path) -> None:
    path = tmp_path / "leases.db"
    with closing(writer(path, ("CREATE TABLE lease (n)",))) as connection:
        for number in range(2000):
            connection.execute("INSERT INTO lease VALUES (?)", (f"{number:01000}",))
        assert path.with_name("leases.db-wal").stat().st_size <= 2 * ROOM_BYTES


def test_a_log_has_its_room_after_every_start(tmp_path: Path) -> None:
    path = tmp_path / "leases.db"
    writer(path, ("CREATE TABLE lease (n)",)).close()
    with closing(writer(path, ("CREATE TABLE lease (n)",))):
        assert path.with_name("leases.db-wal").stat().st_size >= ROOM_BYTES
