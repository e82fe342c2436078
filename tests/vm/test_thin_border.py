"""The least memory that the router says an image needs is enough for real firmware, and the form
with the store inside needs more."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count

import pytest

from appliance.model.fit import Known, fit
from appliance.model.images import Image, image_to_json
from appliance.store.boots import BootRow
from tests.live.waiting import until
from tests.vm.lab import BOOT_SECONDS, Running, Workshop, switched_on
from tests.vm.test_boots import named, new_mac
from tests.vm.thin_room import thin_room

pytestmark = [pytest.mark.vm, pytest.mark.parametrize("firmware", ["bios", "uefi"])]

PLATFORM = {"bios": "pcbios", "uefi": "efi"}
CARD = ("virtio_net",)


@pytest.fixture(scope="module")
def workshop() -> Iterator[Workshop]:
    with thin_room() as there:
        yield there


def test_the_least_memory_for_a_fetched_store_is_enough(workshop: Workshop, firmware: str) -> None:
    image = workshop.image("large")
    row = booted(workshop, firmware, least(image, firmware, thin=True))
    assert (row.state, row.facts.get("doubts", [])) == ("up", [])
    assert fetched(workshop, row) == {part.name for part in image.thin}


def test_the_least_memory_for_a_store_inside_is_enough(workshop: Workshop, firmware: str) -> None:
    image = workshop.image("large")
    row = booted(workshop, firmware, least(image, firmware, thin=False))
    assert row.state == "up"
    assert fetched(workshop, row) == {part.name for part in image.parts}


def test_where_the_store_fits_only_fetched_it_does_not_inside(
    workshop: Workshop, firmware: str
) -> None:
    megabytes, mac = least(workshop.image("large"), firmware, thin=True), new_mac()
    workshop.assign(mac, f"full-{firmware}", host=workshop.hosts["large"])
    with (
        without_driver(workshop),
        switched_on(workshop, mac, firmware, megabytes=megabytes) as machine,
    ):
        until(lambda: given_up(machine), "the machine does not come up", 2 * BOOT_SECONDS)
        row = workshop.boot_of(mac)
    assert row is not None
    assert row.state != "up"
    said = " ".join(one["what"] for one in row.facts["doubts"])
    assert "cannot drive this network card" in said
    assert f"with its store inside the ramdisk, and the machine has {megabytes} MB." in said


def least(image: Image, firmware: str, *, thin: bool) -> int:
    """Megabytes from which on nothing is said against one form of the image."""

    def fits(megabytes: int) -> bool:
        found = fit(image, Known(PLATFORM[firmware], megabytes, CARD))
        return found.thin == thin and not found.findings

    return next(one for one in count(64) if fits(one))


def given_up(machine: Running) -> bool:
    """It has ended, or its loader says that it cannot."""
    return machine.over.is_set() or any("did not start" in line for line in machine.lines)


def booted(workshop: Workshop, firmware: str, megabytes: int) -> BootRow:
    mac = new_mac()
    workshop.assign(mac, f"{firmware}-{megabytes}", host=workshop.hosts["large"])
    with switched_on(workshop, mac, firmware, megabytes=megabytes) as machine:
        row = workshop.ends(machine, "up", "short")
    assert row.facts["memory"] == megabytes
    return row


def fetched(workshop: Workshop, row: BootRow) -> set[str]:
    return {step.name for step in named(workshop.steps_of(row.id), "part")}


@contextmanager
def without_driver(workshop: Workshop) -> Iterator[None]:
    """The large host as one whose ramdisk cannot drive the card: it gets its store inside."""
    image = workshop.image("large")
    place = workshop.router.state / f"published/images/{image.id}.json"
    before = place.read_text()
    place.write_text(json.dumps(image_to_json(replace(image, initrd_modules=("e1000",)))))
    try:
        yield
    finally:
        place.write_text(before)
