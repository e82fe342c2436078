"""What is to be booted once is booted once, whatever the power does: by the real role.

The firmware is ours: what it does to DHCP is written down as the dhcp role does, the rest is HTTP.
"""

import re
import signal
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.events import BootAsked
from appliance.model.table import Once
from appliance.store import journal, leases
from appliance.store import once as kept
from appliance.store.open import reader, writer
from tests.live.boot_room import ADDRESS, MAC, Room, room, table

pytestmark = pytest.mark.live

UNSURE = "It is not sent a second time"


class Place:
    """A machine that is to install ember once and then start from its own disk."""

    def __init__(self, here: Room) -> None:
        self.here = here
        self.ask("o1")

    def ask(self, ident: str, kind: str = "install", then: str = "local") -> None:
        made = table(self.here.image, then)
        once = Once(ident, kind, "s1/ember")
        self.here.publish(replace(made, machines={"m1": replace(made.machines["m1"], once=once)}))

    def power_on(self) -> str:
        """The firmware comes to DHCP and is told its script."""
        with closing(writer(self.here.state / "leases.db", leases.MIGRATIONS)) as file:
            journal.append(
                file, BootAsked("lan", MAC, "pxe-x64", "discover", 1, arch=7), time.time()
            )
        return self.here.curl(f"/s/{MAC.replace(':', '-')}", "--interface", ADDRESS).decode()

    def loads(self, told: str, *, last: bool = True) -> None:
        paths = re.findall(r"http://10\.77\.0\.1(/b/\S+/[0-9a-f]{64}/\S+)", told)
        for path in paths if last else paths[:-1]:
            self.here.curl(path, "-o", "/dev/null", "--interface", ADDRESS)
        if last:
            self.here.until(lambda: "starting" in {one.state for one in self.here.stored()})

    def is_up(self, told: str) -> None:
        (home,) = re.findall(r"nixie\.boot=http://10\.77\.0\.1(\S+)", told)
        said = f"toplevel={self.here.image.toplevel}"
        self.here.curl(home, "-d", said, "--interface", ADDRESS)

    def state(self, ident: str = "o1") -> str:
        with closing(reader(self.here.state / "boot.db")) as file:
            found = kept.every(file)
        return found[ident].state if ident in found else "asked"

    def killed(self) -> None:
        self.here.stop(signal.SIGKILL)
        self.here.start()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with room(tmp_path / "state", "o") as running:
        yield Place(running)


def installs(told: str) -> bool:
    return "Nixie: ember, generation 1" in told


def test_five_power_cycles_after_an_installation_boot_the_disk(place: Place) -> None:
    told = place.power_on()
    assert installs(told)
    place.loads(told)
    place.is_up(told)
    for _ in range(5):
        assert "starts from its own disk" in place.power_on()
        place.killed()


def test_an_installation_that_was_not_heard_of_is_not_sent_again(place: Place) -> None:
    place.loads(place.power_on())
    for _ in range(3):
        assert UNSURE in place.power_on()
        place.killed()
    place.here.until(lambda: place.here.stored()[0].diagnosis == "install-unsure")


def test_a_power_cut_before_all_of_it_was_there_begins_it_anew(place: Place) -> None:
    for _ in range(3):
        told = place.power_on()
        assert installs(told)
        place.loads(told, last=False)
        place.killed()


def test_a_role_that_is_killed_right_after_the_last_byte_does_not_send_it_again(
    place: Place,
) -> None:
    told = place.power_on()
    paths = re.findall(r"http://10\.77\.0\.1(/b/\S+/[0-9a-f]{64}/\S+)", told)
    for path in paths:
        place.here.curl(path, "-o", "/dev/null", "--interface", ADDRESS)
    place.killed()  # within a quarter of a second: nothing of the end was committed
    assert UNSURE in place.power_on()


def test_asking_again_installs_again(place: Place) -> None:
    told = place.power_on()
    place.loads(told)
    place.is_up(told)
    place.ask("o2")
    assert installs(place.power_on())


def test_a_rescue_is_followed_by_what_the_machine_had(place: Place) -> None:
    place.ask("o3", "rescue")
    told = place.power_on()
    assert installs(told)
    place.loads(told)
    place.here.until(lambda: place.state("o3") == "started")
    assert "starts from its own disk" in place.power_on()


def test_a_hold_comes_first_and_uses_nothing_up(place: Place) -> None:
    place.ask("o4", then="hold")
    assert "Its code is" in place.power_on()
    place.ask("o4")
    assert installs(place.power_on())
