import os
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.supervisor.state.driver import Lost, Tree
from services.supervisor.state.tree import Place

OURS = (os.geteuid(), os.getegid())
ROOT = Place("", "folder", *OURS, 0o755)
RUN = Place("run", "folder", *OURS, 0o750)
LEASES = Place("leases.db", "database", *OURS, 0o640, "dhcp")


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Tree]:
    made = Tree(tmp_path / "state", (ROOT, RUN, LEASES), chown=False)
    made.make()
    assert made.look() == ()
    yield made
    made.close()


@pytest.fixture
def leases(tree: Tree, tmp_path: Path) -> Path:
    del tree
    return tmp_path / "state/leases.db"


def put_down(path: Path, number: int) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("CREATE TABLE IF NOT EXISTS fact (n)")
    connection.execute("INSERT INTO fact VALUES (?)", (number,))
    connection.close()


def facts(path: Path) -> list[int]:
    connection = sqlite3.connect(path)
    try:
        return [number for (number,) in connection.execute("SELECT n FROM fact")]
    finally:
        connection.close()


def test_what_is_as_it_was_is_left_alone(tree: Tree, leases: Path) -> None:
    put_down(leases, 1)
    assert tree.look() == ()
    assert facts(leases) == [1]


def test_a_database_that_is_gone_is_made_again_empty(tree: Tree, leases: Path) -> None:
    put_down(leases, 1)
    leases.unlink()
    assert tree.look() == (Lost(LEASES, replaced=False),)
    assert leases.stat().st_mode & 0o777 == 0o640
    connection = sqlite3.connect(leases)
    assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (0,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()
    assert tree.look() == ()


def test_the_log_of_a_database_that_is_gone_goes_with_it(tree: Tree, leases: Path) -> None:
    put_down(leases, 1)
    other = leases.with_name("other.db")
    put_down(other, 9)
    leases.unlink()
    other.rename(leases)
    assert tree.look() == (Lost(LEASES, replaced=True),)
    assert facts(leases) == [9]


def test_a_database_in_place_of_another_gets_its_mode(tree: Tree, leases: Path) -> None:
    other = leases.with_name("other.db")
    put_down(other, 9)
    other.chmod(0o600)
    other.rename(leases)
    tree.look()
    assert leases.stat().st_mode & 0o777 == 0o640


def test_a_damaged_database_is_left_to_its_writer(tree: Tree, leases: Path) -> None:
    other = leases.with_name("other.db")
    other.write_bytes(b"no database at all" * 99)
    other.rename(leases)
    assert tree.look() == (Lost(LEASES, replaced=True),)
    assert tree.look() == ()
    assert leases.read_bytes().startswith(b"no database")


def test_a_folder_that_is_gone_is_made_again(tree: Tree, tmp_path: Path) -> None:
    (tmp_path / "state/run").rmdir()
    assert tree.look() == (Lost(RUN, replaced=False),)
    assert (tmp_path / "state/run").stat().st_mode & 0o777 == 0o750


def test_a_whole_state_that_is_gone_is_made_again(tree: Tree, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "state")
    assert [lost.place for lost in tree.look()] == [ROOT, RUN, LEASES]
    assert tree.look() == ()


def test_a_file_is_readable_for_the_group_whatever_the_umask(tree: Tree, tmp_path: Path) -> None:
    before = os.umask(0o077)
    tree.write("run/first.json", "{}", lasting=True)
    os.umask(before)
    written = tmp_path / "state/run/first.json"
    assert (written.read_text(), written.stat().st_mode & 0o777) == ("{}", 0o640)
    assert [one.name for one in written.parent.iterdir()] == ["first.json"]
