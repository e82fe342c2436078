"""metrics.db may be lost at any time: nothing that lies there keeps the next minutes from it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from appliance.store import metrics
from appliance.store.metrics import Rate
from appliance.store.open import reader, writer
from services.devices.driver import History

NOISE = b"nothing that SQLite knows" * 999


def rates(path: Path) -> dict[str, Rate]:
    """What anybody reads there."""
    with closing(reader(path)) as file:
        return metrics.rates(file, 0.0)


@pytest.mark.parametrize("commits", [0, 1, 40])
def test_a_whole_log_does_not_hide_a_damaged_file(tmp_path: Path, commits: int) -> None:
    path, log = tmp_path / "metrics.db", tmp_path / "metrics.db-wal"
    with closing(writer(path, metrics.MIGRATIONS)) as file:
        for _ in range(commits):
            metrics.write_rates(file, {"wan": Rate(1.0, 1.0)}, 1.0)
        whole = log.read_bytes()
    path.write_bytes(NOISE)
    log.write_bytes(whole)  # as kill -9 leaves it
    history = History(path)
    for second in (2.0, 3.0):
        history.write({"wan": Rate(second, second)}, second)
    assert rates(path) == {"wan": Rate(3.0, 3.0)}
    history.close()


def test_a_file_that_is_damaged_in_use_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    history = History(path)
    history.write({"wan": Rate(1.0, 1.0)}, 1.0)
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    path.write_bytes(NOISE)
    for second in (2.0, 3.0):
        history.write({"wan": Rate(second, second)}, second)
    assert rates(path) == {"wan": Rate(3.0, 3.0)}
    history.close()


def test_a_file_of_a_newer_nixie_begins_anew(tmp_path: Path) -> None:
    path = tmp_path / "metrics.db"
    with closing(writer(path, (*metrics.MIGRATIONS, "SELECT 1"))):
        pass
    history = History(path)
    history.write({"wan": Rate(1.0, 1.0)}, 1.0)
    assert rates(path) == {"wan": Rate(1.0, 1.0)}
    history.close()
