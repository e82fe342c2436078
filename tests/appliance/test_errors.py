import errno
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from appliance.errors import Unreachable, why

STATE = Path("/var/lib/nixie")


def full_database() -> sqlite3.Error:
    error = sqlite3.OperationalError("database or disk is full")
    error.sqlite_errorname = "SQLITE_FULL"
    return error


def damaged_database(path: Path) -> sqlite3.Error:
    path.write_bytes(b"no database at all, but long enough to be one" * 9)
    with pytest.raises(sqlite3.DatabaseError) as caught:
        sqlite3.connect(path).execute("SELECT 1 FROM sqlite_master")
    return caught.value


def test_a_deliberate_error_is_its_own_sentence() -> None:
    assert why(Unreachable("Start it."), STATE) == "Start it."


@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "x"), full_database()])
def test_a_full_disk_is_said_with_the_way_out(error: Exception) -> None:
    assert why(error, STATE) == (
        "The disk with /var/lib/nixie is full. Make room on it; then it goes on by itself."
    )


def read_only_database(path: Path) -> sqlite3.Error:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA query_only=1")
    with pytest.raises(sqlite3.OperationalError) as caught:
        connection.execute("CREATE TABLE one (n)")
    connection.close()
    return caught.value


def test_a_disk_that_can_only_be_read_is_said_with_the_way_out(tmp_path: Path) -> None:
    error = read_only_database(tmp_path / "net.db")
    wrapped = OperationalError("CREATE TABLE one", None, error)
    for one in (OSError(errno.EROFS, "x"), error, wrapped):
        assert why(one, STATE) == (
            "The disk with /var/lib/nixie can only be read; the kernel does that when it finds the "
            "disk damaged. Check it or take another one, then start again."
        )


def test_a_damaged_database_is_said_with_the_way_out(tmp_path: Path) -> None:
    said = why(damaged_database(tmp_path / "net.db"), STATE)
    assert said == (
        "A database of this role in /var/lib/nixie is damaged (file is not a database). Put a "
        "copy in its place, or take it away: it is made again, empty."
    )


def test_one_of_several_that_ended_together_has_the_sentence() -> None:
    group = ExceptionGroup("two", [KeyError("x"), Unreachable("Start it.")])
    assert why(group, STATE) == "Start it."


def test_a_mistake_of_ours_is_in_the_log_only() -> None:
    assert why(KeyError("x"), STATE) is None
