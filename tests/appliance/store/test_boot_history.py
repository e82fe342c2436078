import sqlite3
from pathlib import Path

import pytest

from appliance.store import boot_history, boots
from appliance.store.boot_history import BOOTS_KEPT, KEPT_OF_EACH, STRANGERS_KEPT
from appliance.store.boots import BootRow, StepRow
from appliance.store.open import writer

LOOPER, OTHER = "52:54:00:00:00:01", "52:54:00:00:00:02"


@pytest.fixture
def file(tmp_path: Path) -> sqlite3.Connection:
    return writer(tmp_path / "boot.db", boots.MIGRATIONS)


def began(
    file: sqlite3.Connection, at: float, mac: str, *, state: str = "left", machine: str | None = "m"
) -> str:
    ident = f"{mac}@{at:g}"
    ended = None if state in {"asking", "loading", "held"} else at + 1
    row = BootRow(
        ident, "lan", mac, machine, "pxe-x64", at, ended, state, *(None,) * 7, facts={"at": at}
    )
    boots.save_boot(file, row, None)
    return ident


def looping(file: sqlite3.Connection, count: int) -> None:
    file.execute("begin")
    for at in range(count):
        began(file, 1000.0 + at, LOOPER)
    file.execute("commit")


def test_the_newest_boot_of_each_mac_is_found_behind_a_machine_that_loops(
    file: sqlite3.Connection,
) -> None:
    old, newer = began(file, 1, OTHER), began(file, 2, OTHER)
    looping(file, 500)
    found = boot_history.newest_of_each(file)
    assert [row.id for row in found] == [f"{LOOPER}@1499", newer]
    assert old not in {row.id for row in found}


def test_a_running_boot_is_found_behind_a_machine_that_loops(file: sqlite3.Connection) -> None:
    running = began(file, 1, OTHER, state="loading")
    looping(file, 100)
    assert [row.id for row in boots.unended(file)] == [running]


def test_the_last_boot_that_came_up_is_found(file: sqlite3.Connection) -> None:
    up = began(file, 1, OTHER, state="up")
    looping(file, 3)
    last = boot_history.last_up(file)
    assert last is not None
    assert last.id == up


def test_boots_of_a_day_are_counted_without_a_limit(file: sqlite3.Connection) -> None:
    looping(file, 700)
    assert boot_history.began_since(file, 1100.0) == 600


def test_steps_come_by_boot_in_order(file: sqlite3.Connection) -> None:
    first, second = began(file, 1, LOOPER), began(file, 2, LOOPER)
    for ident, number in ((second, 2), (second, 1), (first, 1)):
        step = StepRow(number, "dhcp", f"step {number}", 1.0, 1.0, None, None, "ok", {"n": number})
        boots.save_step(file, ident, step)
    found = boot_history.steps_of(file, [first, second, "none"])
    assert {ident: [step.number for step in steps] for ident, steps in found.items()} == {
        first: [1],
        second: [1, 2],
        "none": [],
    }


def test_a_machine_that_loops_takes_nobodys_history(file: sqlite3.Connection) -> None:
    for at in range(KEPT_OF_EACH + 5):
        began(file, at, OTHER)
    looping(file, BOOTS_KEPT + 100)
    boot_history.prune(file, 0.0)
    assert len(boots.boots(file, mac=OTHER, limit=99)) == KEPT_OF_EACH
    assert len(boots.boots(file, mac=LOOPER, limit=9999)) == BOOTS_KEPT


def test_the_steps_of_a_dropped_boot_go_with_it(file: sqlite3.Connection) -> None:
    looping(file, BOOTS_KEPT + 1)
    oldest = f"{LOOPER}@1000"
    boots.save_step(file, oldest, StepRow(1, "dhcp", "x", 1.0, 1.0, None, None, "ok", {}))
    boot_history.prune(file, 0.0)
    assert boots.boot(file, oldest) is None
    assert boots.steps(file, oldest) == []


def test_invented_macs_do_not_fill_the_disk(file: sqlite3.Connection) -> None:
    owned = began(file, 1, OTHER)
    file.execute("begin")
    for at in range(STRANGERS_KEPT + 50):
        began(file, 2.0 + at, f"02:00:00:{at >> 16:02x}:{at >> 8 & 255:02x}:{at & 255:02x}",
              machine=None)  # fmt: skip
    file.execute("commit")
    boot_history.prune(file, 0.0)
    (left,) = file.execute("SELECT count(*) FROM boot").fetchone()
    assert left == STRANGERS_KEPT + 1
    assert boots.boot(file, owned) is not None
