"""DOOR: measures our TFTP and dnsmasq's, turn by turn: one file of 10 MB.  Needs root, dnsmasq."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from appliance.errors import Unreachable
from services.bench.cable.driver import Cable, cable, peer, version
from services.bench.track import compared, turns

FILE_BYTES = 10 << 20
BLOCK = 1468
OUR_PORT, PEER_PORT = 6969, 69  # dnsmasq has no choice
LINK, SERVER, CLIENT = "nxbt", "10.98.0.1", "10.98.0.2"
WORKS = {
    "tftp-window-32": (32, 1),
    "tftp-lock-step": (1, 1),
    "tftp-50-clients": (8, 50),
}
"""Name to (windowsize, clients); the peer is asked for the same and takes what it knows."""


def run(rounds: int = 7, works: tuple[str, ...] = tuple(WORKS)) -> list[dict[str, Any]]:
    """Each work `rounds` times for each server, alternating.  Raises Unreachable."""
    dnsmasq = peer("dnsmasq")
    told = {"name": "dnsmasq", "version": version(dnsmasq, "--version")}
    with tempfile.TemporaryDirectory(prefix="nixie-bench-") as folder:
        (Path(folder) / "file").write_bytes(os.urandom(FILE_BYTES))
        os.chmod(folder, 0o755)
        with cable(LINK, f"{SERVER}/24", f"{CLIENT}/24") as lies, _servers(lies, folder, dnsmasq):
            return [_work(name, lies, rounds, told) for name in works]


def _work(name: str, lies: Cable, rounds: int, peer: dict[str, str]) -> dict[str, Any]:
    window, clients = WORKS[name]

    def taken(who: str) -> dict[str, float]:
        port = OUR_PORT if who == "ours" else PEER_PORT
        words = map(str, (SERVER, port, "file", BLOCK, window, clients))
        return lies.measured("services.bench.tftp.client", *words)

    samples = turns(rounds, taken)
    ours, theirs = (
        [(one["bytes"] / 1e6, one["seconds"]) for one in samples[who]] for who in ("ours", "peer")
    )
    failed = {who: int(sum(one["failed"] for one in each)) for who, each in samples.items()}
    return compared(name, "MB/s", ours, peer, theirs, failed=failed)


@contextmanager
def _servers(lies: Cable, folder: str, dnsmasq: str) -> Iterator[None]:
    theirs = lies.at_server(
        dnsmasq, "--keep-in-foreground", "--conf-file=/dev/null", "--port=0",
        "--enable-tftp", f"--tftp-root={folder}", "--tftp-max=200", "--bind-interfaces",
        f"--interface={lies.link}", "--pid-file=", "--user=root", "--log-facility=/dev/null",
    )  # fmt: skip
    ours = (sys.executable, "-m", "services.bench.tftp.serve", lies.link, str(OUR_PORT), folder)
    running = [subprocess.Popen(theirs, text=True)]
    try:
        mine = subprocess.Popen(lies.at_server(*ours), stdout=subprocess.PIPE, text=True)
        running.append(mine)
        assert mine.stdout is not None
        mine.stdout.readline()
        _until(lambda: _listening(lies.server, PEER_PORT))
        yield
    finally:
        for one in running:
            one.terminate()
            one.wait(10)


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
