"""A machine that is short of memory boots an image whose store its first stage fetches."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.model.images import Image, StoreFile, image_to_json
from appliance.store.boots import BootRow, StepRow
from tests.live.standing import CHECKOUT, Router, standing
from tests.live.waiting import until
from tests.vm.conftest import shelf
from tests.vm.dracut_stage import kernel, payload, ramdisk
from tests.vm.lab import BOOT_SECONDS, SAMPLE, Workshop, furnished, switched_on
from tests.vm.test_boots import named, new_mac

pytestmark = pytest.mark.vm

FLAKE = CHECKOUT / "tests/flakes/thin"
SMALL = 512  # megabytes, in which the store does not fit inside the ramdisk
ENOUGH = 1024


@pytest.fixture(scope="module")
def workshop() -> Iterator[Workshop]:
    with standing("thin", shelf()) as router:
        yield furnished(router, {"large": ("warehouse", False)}, warehouse(router))


def warehouse(router: Router) -> Path:
    """The sample's files with another flake.nix, as a repository of one commit."""
    place = router.home / "warehouse"
    shutil.copytree(SAMPLE, place, ignore=shutil.ignore_patterns(".git"))
    shutil.copy(FLAKE / "flake.nix", place)
    shutil.copy(FLAKE / "warehouse.nix", place / "hosts")
    named = ("-c", "user.name=Nixie", "-c", "user.email=lab@nixie.invalid")
    for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "-m", "One large host"]):
        subprocess.run(["git", "-C", str(place), *named, *words], check=True)
    subprocess.run(["chmod", "-R", "a+rX", str(place)], check=True)
    return place


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
    line = "console=ttyS0,115200 init=/nix/store/system/init panic=1"
    subprocess.run(["chmod", "-R", "a+rX", str(workshop.router.home / "dracut")], check=True)
    place.write_text(json.dumps(image_to_json(replace(image, thin=parts, command_line=line))))
    try:
        yield
    finally:
        place.write_text(before)


def arrived(workshop: Workshop, mac: str) -> int:
    row = workshop.boot_of(mac)
    return max([step.bytes or 0 for step in stores(workshop, row)], default=0) if row else 0


def stores(workshop: Workshop, row: BootRow) -> list[StepRow]:
    """The downloads of the store in one boot."""
    return [one for one in workshop.steps_of(row.id) if one.name == "store.squashfs"]


def diagnosed(workshop: Workshop, mac: str) -> str | None:
    row = workshop.boot_of(mac)
    return row.diagnosis if row else None


@contextmanager
def slow(router: Router, rate: str) -> Iterator[None]:
    """The LAN at a lower rate, so that there is a middle of a download."""
    found = router.inside("ip", "-o", "-4", "addr", "show", "to", "10.77.0.1").stdout
    link = found.split()[1]
    shaped = ("dev", link, "root", "tbf", "rate", rate, "burst", "256k", "latency", "100ms")
    assert router.inside("tc", "qdisc", "replace", *shaped).returncode == 0
    try:
        yield
    finally:
        router.inside("tc", "qdisc", "del", "dev", link, "root")


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
