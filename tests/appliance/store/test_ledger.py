import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.events import DriftRepaired, RevisionApplied
from appliance.faults import no_fault
from appliance.store import trials
from appliance.store.journal import read
from appliance.store.ledger import Ledger
from appliance.store.open import writer
from appliance.store.trials import Ended, Kept


@pytest.fixture
def database(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(writer(tmp_path / "net.db", trials.MIGRATIONS)) as connection:
        yield connection


def ledger(database: sqlite3.Connection) -> Ledger:
    return Ledger(database, lambda: 5.0, no_fault)


def test_what_is_one_fact_is_one_transaction(database: sqlite3.Connection) -> None:
    book = ledger(database)
    book.asked = 7
    book.write(RevisionApplied(3), kept=Kept(3, "{}", 5.0), ended=Ended(3, "kept", "", 5.0))
    again = ledger(database)
    assert (again.asked, again.kept) == (7, Kept(3, "{}", 5.0))
    assert [entry.event for entry in read(database, 0)] == [RevisionApplied(3)]


def test_nothing_of_a_fact_that_broke_off_is_there(database: sqlite3.Connection) -> None:
    book = ledger(database)
    book.asked = 7
    broken = Kept(3, b"no text at all", object())  # type: ignore[arg-type]
    with pytest.raises(sqlite3.Error):
        book.write(DriftRepaired("x"), kept=broken)
    assert (ledger(database).asked, list(read(database, 0))) == (0, [])


def test_nothing_new_is_not_written(database: sqlite3.Connection) -> None:
    book = ledger(database)
    book.write()
    before = database.total_changes
    book.write()
    assert database.total_changes == before
