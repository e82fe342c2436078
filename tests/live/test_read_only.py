"""The disk with the state turns read-only, as the kernel makes it when it finds it damaged."""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.live.bad_place import Bad, prepared
from tests.live.lan_client import LanClient
from tests.live.namespaces import run
from tests.live.waiting import until

DISK_BYTES = 200 << 20
ERRORS = Path("/sys/fs/ext4")


def able() -> bool:
    """Can this computer mount a file, and have ext4 find an error in it?"""
    known = Path("/proc/filesystems").read_text().split()
    return os.geteuid() == 0 and "ext4" in known and Path("/dev/loop-control").exists()


pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(not able(), reason="needs root, ext4, loop devices"),
]


@dataclass(frozen=True)
class Hard:
    """A router whose disk can only be read, and a client that had a lease before."""

    here: Bad
    client: LanClient
    leased: str


def harden(disk: Path) -> None:
    """Let ext4 find an error there."""
    device = Path(run("findmnt", "-n", "-o", "SOURCE", str(disk)).strip()).name
    (ERRORS / device / "trigger_fs_error").write_text("1")


@pytest.fixture(scope="module")
def hard() -> Iterator[Hard]:
    with prepared("hard") as router:
        image = router.home / "disk.img"
        with image.open("wb") as file:
            file.truncate(DISK_BYTES)
        run("mkfs.ext4", "-q", "-F", str(image))
        run("mount", "-o", "loop,errors=remount-ro", str(image), str(router.state))
        try:
            (router.state / "store/nix").mkdir(parents=True)
            router.start()
            client = LanClient(router)
            client.plug_in()
            until(client.is_served, "everything is served", 60)
            leased = client.leased()
            harden(router.state)
            yield Hard(Bad(router, router.home / "flakes"), client, leased)
        finally:
            router.stop()
            subprocess.run(["umount", "-l", str(router.state)], check=True)


def test_it_is_said(hard: Hard) -> None:
    said = f"The disk with {hard.here.router.state} can only be read"
    until(lambda: any(one.startswith(said) for one in hard.here.troubles()), "the trouble is told")


def test_who_has_an_address_keeps_it(hard: Hard) -> None:
    until(lambda: hard.client.leased() == hard.leased, "the lease is renewed")


def test_somebody_new_gets_an_address(hard: Hard) -> None:
    until(lambda: hard.client.leased(number=8).startswith("10.77.0."), "there is a lease")


def test_names_are_answered(hard: Hard) -> None:
    assert hard.client.resolved() == "10.77.0.1"


def test_machines_get_their_script(hard: Hard) -> None:
    until(lambda: hard.client.script().startswith("#!ipxe"), "there is a script")


def runs(log: str, role: str) -> list[int]:
    """The pids that a role had, one after the other; the list on the disk is an old one."""
    return [int(pid) for pid in re.findall(rf"nixie: {role} runs \(pid (\d+)\)", log)]


@pytest.mark.parametrize("role", ["net", "dhcp", "dns", "boot", "wan", "notice", "build"])
def test_a_role_that_is_killed_comes_back(hard: Hard, role: str) -> None:
    log = hard.here.router.home / "lab.log"

    def killed() -> int:
        """How often it had been started; 0 while it is just coming back by itself."""
        before = runs(log.read_text(), role)
        with suppress(ProcessLookupError):
            os.kill(before[-1], signal.SIGKILL)
            return len(before)
        return 0

    before = until(killed, f"{role} is there")
    until(lambda: len(runs(log.read_text(), role)) > before, f"{role} runs again", 40)
    until(hard.client.is_served, "everything is served", 30)
