"""A machine that is short of memory boots an image whose store its first stage fetches."""

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from appliance.model.images import Image, StoreFile
from appliance.store.boots import BootRow, StepRow
from tests.live.waiting import until
from tests.vm.lab import BOOT_SECONDS, Workshop, switched_on
from tests.vm.test_boots import named, new_mac
from tests.vm.thin_room import SMALL, arrived, slow, stores, thin_room

pytestmark = pytest.mark.vm

ENOUGH = 1024


@pytest.fixture(scope="module")
def workshop() -> Iterator[Workshop]:
    with thin_room() as there:
        yield there


def test_a_machine_with_little_memory_fetches_the_store_itself(workshop: Workshop) -> None:
    row, steps, image = booted(workshop, "small", SMALL)
    assert (row.state, row.image, row.toplevel) == ("up", image.id, image.toplevel)
    assert row.facts["memory"] == SMALL
    parts = {step.name: (step.bytes, step.status) for step in named(steps, "part")}
    assert parts == {part.name: (part.size, "ok") for part in image.thin}


def test_a_machine_with_enough_memory_gets_the_store_inside_the_ramdisk(
    workshop: Workshop,
) -> None:
    row, steps, image = booted(workshop, "large", ENOUGH)
    assert (row.state, row.facts["memory"]) == ("up", ENOUGH)
    assert {step.name for step in named(steps, "part")} == {part.name for part in image.parts}


def test_uefi_fetches_it_too(workshop: Workshop) -> None:
    row, steps, image = booted(workshop, "small-uefi", SMALL, "uefi")
    assert (row.state, row.facts["memory"]) == ("up", SMALL)
    assert {step.name for step in named(steps, "part")} == {part.name for part in image.thin}


def test_a_download_goes_on_after_the_boot_role_was_killed(workshop: Workshop) -> None:
    router, mac = workshop.router, new_mac()
    workshop.assign(mac, "broken-off", host=workshop.hosts["large"])
    with slow(router, "160mbit"), switched_on(workshop, mac, "bios", megabytes=SMALL) as machine:
        until(lambda: arrived(workshop, mac) > 0, "a piece of the store is there", BOOT_SECONDS)
        os.kill(router.pid("boot"), signal.SIGKILL)
        row = workshop.ends(machine, "up", "short")
    assert row.state == "up"
    (store,) = [part for part in workshop.image("large").thin if part.purpose == "store"]
    first, *_, last = stores(workshop, row)
    assert (first.status, last.status) == ("aborted", "ok")
    start, stop = last.detail["range"]
    assert (stop, last.bytes) == (store.size, store.size - start)
    assert 0 < start < store.size
    assert any("going on after" in line for line in machine.lines)


def test_a_store_that_is_not_the_announced_one_is_refused(workshop: Workshop) -> None:
    mac = new_mac()
    workshop.assign(mac, "betrayed", host=workshop.hosts["large"])
    with (
        altered(workshop.image("large")),
        switched_on(workshop, mac, "bios", megabytes=SMALL) as machine,
    ):
        machine.says("the store that came is not the one that was announced: it is refused.")
        until(lambda: diagnosed(workshop, mac) == "store-wrong-hash", "the record says so")
    row = workshop.boot_of(mac)
    assert row is not None
    (report,) = named(workshop.steps_of(row.id), "report")
    assert (report.name, report.detail["errno"]) == ("store", "wrong-hash")
    assert row.state != "up"


def diagnosed(workshop: Workshop, mac: str) -> str | None:
    row = workshop.boot_of(mac)
    return row.diagnosis if row else None


@contextmanager
def altered(image: Image) -> Iterator[None]:
    """One byte of the image's store is another one on the router's disk."""
    (file,) = [
        segment.file
        for part in image.thin
        if part.purpose == "store"
        for segment in part.segments
        if isinstance(segment, StoreFile)
    ]
    place = Path(file)
    middle, mode = place.stat().st_size // 2, place.stat().st_mode
    place.chmod(0o644)
    right = patched(place, middle, None)
    try:
        patched(place, middle, bytes((right[0] ^ 1,)))
        yield
    finally:
        patched(place, middle, right)
        place.chmod(mode)


def patched(place: Path, at: int, byte: bytes | None) -> bytes:
    """The byte there; `byte` in its place from now on."""
    with place.open("r+b") as file:
        file.seek(at)
        before = file.read(1)
        if byte is not None:
            file.seek(at)
            file.write(byte)
    return before


def booted(
    workshop: Workshop, name: str, megabytes: int, firmware: str = "bios"
) -> tuple[BootRow, list[StepRow], Image]:
    mac = new_mac()
    workshop.assign(mac, name, host=workshop.hosts["large"])
    with switched_on(workshop, mac, firmware, megabytes=megabytes) as machine:
        row = workshop.ends(machine, "up", "short")
    return row, workshop.steps_of(row.id), workshop.image("large")
