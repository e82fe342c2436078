"""The power goes at any moment; what a client or the owner saw confirmed is there afterwards.

The writers are the roles' own code: leases answered by DHCP, phone-homes over HTTP, acts of the
owner, published images.  See disk.py for what the disk forgets and power_room.py for the machine.
"""

import asyncio
import os
import threading
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from tests.vm.disk import Disk
from tests.vm.power_room import Room, accelerator, made, warm_machine

ROUNDS, SOAK_ROUNDS = 50, 1_000
NUMBERS = 1_000  # of a round
FIRST = 20_000  # below are those of the set-up
KINDS = {"lease": "address", "boot": "id", "act": None, "image": "id"}
DETAILS = 10_000  # as in power_guest.py
LONGEST_SECONDS, MOST_WRITES = 7.0, 300


@pytest.fixture(scope="module")
def room() -> Room:
    return made(asyncio.run(accelerator()))


@dataclass
class Witness:
    """What was seen to be confirmed, by kind and number; kept outside the machine."""

    seen: dict[str, dict[int, Any]] = field(default_factory=lambda: {kind: {} for kind in KINDS})
    at_first: dict[str, int] = field(default_factory=dict)
    examined: int = 0  # how often all of it was found again

    def hears(self, line: dict[str, Any], number: int) -> None:
        """Take a line of the machine whose round begins at `number`."""
        if line["kind"] in KINDS:
            word = KINDS[line["kind"]]
            self.seen[line["kind"]][line["n"]] = line[word] if word else True
        elif line["kind"] == "there":
            self.examines(line, number - DETAILS)
        elif line["kind"] == "open":
            acts, known, lines = line["audit"]
            assert acts == known == lines, "the audit knows each act once"

    def examines(self, there: dict[str, Any], since: int) -> None:
        """Compare with what a machine found on its disk."""
        assert there["broken"] == []
        for kind, seen in self.seen.items():
            new = {int(number): value for number, value in there[kind]["new"].items()}
            lost = {n: value for n, value in seen.items() if n >= since and new.get(n) != value}
            assert not lost, f"{kind} was confirmed and is gone, or another: {lost}"
            count = there[kind]["count"]
            assert count >= self.at_first.setdefault(kind, count) + len(seen)
        addresses = list(there["lease"]["new"].values())
        assert len(addresses) == len(set(addresses))
        self.examined += 1

    @property
    def count(self) -> int:
        return sum(len(seen) for seen in self.seen.values())


def one_round(room: Room, disk: Disk, witness: Witness, chance: Random, number: int) -> None:
    """Switch on and listen; the power goes at some write, or at some time, whatever is done."""
    timer = threading.Timer(chance.uniform(0, LONGEST_SECONDS), disk.cut)
    if chance.random() < 0.3:
        timer.start()
    else:
        disk.fuse = chance.randint(1, MOST_WRITES)
    with warm_machine(room, disk) as machine:
        machine.go(chance, number)
        for line in machine.until_the_cut():
            witness.hears(line, number)
    timer.cancel()
    disk.restored(chance)


def rounds(room: Room, count: int) -> None:
    seed = int.from_bytes(os.urandom(4))
    chance, disk, witness = Random(seed), Disk(bytearray(room.state)), Witness()
    for number in range(count):
        one_round(room, disk, witness, chance, FIRST + number * NUMBERS)
    last = FIRST + count * NUMBERS
    with warm_machine(room, disk) as machine:
        machine.go(chance, last)
        for kind in ("there", "open"):
            witness.hears(machine.hears(kind), last)
    print(
        f"{count} cuts (chance {seed}): {witness.count} confirmed, examined {witness.examined} "
        f"times; of the disk's writes {disk.lost} were lost, {disk.flushes} flushes held"
    )
    assert witness.examined > count // 4
    assert all(witness.seen.values())
    assert disk.lost > 0


@pytest.mark.vm
def test_what_was_confirmed_is_there_after_fifty_power_cuts(room: Room) -> None:
    rounds(room, ROUNDS)


@pytest.mark.soak
def test_what_was_confirmed_is_there_after_a_thousand_power_cuts(room: Room) -> None:
    rounds(room, SOAK_ROUNDS)


@pytest.mark.vm
def test_a_disk_that_lies_about_its_flushes_is_found_out(room: Room) -> None:
    chance, disk, witness = Random(1), Disk(bytearray(room.state), lies=True), Witness()
    with warm_machine(room, disk) as machine:
        machine.go(chance, FIRST)
        for line in machine.until_the_cut():
            witness.hears(line, FIRST)
            if witness.count == 4:
                disk.cut()
    disk.waiting.clear()
    disk.restored(chance)
    with warm_machine(room, disk) as machine:
        machine.go(chance, FIRST + NUMBERS)
        with pytest.raises(AssertionError, match="was confirmed and is gone"):
            witness.examines(machine.hears("there"), FIRST)
