"""Machines with real firmware boot files that their owner sent: a kernel of Debian's, a ramdisk."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from appliance.cli.client import Client
from tests.live.standing import INSTALLED, standing
from tests.live.waiting import until
from tests.vm.lab import BUILD_SECONDS, Workshop, built, looked_at, switched_on

pytestmark = pytest.mark.vm
MACS = {
    "bios": "52:54:00:76:6e:01",
    "uefi": "52:54:00:76:6e:02",
    "uefi-arm64": "52:54:00:76:6e:03",
    "u-boot-arm64": "52:54:00:76:6e:04",
}
HERE = (INSTALLED / "kernel/boot", Path("/bin/busybox"), "x86_64-linux", "ttyS0 no_timer_check")
ARM = (INSTALLED / "arm64/boot", INSTALLED / "arm64/bin/busybox", "aarch64-linux", "ttyAMA0")
"""Where a kernel and a static busybox are, what they run on, its console (and more parameters)."""
INIT = """#!/bin/busybox sh
/bin/busybox mkdir /proc
/bin/busybox mount -t proc proc /proc
echo "WORDS, told $(/bin/busybox cat /proc/cmdline)"
/bin/busybox poweroff -f
"""


@pytest.fixture(scope="module")
def workshop() -> Iterator[Workshop]:
    with standing("files") as router:
        yield Workshop(router, {})


def ramdisk(folder: Path, busybox: Path, words: str) -> Path:
    """A ramdisk whose only program says `words` and the kernel's command line."""
    root = folder / "root"
    (root / "bin").mkdir(parents=True, exist_ok=True)
    (root / "bin/busybox").write_bytes(busybox.read_bytes())
    (root / "init").write_text(INIT.replace("WORDS", words))
    for one in (root / "init", root / "bin/busybox"):
        one.chmod(0o755)
    made = folder / "initrd"
    with made.open("wb") as out:
        names = b"bin\nbin/busybox\ninit\n"
        cpio = ["cpio", "--quiet", "-o", "-H", "newc"]
        subprocess.run(cpio, cwd=root, input=names, stdout=out, check=True)
    return made


def put(client: Client, name: str, folder: Path, words: str) -> str:
    """Send a kernel and a ramdisk that says `words` for the host `name`; returns its id."""
    boot, busybox, system, console = ARM if "arm" in name else HERE
    (kernel,) = boot.glob("vmlinuz-*")
    initrd = ramdisk(folder, busybox, words)
    files = [
        {"purpose": purpose, "name": path.name, "sha256": client.upload("/files", path)["sha256"]}
        for purpose, path in (("kernel", kernel), ("initrd", initrd))
    ]
    asked = {
        "files": files,
        "system": system,
        "command_line": f"console={console} panic=1 of.files=yes",
    }
    return f"{client.put(f'/files/{name}', asked)['subject']}/{name}"


@pytest.mark.parametrize("firmware", MACS)
def test_a_machine_boots_what_its_owner_sent_and_after_a_roll_back_what_was_sent_before(
    workshop: Workshop, tmp_path: Path, firmware: str
) -> None:
    router, mac = workshop.router, MACS[firmware]
    host = put(router.client, f"rescue-{firmware}", tmp_path, "the first")
    until(looked_at(router, host), f"{host} was looked at")
    until(built(router, host), f"{host} is there", BUILD_SECONDS)
    first = router.client.get(f"/hosts/{host}")["image"]
    workshop.assign(mac, f"files-{firmware}", host=host)
    with switched_on(workshop, mac, firmware) as machine:
        line = machine.says("the first, told")
        row = workshop.ends(machine, "served")
    named = "" if firmware == "u-boot-arm64" else "initrd=initrd "  # U-Boot hands the ramdisk over
    assert f"of.files=yes {named}BOOTIF=01-" in line
    assert (row.state, row.image) == ("served", first)
    parts = {one.name: (one.bytes, one.status) for one in workshop.steps_of(row.id)
             if one.kind == "part"}  # fmt: skip
    image = router.client.get(f"/images/{first}")
    assert parts == {one["name"]: (one["size"], "ok") for one in image["parts"]}

    put(router.client, f"rescue-{firmware}", tmp_path, "the second")
    until(
        lambda: router.client.get(f"/hosts/{host}")["generation"] == 2,
        "generation 2",
        BUILD_SECONDS,
    )
    router.client.post(f"/hosts/{host}/roll-back")
    until(lambda: _served(router.client, host) == 1, "generation 1 is served")
    with switched_on(workshop, mac, firmware) as machine:
        machine.says("the first, told")


def _served(client: Client, host: str) -> int:
    rows = client.get("/images", host=host)
    return next((int(one["number"]) for one in rows if one["served"]), 0)
