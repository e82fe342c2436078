"""The whole router in the VM, as an owner has it: tags, the internet, a host to boot, a real disk.

What it boots it has built itself, in a store that begins empty, from a flake that its owner adds.
The disk of /state is disk.py's, which forgets at a power cut what was not flushed; the store is
too large for that and lies in memory.
"""

import asyncio
import json
import os
import shutil
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.actions.changes import FIRST_RUN, propose_revision
from appliance.actions.open import open_desk
from appliance.cli.client import Failed
from appliance.model.images import Image, image_from_json
from appliance.roles import GROUP, ROLES
from services.lab.driver import probe_platform
from services.lab.machine import Machine, command, needs_variables
from tests.live.waiting import until
from tests.vm.disk import Disk
from tests.vm.lab import SAMPLE
from tests.vm.router_vm import ALL, LOOK_SECONDS, RouterVm, router_vm, switched_on_again

STATE_BYTES = 96 << 20
MEGABYTES = 2048  # what a router that builds needs
SECONDS = 300.0  # an emulated processor has a tenth of the speed
BUILD_SECONDS = 1_200.0
CABLE = 1  # between lan0 and pc0
DEVICES: Mapping[str, str] = {"pc": "pc0", "tag20": "pc0.20", "tag30": "pc0.30"}
"""Who lives behind it: the namespace of each, and its card."""
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
ROOM = """
for one in store run/nix run/fetch
do mkdir -p /state/$one; mount -t tmpfs -o size=3g,mode=755 builds /state/$one; done
mkdir /state/store/nix
mount -t cgroup2 groups /sys/fs/cgroup
echo '+cpu +memory +pids' > /sys/fs/cgroup/cgroup.subtree_control
"""
"""Where fetches and builds lie, and what counts their memory.  A store that is there is never left
for a /nix of this computer."""

FLAKE = "/srv/flake"
HOST = "crucible"
ONE_HOST = f"""
cp -r {SAMPLE} {FLAKE}
cd {FLAKE}
cat > flake.nix
git -c user.name=owner -c user.email=owner@lan.invalid commit --quiet --all --message 'One host'
"""
OUTPUTS = """{
  outputs = { self }: {
    nixosConfigurations.%s = import ./nixos/lib/eval-config.nix
      { lib = import ./lib; parts = ./parts; }
      { modules = [ ./hosts/%s.nix ]; };
  };
}
"""
"""The sample with one host of it: each look takes an emulated processor ten seconds."""

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
    """It is on, and its networks have somebody, by DHCP: `pc` on the LAN, `tag20` and `tag30`."""

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
def whole_router() -> Iterator[WholeRouter]:
    """For the length of a block; every role of it runs."""
    disk = Disk(bytearray(furnished()))
    with (
        served(disk) as file,
        router_vm("whole", outside=(CABLE,), state=file, more=("nix",), megabytes=MEGABYTES) as vm,
    ):
        found = WholeRouter(vm, disk)
        found.sh("mountpoint /state")
        found.sh(ROOM)
        found.sh(OUTSIDE, "isp")
        for tag in (20, 30):
            found.sh(f"ip netns add tag{tag}")
            found.sh(
                f"ip link add link pc0 name pc0.{tag} type vlan id {tag};"
                f"ip link set pc0.{tag} netns tag{tag}", "pc",
            )  # fmt: skip
            found.sh(f"ip link set pc0.{tag} up", f"tag{tag}")
        vm.starts(ALL)
        vm.run("sh", "-c", "cat > /run/leased; chmod +x /run/leased", given=LEASED)
        for space, card in DEVICES.items():
            ask = ("busybox", "udhcpc", "-i", card, "-n", "-q", "-t", "30", "-s", "/run/leased")
            until(lambda of=space, ask=ask: vm.does(*ask, within=of), f"{space} is given", SECONDS)
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
        vm.run("sh", "-ec", ROOM)
        vm.run("rm", "/state/run/supervisor.json")  # it says what ran when the power went
        vm.starts(roles)
        yield WholeRouter(vm, disk)


def furnished() -> bytes:
    """The disk before the first start: our configuration, and nothing else."""
    with tempfile.TemporaryDirectory(prefix="nx") as folder:
        state, image = Path(folder) / "state", Path(folder) / "image"
        _filled(state)
        with image.open("wb") as file:
            file.truncate(STATE_BYTES)
        words = ("/usr/sbin/mke2fs", "-q", "-t", "ext4", "-b", "4096", "-d", str(state), str(image))
        subprocess.run(words, check=True)
        return image.read_bytes()


def _filled(state: Path) -> None:
    state.mkdir(mode=0o755)
    desk = open_desk(state)
    try:
        propose_revision(desk, FIRST_RUN, CONFIG)
    finally:
        desk.close()
    for one in state.glob("access.db*"):  # nobody owns this router yet
        one.unlink()
    shutil.rmtree(state / "secrets", ignore_errors=True)
    with closing(sqlite3.connect(state / "nixie.db")) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    _given(state / "nixie.db", "web")


def _given(path: Path, role: str) -> None:
    os.chown(path, ROLES[role].uid, GROUP[1])


# ── what it boots ────────────────────────────────────────────────────────────────────────────────


def adds_a_flake(whole: WholeRouter) -> str:
    """As the owner does, by its address in a directory that is allowed; the id of its host.

    The router begins with it at once, and `built` waits for the end.
    """
    client = whole.client
    whole.vm.run("sh", "-ec", ONE_HOST, given=OUTPUTS % (HOST, HOST))
    _done(
        lambda: client.post("/directories", {"path": FLAKE}),
        lambda: FLAKE in str(client.get("/directories")),
        "the directory is allowed",
    )
    url = f"git+file://{FLAKE}"
    _done(
        lambda: client.post("/sources", {"url": url, "name": "own", "interval_seconds": 0}),
        lambda: bool(client.get("/sources")),
        "the source is there",
    )
    (source,) = client.get("/sources")
    return f"{source['id']}/{HOST}"


def built(whole: WholeRouter, host: str) -> Image:
    """The image that the router made of its host, once it is published."""

    def told(question: str) -> list[list[Any]]:
        return whole.vm.rows("/state/build.db", question)

    def ended() -> str:
        time.sleep(LOOK_SECONDS)
        for state, what in told("SELECT state, what FROM source_state"):
            assert state != "unreadable", what
        for kind, reason in told("SELECT kind, reason FROM verdict"):
            assert kind != "not-bootable", reason
        for state, what in told("SELECT state, what FROM build"):
            assert state in {"queued", "running", "built"}, what
        made = told(f"SELECT image FROM generation WHERE host = '{host}'")
        return str(made[0][0]) if made else ""

    ident = until(ended, f"{host} is built", BUILD_SECONDS)
    manifest = whole.vm.read(f"/state/published/images/{ident}.json")
    return image_from_json(json.loads(manifest))


def _done(act: Callable[[], Any], fact: Callable[[], bool], what: str) -> None:
    """Act; when the machine is too busy to answer in time, wait until it is done all the same."""
    try:
        act()
    except Failed as late:
        if "in time" not in str(late):
            raise
    until(fact, what, SECONDS)


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
