"""The whole router in the VM, as an owner has it: tags, the internet, hosts to boot, a real disk.

Its hosts were built by a router of the session on this computer (`workshop`), whose files about
them lie in /state when it is switched on; the images themselves it reads over 9p, where they are.
The disk of /state is disk.py's, which forgets at a power cut what was not flushed.
"""

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.actions.changes import FIRST_RUN, propose_revision
from appliance.actions.open import open_desk
from appliance.roles import GROUP, ROLES
from services.lab.driver import probe_platform
from services.lab.machine import Machine, command, needs_variables
from tests.vm.disk import Disk
from tests.vm.lab import Workshop
from tests.vm.router_vm import ALL, RouterVm, router_vm, switched_on_again

STATE_BYTES = 96 << 20
SECONDS = 300.0  # an emulated processor has a tenth of the speed
CABLE = 1  # between lan0 and pc0
GATEWAY, FAR = "192.0.2.1", "198.51.100.9"


def network(name: str, subnet: str, **more: Any) -> dict[str, Any]:
    """A network with leases."""
    pool = {"first": f"{subnet}.100", "last": f"{subnet}.199"}
    return {"name": name, "bridge": f"br-{name}", "ports": [], "address": f"{subnet}.1/24",
            "dhcp": {"pool": pool}, **more}  # fmt: skip


def tagged(name: str, subnet: str, vlan: int) -> dict[str, Any]:
    """A network for which there is a tag on the cable of the LAN."""
    tags = [{"port": "lan0", "vlan": vlan}]
    return network(name, subnet, tagged=tags, zone=name, netboot=False)


CONFIG: dict[str, Any] = {
    "schema": 2,
    "networks": [
        network("lan", "10.77.0", ports=["lan0", "lan1"]),
        tagged("guest", "10.78.0", 20),
        tagged("lab", "10.79.0", 30),
    ],
    "wan": {"port": "wan0", "static": {"address": "192.0.2.2/24", "gateway": GATEWAY}},
    "zones": [
        {"name": "lan", "reaches": ["lan", "internet"], "manages": True},
        {"name": "guest", "reaches": ["internet"]},
        {"name": "lab", "reaches": ["internet"]},
    ],
}
OUTSIDE = f"ip addr add {GATEWAY}/24 dev isp0; ip addr add {FAR}/32 dev lo"
LEASED = """#!/bin/sh
[ "$1" = bound ] || exit 0
ip addr flush dev $interface
ip addr add $ip/$mask dev $interface
ip route replace default via $router
echo $ip $router $dns > /run/leased-$interface
"""
"""What udhcpc does with a lease."""


@dataclass
class WholeRouter:
    """It is on, and its networks have somebody: `pc` on the LAN, `tag20` and `tag30` behind it."""

    vm: RouterVm
    disk: Disk

    @property
    def client(self) -> Any:
        return self.vm.client

    def shows(self, *words: str) -> str:
        return self.vm.run(*words, ok=False)

    def trial(self, change: str) -> str:
        question = "SELECT json_extract(body, '$.nonce'), state FROM trial"
        found = dict(self.vm.rows("/state/net.db", question))
        return str(found.get(change, ""))

    def is_whole(self) -> bool:
        """Does the router answer on each of its networks, and let out?"""
        return (
            self.reaches("10.77.0.1", "pc")
            and self.reaches("10.79.0.1", "tag30")
            and self.reaches(FAR, "tag20")
        )

    def answers(self) -> bool:
        return self.vm.stands("net", "web")

    def sh(self, words: str, within: str = "") -> str:
        return self.vm.run("sh", "-ec", words, within=within, seconds=SECONDS)

    def reaches(self, address: str, within: str) -> bool:
        return self.vm.does("ping", "-c1", "-W2", address, within=within)

    def program(self, name: str) -> str:
        """One of the programs that set-up made."""
        return str(self.vm.home.home / "venv/bin" / name)

    def pid(self, role: str) -> str:
        told = json.loads(self.vm.read("/state/run/supervisor.json"))["roles"]
        return str(told[role]["pid"])

    def has(self, address: str) -> bool:
        """Is an address the kernel's, by its own table?  Quicker than a command."""
        below = self.vm.read("/proc/net/fib_trie").partition(f"|-- {address}\n")[2]
        return below.lstrip().startswith("/32 host LOCAL")


@contextmanager
def whole_router(workshop: Workshop) -> Iterator[WholeRouter]:
    """For the length of a block; every role of it runs."""
    disk = Disk(bytearray(furnished(workshop)))
    with (
        served(disk) as file,
        router_vm("whole", outside=(CABLE,), state=file) as vm,
    ):
        found = WholeRouter(vm, disk)
        found.sh("mountpoint /state")
        found.sh(OUTSIDE, "isp")
        for tag in (20, 30):
            found.sh(f"ip netns add tag{tag}")
            found.sh(
                f"ip link add link pc0 name pc0.{tag} type vlan id {tag};"
                f"ip link set pc0.{tag} netns tag{tag}", "pc",
            )  # fmt: skip
            found.sh(f"ip link set pc0.{tag} up", f"tag{tag}")
        vm.starts(ALL)
        yield found


@contextmanager
def served(disk: Disk) -> Iterator[str]:
    """What QEMU opens to have this disk."""
    with tempfile.TemporaryDirectory(prefix="nx") as folder:
        path = Path(folder) / "disk"
        with disk.serve(path):
            yield f"nbd:unix:{path}"


@contextmanager
def again(whole: WholeRouter, disk: Disk, *roles: str) -> Iterator[WholeRouter]:
    """The machine, which is off, with what a power cut has left; these roles of it run."""
    with served(disk) as file, switched_on_again(whole.vm, file) as vm:
        vm.run("rm", "/state/run/supervisor.json")  # it says what ran when the power went
        vm.starts(roles)
        yield WholeRouter(vm, disk)


def furnished(workshop: Workshop) -> bytes:
    """The disk before the first start: what the workshop has built, and our configuration."""
    with tempfile.TemporaryDirectory(prefix="nx") as folder:
        state, image = Path(folder) / "state", Path(folder) / "image"
        _filled(state, workshop.router.state)
        with image.open("wb") as file:
            file.truncate(STATE_BYTES)
        words = ("/usr/sbin/mke2fs", "-q", "-t", "ext4", "-b", "4096", "-d", str(state), str(image))
        subprocess.run(words, check=True)
        return image.read_bytes()


def _filled(state: Path, built: Path) -> None:
    state.mkdir(mode=0o755)
    for name in ("nixie.db", "build.db"):
        with (
            closing(sqlite3.connect(built / name)) as one,
            closing(sqlite3.connect(state / name)) as other,
        ):
            one.backup(other)
    shutil.copytree(built / "published", state / "published")
    with closing(sqlite3.connect(state / "nixie.db")) as one, one:
        one.execute("DELETE FROM wish")  # they were for the roles of the workshop
    desk = open_desk(state)
    try:
        propose_revision(desk, FIRST_RUN, CONFIG)
    finally:
        desk.close()
    for one in state.glob("access.db*"):  # nobody owns this router yet
        one.unlink()
    shutil.rmtree(state / "secrets", ignore_errors=True)
    with closing(sqlite3.connect(state / "nixie.db")) as one:
        one.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _given(state / "nixie.db", "web")
    for path in (state / "build.db", state / "published", *(state / "published").rglob("*")):
        _given(path, "build")


def _given(path: Path, role: str) -> None:
    os.chown(path, ROLES[role].uid, GROUP[1])


# ── a machine behind it ──────────────────────────────────────────────────────────────────────────


@contextmanager
def machine_behind(whole: WholeRouter, machine: Machine) -> Iterator[None]:
    """A machine with real firmware on the LAN, for the length of a block."""
    path = whole.vm.folder / f"cable-{CABLE}"
    platform = asyncio.run(probe_platform())
    variables = None
    if needs_variables(machine.firmware):
        assert platform.variables, "there is no UEFI firmware: set-up installs ovmf"
        variables = Path(shutil.copy(platform.variables, whole.vm.folder / f"{machine.name}.fd"))
    words = list(command(machine, "lan", platform, variables))
    words[words.index("-netdev") + 1] = f"stream,id=lan,server=off,addr.type=unix,addr.path={path}"
    with tempfile.TemporaryFile() as console:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=console, stderr=console)
        try:
            yield
        except BaseException:
            console.seek(0)
            print(console.read()[-4000:].decode(errors="replace"))
            raise
        finally:
            process.kill()
            process.wait()
