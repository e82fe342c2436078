"""A machine that is short of memory boots an image whose store its first stage fetches."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from appliance.model.images import Image, StoreFile
from appliance.store.boots import BootRow, StepRow
from tests.live.standing import standing
from tests.live.waiting import until
from tests.vm.conftest import shelf
from tests.vm.lab import Running, Workshop, furnished, switched_on
from tests.vm.test_boots import named, new_mac

pytestmark = pytest.mark.vm

SMALL = 512  # megabytes, in which the store does not fit inside the ramdisk


@pytest.fixture(scope="module")
def workshop() -> Iterator[Workshop]:
    with standing("thin", shelf()) as router:
        yield furnished(router, {"large": ("warehouse", False)})


def test_a_machine_with_little_memory_fetches_the_store_itself(workshop: Workshop) -> None:
    row, steps, image = booted(workshop, "small", SMALL)
    assert (row.state, row.image, row.toplevel) == ("up", image.id, image.toplevel)
    print(row.facts)
    assert row.facts["memory"] == SMALL
    parts = {step.name: (step.bytes, step.status) for step in named(steps, "part")}
    assert parts == {part.name: (part.size, "ok") for part in image.thin}


def booted(
    workshop: Workshop, name: str, megabytes: int, firmware: str = "bios"
) -> tuple[BootRow, list[StepRow], Image]:
    mac = new_mac()
    workshop.assign(mac, name, host=workshop.hosts["large"])
    with switched_on(workshop, mac, firmware, megabytes=megabytes) as machine:
        row = workshop.ends(machine, "up", "short")
    return row, workshop.steps_of(row.id), workshop.image("large")
