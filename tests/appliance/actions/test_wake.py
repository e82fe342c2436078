from contextlib import closing
from pathlib import Path

import pytest

from appliance.actions import machines, wake
from appliance.actions.desk import Desk
from appliance.actions.refusals import Unknown
from appliance.model.wake import WAKE_SECONDS
from appliance.store import boots, wakes
from appliance.store.boots import BootRow
from appliance.store.open import writer
from appliance.store.wakes import WakeRow
from tests.appliance.actions.conftest import OWNER, Clock

MAC = "52:54:00:12:34:56"


@pytest.fixture
def boot(tmp_path: Path) -> Path:
    return tmp_path / "boot.db"


def came(desk: Desk, now: float) -> str:
    found = desk.reads.machines()
    (woken,) = wake.woken(desk.reads, found, now).values()
    return woken.came


def woke(boot: Path, row: WakeRow) -> None:
    with closing(writer(boot, boots.MIGRATIONS)) as file:
        wakes.save(file, row)


def test_waking_is_asked_of_boot(desk: Desk) -> None:
    ident = machines.add_machine(desk, OWNER, MAC, name="anvil").subject
    done = wake.wake_machine(desk, OWNER, "anvil")
    assert done.what == "anvil is sent the packet that wakes it."
    assert done.wish is not None
    asked = desk.reads.wish(done.wish)
    assert asked is not None
    assert (asked.kind, asked.body) == ("wake", {"machine": ident})


def test_nobody_wakes_a_machine_that_is_not_there(desk: Desk) -> None:
    with pytest.raises(Unknown):
        wake.wake_machine(desk, OWNER, "anvil")


def test_a_boot_after_the_packet_is_what_came_of_it(desk: Desk, boot: Path, clock: Clock) -> None:
    ident = machines.add_machine(desk, OWNER, MAC, name="anvil").subject
    woke(boot, WakeRow(ident, clock.now, ("lan",)))
    assert came(desk, clock.now + 5) == "waiting"
    assert came(desk, clock.now + WAKE_SECONDS + 5) == "silent"
    with closing(writer(boot, boots.MIGRATIONS)) as file:
        row = BootRow(
            "b1", "lan", MAC, ident, "pxe-x64", clock.now + 40, None, "asking",
            None, None, None, None, None, None, None, {},
        )  # fmt: skip
        boots.save_boot(file, row, None)
    assert came(desk, clock.now + WAKE_SECONDS + 5) == "asked"


def test_what_was_not_sent_is_not_waited_for(desk: Desk, boot: Path, clock: Clock) -> None:
    ident = machines.add_machine(desk, OWNER, MAC, name="anvil").subject
    woke(boot, WakeRow(ident, clock.now, (), "It has no network card here."))
    assert came(desk, clock.now) == "unsent"


def test_machines_that_nobody_woke_have_nothing_to_say(desk: Desk) -> None:
    machines.add_machine(desk, OWNER, MAC, name="anvil")
    assert wake.woken(desk.reads, desk.reads.machines(), 0.0) == {}
