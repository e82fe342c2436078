"""DOOR: measures TCP from a LAN to the internet, through our router and through a bare kernel.

Two sets of three namespaces stand side by side: LAN, router, internet.  In one the `net` role holds
the home, in the other nobody runs: its rules are those that nft lists in the first.  Packets are
of the usual size (no segmentation offload), so each passes the filter by itself.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from appliance.errors import Unreachable
from services.bench.cable.driver import peer
from services.bench.change.homes import PORT
from services.bench.track import compared, turns

ROUNDS = 12
SECONDS = 1.5
PATIENCE_SECONDS = 60.0
ROOT = str(Path(__file__).parents[3])
SERVER = "192.0.2.1"
WIRES = (
    "link add dev0 netns {lan} type veth peer name {port} netns {router}",
    "link add out0 netns {out} type veth peer name up0 netns {router}",
    "-n {lan} link set dev0 up gso_max_segs 1",
    "-n {out} link set out0 up gso_max_segs 1",
    "-n {router} link set {port} up",
    "-n {router} link set up0 up",
    "-n {router} link set lo up",
    "-n {lan} address add 10.77.0.50/24 dev dev0",
    "-n {out} address add 192.0.2.1/24 dev out0",
    "-n {lan} route add default via 10.77.0.1",
)
BARE = (
    "-n {router} link add br-lan type bridge",
    "-n {router} link set {port} master br-lan",
    "-n {router} link set br-lan up",
    "-n {router} address add 10.77.0.1/24 dev br-lan",
    "-n {router} address add 192.0.2.2/24 dev up0",
    "-n {router} route add default via 192.0.2.1",
)


@dataclass(frozen=True, slots=True)
class Place:
    """Three namespaces in a row."""

    lan: str
    router: str
    out: str

    def wire(self, lines: tuple[str, ...]) -> None:
        """Run lines of ip.  Raises Unreachable in ip's own words."""
        for line in lines:
            words = line.format(lan=self.lan, router=self.router, out=self.out, port=PORT)
            _run("ip", *words.split())

    def inside(self, *words: str, processor: int = 0) -> list[str]:
        """`words`, run in the router."""
        return at(self.router, processor, *words)

    def sent(self) -> tuple[float, float]:
        """Gbit that arrived, and the seconds that took."""
        words = (sys.executable, "-m", "services.bench.forward.client", "send", SERVER)
        told = json.loads(_run(*at(self.lan, 0, *words, str(SECONDS))))
        return told["bytes"] * 8 / 1e9, told["seconds"]


def run(rounds: int = ROUNDS) -> dict[str, Any]:
    """`rounds` turns of a second and a half each.  Raises Unreachable."""
    told = {"name": "the bare kernel, same rules", "version": os.uname().release}
    peer("nft")
    with ExitStack() as stack:
        places = {who: stack.enter_context(place(who)) for who in ("ours", "peer")}
        stack.enter_context(held(places["ours"]))
        rules = _run(*places["ours"].inside("nft", "-s", "list", "table", "inet", "nixie"))
        bare(places["peer"], rules)
        for one in places.values():
            stack.enter_context(taking(one))
            one.sent()  # neighbours are known from now on
        samples = turns(rounds, lambda who: places[who].sent())
    return compared("forward", "Gbit/s", samples["ours"], told, samples["peer"])


@contextmanager
def place(who: str) -> Iterator[Place]:
    """Three namespaces for the length of a block.  Raises Unreachable."""
    made = Place(*(f"nxbw{who[0]}{end}{os.getpid()}" for end in ("l", "r", "o")))
    spaces = (made.lan, made.router, made.out)
    try:
        for space in spaces:
            _run("ip", "netns", "add", space)
        made.wire(WIRES)
        yield made
    finally:
        for space in spaces:
            subprocess.run(["ip", "netns", "del", space], check=False, capture_output=True)


@contextmanager
def held(ours: Place) -> Iterator[None]:
    """The `net` role holds the home; it has met the device that sends."""
    with tempfile.TemporaryDirectory(prefix="nixie-bench-") as state:
        words = (sys.executable, "-m", "services.bench.forward.serve", state)
        with _running(ours.inside(*words, processor=1)):
            _until(lambda: _reaches(ours), "the home stands")
            _until(lambda: _is_counted(ours), "the device is counted")
            yield


def bare(theirs: Place, rules: str) -> None:
    """The same addresses and rules, and nobody who holds them."""
    theirs.wire(BARE)
    _run(*theirs.inside("sysctl", "-q", "-w", "net.ipv4.ip_forward=1"))
    _run(*theirs.inside("nft", "-f", "-"), given=rules)
    _until(lambda: _reaches(theirs), "the bare kernel forwards")


@contextmanager
def taking(one: Place) -> Iterator[None]:
    """Somebody on the internet takes what is sent."""
    words = (sys.executable, "-m", "services.bench.forward.client", "take")
    with _running(at(one.out, 1, *words)):
        _until(lambda: ":5201 " in _run(*at(one.out, 1, "ss", "-Hltn")), "the other end listens")
        yield


def at(space: str, processor: int, *words: str) -> list[str]:
    """`words`, run in a namespace on one processor."""
    where = ["ip", "netns", "exec", space, "taskset", "-c", str(processor)]
    return [*where, "env", f"PYTHONPATH={ROOT}", *words]


def _reaches(one: Place) -> bool:
    return "1 received" in _run(*at(one.lan, 0, "ping", "-c1", "-W1", SERVER), strict=False)


def _is_counted(ours: Place) -> bool:
    (link,) = json.loads(_run("ip", "-j", "-n", ours.lan, "link", "show", "dev0"))
    table = _run(*ours.inside("nft", "list", "table", "bridge", "nixie_devices"), strict=False)
    return link["address"] in table


def _run(*words: str, given: str = "", strict: bool = True) -> str:
    done = subprocess.run(words, input=given, capture_output=True, text=True)
    if strict and done.returncode:
        last = " ".join(done.stderr.strip().splitlines()[-1:])
        raise Unreachable(f"This bench needs root. {' '.join(words[:6])}: {last}")
    return done.stdout


@contextmanager
def _running(words: list[str]) -> Iterator[None]:
    child = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        child.kill()
        child.wait()


def _until(fact: Callable[[], bool], what: str) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not fact():
        if time.monotonic() > end:
            raise Unreachable(f"It is not so after {PATIENCE_SECONDS:g} s that {what}.")
        time.sleep(0.1)
