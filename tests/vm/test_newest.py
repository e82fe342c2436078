"""A machine waits for the newest image: iPXE of 2019 (QEMU's ROM) and of today obey Retry-After.

What the machine is answered is heard on the wire.  A host is built because its machine asks, and
its build sleeps until the test wakes it.
"""

import os
import re
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.store.boots import BootRow
from tests.live.waiting import until
from tests.vm.lab import (
    BOOT_SECONDS,
    BUILD_SECONDS,
    SAMPLE,
    Running,
    Workshop,
    built,
    looked_at,
    switched_on,
)
from tests.vm.test_healing import Flake
from tests.vm.wire import heard

pytestmark = pytest.mark.vm

HOST = "hosts/crucible.nix"
LOOKING = "The router looks whether there is something newer."
LATER = re.compile(rb"HTTP/1\.1 503 [^\r]*\r\n(?:[^\r]+\r\n)*?Retry-After: (\d+)\r\n")
"""An answer that makes iPXE ask again."""


@dataclass
class Patient:
    """A machine that waits for the newest image of the host of a flake."""

    workshop: Workshop
    flake: Flake
    host: str
    mac: str = "52:54:00:76:70:10"
    name: str = "patient"

    @property
    def wire(self) -> Path:
        """All that went over the LAN since it was switched on."""
        return self.workshop.router.home / "wire"

    def waits(self, seconds: int) -> None:
        patiently(self.workshop, self.name, seconds)

    @property
    def sleeps(self) -> str:
        """What a build says to take until it is woken; no other process here says that."""
        return f"sleep 9{self.workshop.router.port:05}"

    def commits(self, script: str) -> None:
        """A revision whose system needs something that this script makes first."""
        made = f'pkgs.runCommand "late" {{ }} "{script}; echo > $out"'
        text = (SAMPLE / HOST).read_text().replace("{ modulesPath,", "{ modulesPath, pkgs,")
        text = text.rstrip().removesuffix("}")
        (self.flake.place / HOST).write_text(f"{text}  environment.etc.late.source = {made};\n}}\n")
        self.flake.commit(script)

    def wakes(self) -> None:
        """End what the build sleeps by."""
        words = self.sleeps.encode().split()
        for place in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if (place / "cmdline").read_bytes().split(b"\0")[-3:-1] == words:
                    os.kill(int(place.name), signal.SIGKILL)

    def build(self) -> dict[str, str]:
        """The newest build of the host, as the API has it."""
        rows = self.workshop.router.client.get("/builds", host=self.host, limit=1)
        return dict(rows[0])

    def is_being_built(self, machine: Running) -> None:
        """Wait until its screen says so, then until it was put off twice more."""
        machine.says("phoenix is being built")
        assert self.build()["state"] == "running"
        before = len(self.put_off())
        until(lambda: len(self.put_off()) >= before + 2, "it asks again", BOOT_SECONDS)

    def put_off(self) -> list[int]:
        """The seconds of each 503 that it was answered since it was switched on."""
        return [int(one) for one in LATER.findall(self.wire.read_bytes())]

    @contextmanager
    def on(self, firmware: str = "bios") -> Iterator[Running]:
        with (
            heard(self.workshop.router, self.wire),
            switched_on(self.workshop, self.mac, firmware, name=self.name) as machine,
        ):
            yield machine

    def served(self) -> int:
        """The number of the generation that machines get."""
        found = self.workshop.router.client.get("/images", host=self.host)
        (number,) = (one["number"] for one in found if one["served"])
        return int(number)

    def is_sent(self) -> BootRow:
        """Its boot, once it takes the parts of an image."""

        def taken() -> BootRow | None:
            row = self.workshop.boot_of(self.mac)
            steps = self.workshop.steps_of(row.id) if row else ()
            return row if any(one.kind == "part" for one in steps) else None

        return until(taken, "an image is sent", BOOT_SECONDS)


@pytest.fixture(scope="module")
def patient(workshop: Workshop) -> Iterator[Patient]:
    """Its host has generation 1 and no other; its machine is off."""
    flake = Flake(workshop.router.home / "patience")
    client = workshop.router.client
    client.post("/directories", {"path": str(flake.place)})
    asked = {"url": f"git+file://{flake.place}", "name": "patience", "interval_seconds": 0}
    source = client.post("/sources", asked)["subject"]
    host = f"{source}/phoenix"
    until(looked_at(workshop.router, host), "it has its verdict", BUILD_SECONDS)
    until(built(workshop.router, host), "it is built", BUILD_SECONDS)
    made = Patient(workshop, flake, host)
    workshop.assign(made.mac, made.name, host=host)
    yield made
    client.delete(f"/sources/{source}")
    shutil.rmtree(flake.place)


def patiently(workshop: Workshop, name: str, seconds: int) -> None:
    """The machine waits for so long, and the boot role knows it."""
    workshop.router.client.patch(f"/machines/{name}", {"waits_seconds": seconds})
    until(
        lambda: any(
            one["name"] == name and one["waits_seconds"] == seconds
            for one in workshop.table()["machines"].values()
        ),
        "the table says that it waits",
    )


@pytest.mark.parametrize(
    ("firmware", "mac"), [("bios", "52:54:00:76:70:01"), ("uefi", "52:54:00:76:70:02")]
)
def test_a_machine_waits_while_its_source_is_looked_at(
    workshop: Workshop, firmware: str, mac: str
) -> None:
    name = f"patient-{firmware}"
    workshop.assign(mac, name, host=workshop.hosts["native"])
    patiently(workshop, name, 600)
    with switched_on(workshop, mac, firmware) as machine:
        machine.says(LOOKING)
        row = workshop.ends(machine, "up", "short")
    assert row.state == "up"
    assert not [line for line in machine.lines if "ipxe.org/1d0c" in line]  # 503 as an error
    told = [step.detail.get("sentence") for step in workshop.steps_of(row.id)]
    assert LOOKING in told


def test_a_machine_waits_by_503_for_the_build_that_it_asked_for(patient: Patient) -> None:
    patient.waits(600)
    patient.commits(f"{patient.sleeps} || true")
    with patient.on() as machine:
        patient.is_being_built(machine)
        machine.says(" %). It starts")
        patient.wakes()
        row = patient.workshop.ends(machine, "up", "short")
    assert (row.state, row.generation) == ("up", 2)
    assert set(patient.put_off()) == {5}
    shown = "\n".join(machine.lines)
    assert re.search(r"phoenix is being built: \d+ of \d+ \(\d+ %\)\. It starts", shown)
    assert "ipxe.org/1d0c" not in shown  # 503 as an error


def fails(patient: Patient) -> None:
    """What it waits for ends badly."""
    patient.wakes()
    until(lambda: patient.build()["state"] == "failed", "the build fails", BUILD_SECONDS)


def is_cancelled(patient: Patient) -> None:
    patient.workshop.router.client.post(f"/builds/{patient.build()['id']}/cancel")
    until(lambda: patient.build()["state"] == "cancelled", "the build is cancelled")


@pytest.mark.parametrize(("ends", "firmware"), [(fails, "bios"), (is_cancelled, "uefi")])
def test_a_build_that_ends_badly_brings_the_last_good_image(
    patient: Patient, ends: Callable[[Patient], None], firmware: str
) -> None:
    good = patient.served()
    patient.waits(600)
    patient.commits(f"{patient.sleeps}; echo {ends.__name__}")
    with patient.on(firmware) as machine:
        patient.is_being_built(machine)
        ends(patient)
        assert patient.is_sent().generation == good


def test_a_machine_that_waited_as_long_as_it_may_boots_the_last_good_image(
    patient: Patient,
) -> None:
    good = patient.served()
    patient.waits(60)  # its own clock is slow: it asks again every five seconds of that
    patient.commits(f"{patient.sleeps}; echo capped")
    patient.workshop.router.client.post(f"/sources/{patient.host.partition('/')[0]}/refresh")
    until(lambda: patient.build()["state"] == "running", "it is being built", BUILD_SECONDS)
    with patient.on() as machine:
        machine.says("phoenix is being built")
        assert patient.is_sent().generation == good
        assert patient.put_off()
        assert patient.build()["state"] == "running"
        is_cancelled(patient)
