"""DOOR: measures our TFTP and dnsmasq's, turn by turn, in namespaces of its own.

Server on processor 0, client on processor 1, a veth pair between them, one file of 10 MB.  Needs
root, `ip`, `taskset` and dnsmasq.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from appliance.errors import Unreachable
from services.bench.track import compared

FILE_BYTES = 10 << 20
BLOCK = 1468
OUR_PORT, PEER_PORT = 6969, 69  # dnsmasq has no choice
SERVER, CLIENT = "10.98.0.1", "10.98.0.2"
WORKS = {
    "tftp-window-32": (32, 1),
    "tftp-lock-step": (1, 1),
    "tftp-50-clients": (8, 50),
}
"""Name to (windowsize, clients); the peer is asked for the same and takes what it knows."""


def run(rounds: int = 7, works: tuple[str, ...] = tuple(WORKS)) -> list[dict[str, Any]]:
    """Each work `rounds` times for each server, alternating.  Raises Unreachable."""
    dnsmasq = _tool("dnsmasq")
    peer = {"name": "dnsmasq", "version": _version([dnsmasq, "--version"])}
    with tempfile.TemporaryDirectory(prefix="nixie-bench-") as folder:
        (Path(folder) / "file").write_bytes(os.urandom(FILE_BYTES))
        os.chmod(folder, 0o755)
        with _network() as (router, client), _servers(router, folder, dnsmasq):
            return [_work(name, client, rounds, peer) for name in works]


def _work(name: str, client: str, rounds: int, peer: dict[str, str]) -> dict[str, Any]:
    window, clients = WORKS[name]
    ours: list[tuple[float, float]] = []
    theirs: list[tuple[float, float]] = []
    failed = {"ours": 0, "peer": 0}
    for _ in range(rounds):
        for port, samples, who in ((OUR_PORT, ours, "ours"), (PEER_PORT, theirs, "peer")):
            told = _measured(client, port, window, clients)
            samples.append((told["bytes"] / 1e6, told["seconds"]))
            failed[who] += int(told["failed"])
    return compared(name, "MB/s", ours, peer, theirs, failed=failed)


def _measured(client: str, port: int, window: int, clients: int) -> dict[str, float]:
    words = [SERVER, str(port), "file", str(BLOCK), str(window), str(clients)]
    done = subprocess.run(
        [*_inside(client, 1), sys.executable, "-m", "services.bench.tftp.client", *words],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:]
        raise Unreachable(f"the TFTP client stopped: {' '.join(last)}")
    told: dict[str, float] = json.loads(done.stdout)
    return told


@contextmanager
def _servers(router: str, folder: str, dnsmasq: str) -> Iterator[None]:
    ours = [*_inside(router, 0), sys.executable, "-m", "services.bench.tftp.serve"]
    theirs = [
        *_inside(router, 0), dnsmasq, "--keep-in-foreground", "--conf-file=/dev/null", "--port=0",
        "--enable-tftp", f"--tftp-root={folder}", "--tftp-max=200", "--bind-interfaces",
        "--interface=nxb0", "--pid-file=", "--user=root", "--log-facility=/dev/null",
    ]  # fmt: skip
    running = [subprocess.Popen(theirs, text=True)]
    try:
        mine = subprocess.Popen(
            [*ours, "nxb0", str(OUR_PORT), folder], stdout=subprocess.PIPE, text=True
        )
        running.append(mine)
        assert mine.stdout is not None
        mine.stdout.readline()
        _until(lambda: _listening(router, PEER_PORT))
        yield
    finally:
        for one in running:
            one.terminate()
            one.wait(10)


@contextmanager
def _network() -> Iterator[tuple[str, str]]:
    router, client = f"nxbr{os.getpid()}", f"nxbc{os.getpid()}"
    words = (
        f"netns add {router}",
        f"netns add {client}",
        f"link add nxb0 netns {router} type veth peer name nxb1 netns {client}",
        f"-n {router} addr add {SERVER}/24 dev nxb0",
        f"-n {client} addr add {CLIENT}/24 dev nxb1",
        f"-n {router} link set nxb0 up",
        f"-n {client} link set nxb1 up",
    )
    try:
        for line in words:
            subprocess.run(["ip", *line.split()], check=True)
        yield router, client
    finally:
        for namespace in (router, client):
            subprocess.run(["ip", "netns", "del", namespace], check=False)


def _inside(namespace: str, processor: int) -> list[str]:
    return ["ip", "netns", "exec", namespace, "taskset", "-c", str(processor)]


def _listening(namespace: str, port: int) -> bool:
    words = ["ip", "netns", "exec", namespace, "cat", "/proc/net/udp"]
    table = subprocess.run(words, capture_output=True, text=True, check=False).stdout
    return f":{port:04X} " in table


def _until(fact: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > deadline:
            raise Unreachable("the peer did not start to listen")
        time.sleep(0.05)


def _tool(name: str) -> str:
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if found is None:
        raise Unreachable(f"{name} is not installed; it is what we measure ourselves against")
    return found


def _version(words: list[str]) -> str:
    told = subprocess.run(words, capture_output=True, text=True, check=False)
    found = re.search(r"\d+(\.\d+)+", told.stdout + told.stderr)
    return found[0] if found else "unknown"
