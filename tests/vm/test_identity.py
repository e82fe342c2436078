"""A diskless machine is the same one after every boot, and a stranger with its MAC is not."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.live.waiting import until
from tests.vm.lab import BOOT_SECONDS, Running, Workshop, switched_on
from tests.vm.secret_seed import holders, in_memory
from tests.vm.wire import heard

pytestmark = pytest.mark.vm

KEY = re.compile(r"has the SSH host key (SHA256:\S+), (which .*)")


def known(workshop: Workshop, name: str) -> dict[str, Any]:
    """What the API says of a machine's identity."""
    told: dict[str, Any] = workshop.router.client.get(f"/machines/{name}")["identity"]
    return told


def decide(workshop: Workshop, name: str, act: str, code: str = "") -> None:
    workshop.router.client.post(f"/machines/{name}/identity", {"act": act, "code": code})


def events(workshop: Workshop, kind: str, name: str) -> list[str]:
    told = workshop.router.client.get("/journal", kind=kind, limit=50)
    return [one["what"] for one in told["events"] if name in one["what"]]


def keeping(workshop: Workshop, mac: str, name: str, host: str = "native") -> None:
    """A machine that asks for its identity."""
    workshop.assign(mac, name, host=workshop.hosts[host])
    decide(workshop, name, "keep")
    until(
        lambda: any(
            one["name"] == name and one["keeps_identity"]
            for one in workshop.table()["machines"].values()
        ),
        "the table says that it keeps one",
    )


def comes_up(running: Running) -> tuple[str, str] | None:
    """(fingerprint, where it lies) as the machine itself said before it was activated."""
    running.says("nixie-phone-home: the router knows")
    said = [KEY.search(line) for line in running.lines]
    found = [(one[1], one[2]) for one in said if one]
    stages = [place for place, line in enumerate(running.lines) if "stage 2 started" in line]
    assert all(KEY.search(line) is None for line in running.lines[stages[0] :])
    return found[0] if found else None


def code_on_both(workshop: Workshop, running: Running, name: str) -> str:
    """The code, once the machine's own screen shows it and the admin says the same."""
    line = running.says("its code is")
    digits = line.rpartition("its code is ")[2].strip()
    until(lambda: digits in known(workshop, name)["codes"], "the admin shows it", BOOT_SECONDS)
    return digits


@contextmanager
def hides_its_key(
    workshop: Workshop, mac: str, router_has: Path | None = None
) -> Iterator[Callable[[tuple[str, str] | None], None]]:
    """For the time around a boot.  What it gives is asked once the machine is up: then the secret
    of its key has not crossed the LAN, and lies in no image, log or database of the router."""
    router = workshop.router
    with heard(router, router.home / "wire") as wire:

        def hidden(known: tuple[str, str] | None) -> None:
            assert known is not None
            secret = in_memory(mac, known[0])
            found = holders(secret, (wire, router.home / "lab.log", router.state))
            assert found == ([router_has] if router_has else [])

        yield hidden


@pytest.fixture
def state_disk(tmp_path: Path) -> Path:
    made = tmp_path / "disk"
    with made.open("wb") as file:
        file.truncate(16 << 20)
    program = shutil.which("mkfs.ext4", path="/usr/sbin:/sbin:/usr/bin:/bin")
    assert program is not None
    subprocess.run([program, "-q", "-L", "nixie-state", str(made)], check=True)
    return made


@contextmanager
def emulated(folder: Path) -> Iterator[Path]:
    """A TPM of one machine; what it knows lies in the folder."""
    program = shutil.which("swtpm")
    if program is None:
        pytest.skip("swtpm is not installed here")
    folder.mkdir(exist_ok=True)
    socket = folder / "socket"
    words = [program, "socket", "--tpm2", "--tpmstate", f"dir={folder}"]
    words += ["--ctrl", f"type=unixio,path={socket}", "--flags", "startup-clear"]
    process = subprocess.Popen(words)
    try:
        until(socket.exists, "the TPM listens")
        yield socket
    finally:
        process.terminate()
        process.wait(60)
        socket.unlink(missing_ok=True)


def test_a_machine_has_the_id_of_its_record(workshop: Workshop) -> None:
    mac = "52:54:00:1d:00:01"
    workshop.assign(mac, "id-1", host=workshop.hosts["unwatched"])
    told = workshop.router.client.get("/machines/id-1")["machine_id"]
    with switched_on(workshop, mac, "bios") as machine:
        machine.says(f"machine id {told}")


@pytest.mark.parametrize("host", ["native", "special"], ids=["systemd", "scripted"])
def test_a_key_on_its_own_disk_outlives_a_boot(
    workshop: Workshop, state_disk: Path, host: str
) -> None:
    mac, name = f"52:54:00:1d:01:0{len(host) - 5}", f"disk-{host}"
    workshop.assign(mac, name, host=workshop.hosts[host])
    with (
        hides_its_key(workshop, mac) as hidden,
        switched_on(workshop, mac, "bios", disk=state_disk) as machine,
    ):
        first = comes_up(machine)
        assert first is not None
        assert first[1] == "which lies on its own disk"
        hidden(first)
    with switched_on(workshop, mac, "bios", disk=state_disk) as machine:
        assert comes_up(machine) == first
    told = known(workshop, name)
    assert (told["way"], told["fingerprint"], told["differs"]) == ("disk", first[0], "")
    with switched_on(workshop, mac, "bios", name="clone") as clone:
        assert comes_up(clone) is None
    assert known(workshop, name)["differs"] == "-"
    (warned,) = events(workshop, "IdentityDiffers", name)
    assert "no SSH host key of its own" in warned


def test_without_disk_and_tpm_the_owner_is_asked_at_each_boot(workshop: Workshop) -> None:
    mac, name = "52:54:00:1d:02:01", "ram"
    keeping(workshop, mac, name)
    ident = workshop.router.client.get(f"/machines/{name}")["id"]
    kept = workshop.router.state / "secrets/boot/identities" / ident
    keys = set()
    for _boot in range(2):
        with (
            hides_its_key(workshop, mac, kept) as hidden,
            switched_on(workshop, mac, "bios") as machine,
        ):
            decide(workshop, name, "approve", code_on_both(workshop, machine, name))
            known_by = comes_up(machine)
            hidden(known_by)
        keys.add(known_by)
    ((fingerprint, where),) = keys
    assert where == "which the router keeps"
    told = known(workshop, name)
    assert (told["way"], told["fingerprint"], told["codes"]) == ("router", fingerprint, [])
    with switched_on(workshop, mac, "bios", name="clone") as clone:
        decide(workshop, name, "refuse", code_on_both(workshop, clone, name))
        clone.says("the owner refused")
        assert comes_up(clone) is None


def test_what_a_tpm_sealed_opens_in_that_machine_alone(workshop: Workshop, tmp_path: Path) -> None:
    mac, name = "52:54:00:1d:03:01", "tpm"
    keeping(workshop, mac, name)
    with (
        hides_its_key(workshop, mac) as hidden,
        emulated(tmp_path / "own") as tpm,
        switched_on(workshop, mac, "bios", tpm=tpm) as machine,
    ):
        decide(workshop, name, "approve", code_on_both(workshop, machine, name))
        first = comes_up(machine)
        assert first is not None
        assert first[1] == "which its TPM keeps"
        hidden(first)
    secrets = workshop.router.state / "secrets/boot/identities"
    ident = workshop.router.client.get(f"/machines/{name}")["id"]
    assert not (secrets / ident).exists()
    with emulated(tmp_path / "own") as tpm, switched_on(workshop, mac, "bios", tpm=tpm) as machine:
        assert comes_up(machine) == first
        assert not [line for line in machine.lines if "its code is" in line]
    with (
        emulated(tmp_path / "other") as tpm,
        switched_on(workshop, mac, "bios", name="clone", tpm=tpm) as clone,
    ):
        clone.says("that does not open its key")
        decide(workshop, name, "refuse", code_on_both(workshop, clone, name))
        assert comes_up(clone) is None
    assert known(workshop, name)["fingerprint"] == first[0]
    assert "It is known by its TPM" in events(workshop, "IdentityAsked", name)[0]
