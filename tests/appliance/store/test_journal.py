import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.store.journal import transaction
from appliance.store.open import writer

TABLES = (
    "CREATE TABLE parent (id INTEGER PRIMARY KEY);"
    "CREATE TABLE child (parent REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)",
)


@pytest.fixture
def connection(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    made = writer(tmp_path / "role.db", TABLES)
    yield made
    made.close()


def count(connection: sqlite3.Connection) -> int:
    (found,) = connection.execute("SELECT count(*) FROM parent").fetchone()
    return int(found)


def carried_out(connection: sqlite3.Connection, *statements: str) -> None:
    with transaction(connection):
        for statement in statements:
            connection.execute(statement)


def test_a_block_that_raises_changes_nothing(connection: sqlite3.Connection) -> None:
    with pytest.raises(sqlite3.OperationalError, match="syntax"):
        carried_out(connection, "INSERT INTO parent VALUES (1)", "nonsense")
    assert (count(connection), connection.in_transaction) == (0, False)


def test_a_commit_that_is_refused_leaves_no_transaction_open(
    connection: sqlite3.Connection,
) -> None:
    orphan = "INSERT INTO child VALUES (9)"  # only COMMIT notices
    with pytest.raises(sqlite3.IntegrityError):
        carried_out(connection, "INSERT INTO parent VALUES (1)", orphan)
    carried_out(connection, "INSERT INTO parent VALUES (2)")
    assert count(connection) == 1


def test_what_was_wrong_is_raised_also_when_sqlite_rolled_back_by_itself(
    connection: sqlite3.Connection,
) -> None:
    with pytest.raises(sqlite3.OperationalError, match="syntax"):  # as a disk error does
        carried_out(connection, "ROLLBACK", "nonsense")
