"""A generation that does not come up makes room for the last good one, by the real role alone.

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

from appliance.events import BootAsked, Event, GenerationBad, GenerationBadHere, GenerationGood
from appliance.generations import FAILURES
from appliance.model.images import Image
from appliance.model.table import Generation, Host, Machine, Table
from appliance.store import journal, leases
from appliance.store.open import reader, writer
from tests.live.boot_room import ADDRESS, MAC, OTHER, OTHER_ADDRESS, Room, image, room, table

pytestmark = pytest.mark.live

HOST = "s1/ember"
ADDRESSES = {MAC: ADDRESS, OTHER: OTHER_ADDRESS}


def history(*made: Image, states: tuple[str, ...]) -> Table:
    """Two machines run ember, whose generations are `made`, newest first."""
    before = table(made[0])
    count = len(made)
    generations = tuple(
        Generation(count - place, one.id, state, {})
        for place, (one, state) in enumerate(zip(made, states, strict=True))
    )
    machines = {
        ident: Machine(ident, name, "run", f"i-{ident}", HOST, None)
        for ident, name in (("m1", "anvil"), ("m2", "bellows"))
    }
    hosts = {HOST: Host(HOST, "ember", "demo", generations)}
    return replace(before, macs={MAC: "m1", OTHER: "m2"}, machines=machines, hosts=hosts)


class Place:
    """The room with a generation that was good before and a newer one on trial."""

    def __init__(self, here: Room) -> None:
        self.here = here
        newer = here.state / "newer"
        newer.mkdir()
        self.new, self.old = image(newer, kernel=b"MZ whose init dies"), here.image
        here.publish_image(self.new)
        here.publish(history(self.new, self.old, states=("trial", "good")))

    def asks(self, mac: str = MAC) -> None:
        """The firmware comes to DHCP."""
        with closing(writer(self.here.state / "leases.db", leases.MIGRATIONS)) as file:
            asked = BootAsked("lan", mac, "pxe-x64", "discover", 1, arch=7)
            journal.append(file, asked, time.time())

    def script(self, mac: str = MAC) -> str:
        path = f"/s/{mac.replace(':', '-')}"
        return self.here.curl(path, "--interface", ADDRESSES[mac]).decode()

    def boots(self, mac: str = MAC) -> tuple[int, str]:
        """From DHCP to the last byte: (generation, path to phone home to)."""
        self.asks(mac)
        told = self.script(mac)
        (number,) = re.findall(r"echo Nixie: ember, generation (\d+)", told)
        for path in re.findall(r"http://10\.77\.0\.1(/b/\S+/[0-9a-f]{64}/\S+)", told):
            self.here.curl(path, "-o", "/dev/null", "--interface", ADDRESSES[mac])
        self.here.until(lambda: self.state_of(mac) == "starting")
        (home,) = re.findall(r"nixie\.boot=http://10\.77\.0\.1(\S+)", told)
        return int(number), home

    def comes_up(self, mac: str = MAC) -> int:
        number, home = self.boots(mac)
        said = f"toplevel={self.old.toplevel}"
        self.here.curl(home, "-d", said, "--interface", ADDRESSES[mac])
        return number

    def state_of(self, mac: str) -> str:
        return next(one.state for one in self.here.stored() if one.mac == mac)

    def told(self, kind: type[Event]) -> list[Event]:
        with closing(reader(self.here.state / "boot.db")) as file:
            found = [entry.event for entry in journal.read(file, 0)]
        return [one for one in found if isinstance(one, kind)]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with room(tmp_path / "state", "g") as running:
        yield Place(running)


def test_a_bad_generation_heals_without_anybody(place: Place) -> None:
    assert [place.boots()[0] for _ in range(FAILURES)] == [2] * FAILURES
    assert place.comes_up() == 1
    (bad,) = place.told(GenerationBad)
    assert isinstance(bad, GenerationBad)
    assert (bad.number, bad.mac) == (2, MAC)
    assert bad.instead == "The last good one, generation 1 is served from now on."
    record = next(one for one in place.here.stored() if one.id == bad.boot)
    assert (record.state, record.diagnosis) == ("short", "kernel-no-sign-of-life")


def test_a_generation_whose_named_unit_is_not_active_makes_room_for_the_last_good_one(
    place: Place,
) -> None:
    for _ in range(FAILURES):
        number, home = place.boots()
        assert number == 2
        said = "health=oven.service%3Dactive,mill.service%3Dfailed&log=mill.service:%0Ano grain"
        place.here.curl(
            home, "-d", f"toplevel={place.new.toplevel}&{said}", "--interface", ADDRESSES[MAC]
        )
    assert place.boots()[0] == 1
    (bad,) = place.told(GenerationBad)
    assert isinstance(bad, GenerationBad)
    record = next(one for one in place.here.stored() if one.id == bad.boot)
    assert (record.state, record.diagnosis) == ("short", "unit-not-active")
    assert record.facts["up"]["log"] == "mill.service:\nno grain"


def test_it_heals_though_the_role_is_killed_after_every_boot(place: Place) -> None:
    got = []
    for _ in range(FAILURES + 1):
        got.append(place.boots()[0])
        place.here.stop(signal.SIGKILL)
        place.here.start()
    assert got == [2] * FAILURES + [1]


def test_it_heals_with_every_other_roles_file_gone(place: Place) -> None:
    for name in ("net.db", "nixie.db", "build.db"):
        (place.here.state / name).unlink(missing_ok=True)
    assert [place.boots()[0] for _ in range(FAILURES + 1)] == [2] * FAILURES + [1]


def test_who_runs_a_generation_well_keeps_it(place: Place) -> None:
    assert place.comes_up(OTHER) == 2
    assert [place.boots()[0] for _ in range(FAILURES + 1)] == [2] * FAILURES + [1]
    assert place.comes_up(OTHER) == 2
    (here,) = place.told(GenerationBadHere)
    assert isinstance(here, GenerationBadHere)
    assert (here.mac, len(place.told(GenerationGood))) == (MAC, 1)


def test_a_machine_without_anything_good_reads_why_and_gets_the_next_one(place: Place) -> None:
    place.here.publish(history(place.new, states=("trial",)))
    for _ in range(FAILURES):
        place.boots()
    place.asks()
    assert "The only generation of ember is bad" in place.script()
    place.here.publish(history(place.old, place.new, states=("trial", "trial")))
    assert place.boots()[0] == 2


def test_an_unwatched_generation_is_served_however_often(place: Place) -> None:
    silent = replace(place.new, watched=False)
    place.here.publish_image(silent)
    place.here.publish(history(silent, place.old, states=("unwatched", "good")))
    for _ in range(FAILURES + 2):
        place.asks()
        told = place.script()
        assert "ember, generation 2" in told
        for path in re.findall(r"http://10\.77\.0\.1(/b/\S+/[0-9a-f]{64}/\S+)", told):
            place.here.curl(path, "-o", "/dev/null")
        place.here.until(lambda: place.state_of(MAC) == "served")
    assert place.told(GenerationBad) == []
