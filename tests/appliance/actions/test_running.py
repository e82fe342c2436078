from contextlib import closing
from pathlib import Path

from appliance.actions import machines
from appliance.actions.desk import Desk
from appliance.actions.running import running
from appliance.store import boots
from appliance.store import running as kept
from appliance.store.boots import BootRow
from appliance.store.open import writer
from appliance.store.running import RunningRow
from tests.appliance.actions.conftest import OWNER

MAC = "52:54:00:12:34:56"
ROW = RunningRow("lan", MAC, "b1", "s1/ember", 3, "/a", "/b", 5.0, "")


def booted(state: Path, ident: str, at: float) -> None:
    with closing(writer(state / "boot.db", boots.MIGRATIONS)) as file:
        row = BootRow(
            ident, "lan", MAC, None, "pxe-x64", at, at, "up",
            None, None, None, None, None, None, None, {},
        )  # fmt: skip
        boots.save_boot(file, row, None)
        if ident == "b1":
            kept.save(file, ROW)


def test_what_a_machine_said_is_held_against_what_it_was_served(desk: Desk, tmp_path: Path) -> None:
    ident = machines.add_machine(desk, OWNER, MAC, name="anvil").subject
    booted(tmp_path, "b1", 5.0)
    found = running(desk.reads, desk.reads.machines())[ident]
    assert (found.row, found.stand, found.gets, found.behind) == (ROW, "drifted", None, 0)


def test_a_machine_that_booted_since_is_not_known_any_more(desk: Desk, tmp_path: Path) -> None:
    machines.add_machine(desk, OWNER, MAC, name="anvil")
    booted(tmp_path, "b1", 5.0)
    booted(tmp_path, "b2", 9.0)
    assert running(desk.reads, desk.reads.machines()) == {}
