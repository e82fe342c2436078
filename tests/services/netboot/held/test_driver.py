"""Machines that wait, in boot.db."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.store import boots
from services.netboot.attempt import Attempt
from services.netboot.driver import Recorder
from services.netboot.held.driver import Held
from tests.services.netboot.made import MAC


@pytest.fixture
def recorder(tmp_path: Path) -> Iterator[Recorder]:
    made = Recorder(tmp_path / "boot.db")
    yield made
    made.close()


@pytest.fixture
def held(recorder: Recorder) -> Held:
    return Held(recorder)


def waits(mac: str = MAC, began_at: float = 5.0, ident: str = "b1") -> Attempt:
    return Attempt(ident, "lan", mac, "pxe-x64", began_at)


def test_held_machines_show_different_codes(held: Held) -> None:
    macs = [f"52:54:00:00:77:{number:02x}" for number in range(30)]
    codes = {held.code(waits(mac)) for mac in macs}
    assert len(codes) == 30
    assert all(len(code) == 4 and code.isdigit() for code in codes)


def test_a_held_machine_that_was_assigned_waits_no_more(recorder: Recorder, held: Held) -> None:
    held.code(waits())
    held.released("lan", MAC)
    assert boots.held(recorder.connection, 0.0) == []


def test_the_next_boot_shows_the_same_code(held: Held) -> None:
    assert held.code(waits()) == held.code(waits(began_at=90.0, ident="b2"))


def test_a_machine_waits_since_its_boot_began(recorder: Recorder, held: Held) -> None:
    held.code(waits())
    held.code(waits())
    (row,) = boots.held(recorder.connection, 0.0)
    assert row.since == 5.0
    held.code(waits(began_at=90.0, ident="b2"))
    (row,) = boots.held(recorder.connection, 0.0)
    assert row.since == 90.0
