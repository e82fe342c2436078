"""A machine waits at its boot for the newest image, by the real boot role; build's file is ours."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.events import BootAsked
from appliance.store import build_facts, builds, journal, leases, wanted
from appliance.store.builds import SourceStateRow
from appliance.store.journal import transaction
from appliance.store.open import reader, writer
from tests.live.boot_room import ADDRESS, MAC, Room, room, table
from tests.live.waiting import until

pytestmark = pytest.mark.live
SCRIPT = f"/s/{MAC.replace(':', '-')}"


class Place:
    """A machine that waits, and what build writes."""

    def __init__(self, here: Room, most: int = 600) -> None:
        self.here = here
        self.file: sqlite3.Connection = writer(here.state / "build.db", builds.MIGRATIONS)
        self.stands("ready", 1.0)
        self.publish(most)

    def publish(self, most: int = 600) -> None:
        made = table(self.here.image)
        machines = {"m1": replace(made.machines["m1"], waits_seconds=most)}
        self.here.publish(replace(made, machines=machines, at=time.time()))

    def stands(self, state: str, at: float) -> None:
        with transaction(self.file):
            build_facts.source_stands(self.file, SourceStateRow("s1", state, "", at, None, 1))

    def power_on(self) -> str:
        with closing(writer(self.here.state / "leases.db", leases.MIGRATIONS)) as file:
            asked = BootAsked("lan", MAC, "pxe-x64", "discover", 1, arch=7)
            journal.append(file, asked, time.time())
        return self.asks("")

    def asks(self, query: str = "?wait=1") -> str:
        got = self.here.curl(SCRIPT + query, "-i", "--interface", ADDRESS)
        return got.decode().replace("\r", "")

    def wished(self) -> dict[str, float]:
        with closing(reader(self.here.state / "boot.db")) as file:
            return wanted.every(file)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with room(tmp_path / "state", "b") as running:
        made = Place(running)
        running.stop()
        running.start()
        yield made
        made.file.close()


def boots(told: str) -> bool:
    return "echo Nixie: ember, generation 1" in told


def test_a_machine_waits_by_503_until_the_newest_is_there(place: Place) -> None:
    before = time.time()
    told = place.power_on()
    assert "looks whether there is something newer" in told
    assert "or in 10 minutes with generation 1." in told
    assert place.wished()["s1/ember"] >= before
    again = place.asks()
    assert again.startswith("HTTP/1.1 503")
    assert "Retry-After: 5" in again
    place.stands("ready", time.time())
    place.publish()
    until(lambda: boots(place.asks()), "it boots")
    assert len(place.here.stored()) == 1


def test_what_was_waited_for_is_asked_for_with_every_power_on(place: Place) -> None:
    place.power_on()
    first = place.wished()["s1/ember"]
    place.asks()
    assert place.wished()["s1/ember"] == first
    place.power_on()
    assert place.wished()["s1/ember"] > first


def test_a_machine_waits_no_longer_than_its_owner_said(place: Place) -> None:
    place.publish(2)
    place.here.until(lambda: "looks whether" in place.power_on())
    until(lambda: boots(place.asks()), "it boots what there is")


def test_a_source_that_cannot_be_read_is_not_waited_for(place: Place) -> None:
    place.power_on()
    place.stands("unreadable", time.time())
    place.publish()
    until(lambda: boots(place.asks()), "it boots what there is")


def test_without_the_file_of_build_nobody_waits(place: Place) -> None:
    place.here.stop()
    for file in place.here.state.glob("build.db*"):
        file.unlink()
    place.here.start()
    assert boots(place.power_on())


def test_a_host_that_is_built_for_the_first_time_is_waited_for_by_503(place: Place) -> None:
    made = table(place.here.image)
    (host,) = made.hosts.values()
    empty = replace(host, generations=(), waiting="ember is being built.", lacks="running")
    place.here.publish(replace(made, hosts={host.id: empty}))
    place.here.until(lambda: "ember is being built." in place.power_on())
    assert place.asks().startswith("HTTP/1.1 503")
    place.here.publish(made)
    until(lambda: boots(place.asks()), "it boots")
