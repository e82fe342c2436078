"""What a machine really runs, as the real role hears it after the phone-home."""

import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from appliance.events import SystemSwitched
from appliance.store import journal, running
from appliance.store.open import reader
from appliance.store.running import RunningRow
from tests.live.boot_room import ADDRESS, MAC, Room, room

pytestmark = pytest.mark.live
OTHER = "/nix/store/y-ember"


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Room]:
    with room(tmp_path / "state", "t") as made:
        yield made


def boots(here: Room) -> str:
    """It phones home; the path for what it says later."""
    told = here.curl(f"/s/{MAC.replace(':', '-')}", "--interface", ADDRESS).decode()
    (home,) = re.findall(r"nixie\.boot=http://10\.77\.0\.1(\S+)", told)
    says(here, home, f"toplevel={here.image.toplevel}")
    return str(home)


def says(here: Room, home: str, what: str) -> str:
    told = here.curl(home, "-d", what, "-w", " %{http_code}", "--interface", ADDRESS)
    return told.decode().rpartition(" ")[2]


def row(here: Room) -> RunningRow:
    with closing(reader(here.state / "boot.db")) as file:
        (found,) = running.every(file)
    return found


def test_a_switch_by_hand_is_known_and_told_once(here: Room) -> None:
    home = boots(here)
    assert (row(here).toplevel, row(here).served) == (here.image.toplevel,) * 2
    assert [says(here, home, f"current={OTHER}") for _ in range(3)] == ["200"] * 3
    assert (row(here).toplevel, row(here).served) == (OTHER, here.image.toplevel)
    with closing(reader(here.state / "boot.db")) as file:
        found = [one.event for one in journal.read(file, 0)]
    (switched,) = [one for one in found if isinstance(one, SystemSwitched)]
    assert (switched.mac, switched.toplevel, switched.generation) == (MAC, OTHER, 1)


def test_who_does_not_know_the_secret_says_nothing(here: Room) -> None:
    home = boots(here)
    assert says(here, home[:-3] + "abc", f"current={OTHER}") == "404"
    assert row(here).toplevel == here.image.toplevel


def test_a_boot_before_the_newest_says_nothing_any_more(here: Room) -> None:
    before, _ = boots(here), boots(here)
    assert says(here, before, f"current={OTHER}") == "404"
    assert row(here).toplevel == here.image.toplevel


def test_a_switch_is_heard_after_the_role_was_killed(here: Room) -> None:
    home = boots(here)
    here.stop(9)
    here.start()
    assert says(here, home, f"current={OTHER}") == "200"
    assert row(here).toplevel == OTHER


def test_what_was_not_phoned_home_cannot_be_switched(here: Room) -> None:
    told = here.curl(f"/s/{MAC.replace(':', '-')}", "--interface", ADDRESS).decode()
    (home,) = re.findall(r"nixie\.boot=http://10\.77\.0\.1(\S+)", told)
    assert says(here, home, f"current={OTHER}") == "404"
