"""A first stage of Debian's dracut and systemd fetches its store with the units that NixOS gets."""

import hashlib
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.model.images import StoreFile, image_to_json
from tests.live.waiting import until
from tests.vm.dracut_stage import kernel, payload, ramdisk
from tests.vm.lab import BOOT_SECONDS, Workshop, switched_on
from tests.vm.test_boots import new_mac
from tests.vm.thin_room import SMALL, arrived, slow, stores, thin_room

pytestmark = pytest.mark.vm


@pytest.fixture(scope="module")
def workshop() -> Iterator[Workshop]:
    with thin_room() as there:
        yield there


def test_a_first_stage_of_systemd_and_dracut_fetches_it_with_the_same_units(
    workshop: Workshop,
) -> None:
    mac, place = new_mac(), workshop.router.home / "dracut"
    place.mkdir()
    stage, store = ramdisk(place), payload(place)
    workshop.assign(mac, "debian", host=workshop.hosts["large"])
    files = {"kernel": kernel(), "initrd": stage, "store": store}
    with (
        slow(workshop.router, "80mbit"),
        served_instead(workshop, files),
        switched_on(workshop, mac, "uefi", megabytes=SMALL) as machine,
    ):
        until(lambda: arrived(workshop, mac) > 0, "a piece of the store is there", BOOT_SECONDS)
        os.kill(workshop.router.pid("boot"), signal.SIGKILL)
        machine.says("SECOND STAGE: told")
        row = workshop.ends(machine, "up", "short")
    assert (row.state, row.toplevel) == ("up", "/nix/store/system")
    first, *_, last = stores(workshop, row)
    assert (first.status, last.status) == ("aborted", "ok")
    assert last.detail["range"][1] == store.stat().st_size


@contextmanager
def served_instead(workshop: Workshop, files: Mapping[str, Path]) -> Iterator[None]:
    """The large host's image with other files in its thin form."""
    image = workshop.image("large")
    place = workshop.router.state / f"published/images/{image.id}.json"
    before = place.read_text()
    parts = tuple(
        replace(
            part,
            size=files[part.purpose].stat().st_size,
            sha256=hashlib.sha256(files[part.purpose].read_bytes()).hexdigest(),
            segments=(StoreFile(str(files[part.purpose]), files[part.purpose].stat().st_size),),
        )
        for part in image.thin
    )
    line = "console=ttyS0,115200 init=/nix/store/system/init panic=1 no_timer_check"
    subprocess.run(["chmod", "-R", "a+rX", str(workshop.router.home / "dracut")], check=True)
    place.write_text(json.dumps(image_to_json(replace(image, thin=parts, command_line=line))))
    try:
        yield
    finally:
        place.write_text(before)
