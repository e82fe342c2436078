"""DOOR: measures our DHCP and Kea's, turn by turn, in namespaces of its own.

Server on processor 0, perfdhcp on processor 1, a veth pair between them.  Needs root, `ip`,
`taskset`, and an unpacked Kea (the distribution's packages) below the folder of peers.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from appliance.errors import Unreachable
from services.bench.dhcp.figures import Load, kea_configuration, load

SERVER, CLIENT, LINK = "10.99.0.1", "10.98.0.2", "nxbd0"
LOSS_ALLOWED = 0.01
LADDER = tuple(range(2000, 30_001, 1000))
"""Exchanges a second that are tried, upwards."""


class Place:
    """Two namespaces on one cable, and where Kea is."""

    def __init__(self, kea: Path, folder: Path) -> None:
        self.kea = kea
        self.folder = folder
        self.tag = f"nxbd{os.getpid()}"
        libraries = next(kea.glob("usr/lib/*-linux-gnu"), kea)
        self.environment = {**os.environ, "LD_LIBRARY_PATH": str(libraries)}

    @contextmanager
    def serving(self, who: str) -> Iterator[int]:
        """A fresh server; its process id."""
        state = Path(tempfile.mkdtemp(dir=self.folder))
        argv, more = self._ours(state) if who == "ours" else self._kea(state)
        within = ["ip", "netns", "exec", f"{self.tag}-s", "taskset", "-c", "0", *argv]
        child = subprocess.Popen(
            within, env={**self.environment, **more}, stdout=subprocess.DEVNULL
        )
        try:
            self._wait(child)
            yield child.pid
        finally:
            child.kill()
            child.wait()
            shutil.rmtree(state)

    def ask(self, rate: int, clients: int, seconds: int) -> Load:
        """One run of perfdhcp."""
        perfdhcp = self.kea / "usr" / "sbin" / "perfdhcp"
        options = f"-4 -l {CLIENT} -r {rate} -R {clients} -p {seconds} {SERVER}".split()
        done = subprocess.run(
            ["ip", "netns", "exec", f"{self.tag}-c", "taskset", "-c", "1", perfdhcp, *options],
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds + 60,
        )
        return load(done.stdout)

    @contextmanager
    def wired(self) -> Iterator[None]:
        """The namespaces, removed at the end."""
        server, client = f"{self.tag}-s", f"{self.tag}-c"
        steps = (
            f"ip netns add {server}",
            f"ip netns add {client}",
            f"ip link add {LINK} netns {server} type veth peer name dev0 netns {client}",
            f"ip -n {server} addr add {SERVER}/15 dev {LINK}",
            f"ip -n {client} addr add {CLIENT}/15 dev dev0",
            f"ip -n {server} link set {LINK} up",
            f"ip -n {client} link set dev0 up",
        )
        try:
            for step in steps:
                subprocess.run(step.split(), check=True, capture_output=True)
            yield
        finally:
            for name in (server, client):
                subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)

    def version(self) -> str:
        """Kea's own word for itself."""
        argv = [str(self.kea / "usr" / "sbin" / "kea-dhcp4"), "-v"]
        done = subprocess.run(
            argv, env=self.environment, capture_output=True, text=True, check=False
        )
        return done.stdout.strip()

    def _ours(self, state: Path) -> tuple[list[str], Mapping[str, str]]:
        root = str(Path(__file__).parents[3])
        argv = [sys.executable, "-m", "services.bench.dhcp.serve", LINK, str(state)]
        return argv, {"PYTHONPATH": root}

    def _kea(self, state: Path) -> tuple[list[str], Mapping[str, str]]:
        file = state / "kea.json"
        file.write_text(
            kea_configuration(
                LINK, "10.98.0.0/15", "10.99.1.0-10.99.255.254", str(state / "leases.csv")
            )
        )
        argv = [str(self.kea / "usr" / "sbin" / "kea-dhcp4"), "-c", str(file)]
        places = ("KEA_PIDFILE_DIR", "KEA_DHCP_DATA_DIR", "KEA_LOGGER_DESTINATION")
        more = {name: str(state) for name in places} | {"KEA_LOCKFILE_DIR": "none"}
        return argv, more | {"KEA_LOGGER_DESTINATION": "stdout"}

    def _wait(self, child: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + 20
        while time.monotonic() < end:
            if child.poll() is not None:
                raise Unreachable(f"the server ended with {child.returncode} before it listened")
            udp = Path(f"/proc/{child.pid}/net/udp").read_text()
            if ":0043 " in udp:
                time.sleep(0.3)  # it listens; its tables are still being filled
                return
            time.sleep(0.02)
        raise Unreachable("the server did not open port 67 within 20 s")


def run(peers: Path, rounds: int = 3, clients: int = 20_000, seconds: int = 5) -> dict[str, Any]:
    """Find each one's highest rate with under 1 % lost, then its CPU at one common rate.

    `peers` holds the unpacked Kea in `kea/`.  Raises Unreachable when something is missing.
    """
    kea = peers / "kea"
    if not (kea / "usr" / "sbin" / "perfdhcp").exists():
        raise Unreachable(f"Kea is not unpacked in {kea}; set-up for `bench` does that.")
    with tempfile.TemporaryDirectory(prefix="nixie-bench-") as folder:
        place = Place(kea, Path(folder))
        with place.wired():
            return _compared(place, rounds, clients, seconds)


def _compared(place: Place, rounds: int, clients: int, seconds: int) -> dict[str, Any]:
    best: dict[str, list[int]] = {"ours": [], "peer": []}
    for turn in range(rounds):
        for who in ("ours", "peer") if turn % 2 == 0 else ("peer", "ours"):
            best[who].append(_highest(place, who, clients, seconds))
    common = int(min(min(each) for each in best.values()) * 0.9) or LADDER[0]
    cost: dict[str, list[float]] = {"ours": [], "peer": []}
    delay: dict[str, list[float]] = {"ours": [], "peer": []}
    for _ in range(rounds):
        for who in ("ours", "peer"):
            micros, told = _cost(place, who, common, clients, seconds)
            cost[who].append(micros)
            delay[who].append(told.delay_ms)
    flat = {str(n): _cost(place, "ours", common, n, seconds)[0] for n in (100, 60_000)}
    ours, theirs = median(best["ours"]), median(best["peer"])
    mine, its = median(cost["ours"]), median(cost["peer"])
    return {
        "work": "dhcp",
        "unit": "four-way exchanges/s with under 1 % lost",
        "ours": ours,
        "peer": {"name": "Kea memfile", "version": place.version(), "figure": theirs},
        "ratio": round(ours / theirs, 3) if theirs else None,
        "spread": {
            who: (max(each) - min(each)) / (median(each) or 1) for who, each in best.items()
        },
        "cpu": {
            "unit": "microseconds per request",
            "rate": common,
            "ours": round(mine, 2),
            "peer": round(its, 2),
            "ratio": round(mine / its, 3),
            "spread": {who: round((max(v) - min(v)) / median(v), 3) for who, v in cost.items()},
        },
        "delay_ms": {who: median(each) for who, each in delay.items()},
        "cpu_by_leases": flat,
    }


def _highest(place: Place, who: str, clients: int, seconds: int) -> int:
    """The highest rung of the ladder with under 1 % lost; a rung may be tried twice."""
    done = 0
    with place.serving(who):
        low, high = 0, len(LADDER) - 1
        while low <= high:
            middle = (low + high) // 2
            if any(_stands(place, LADDER[middle], clients, seconds) for _ in range(2)):
                done, low = LADDER[middle], middle + 1
            else:
                high = middle - 1
    return done


def _stands(place: Place, rate: int, clients: int, seconds: int) -> bool:
    told = place.ask(rate, clients, seconds)
    reached = told.exchanges / seconds >= rate * 0.95  # perfdhcp itself has a limit
    return told.lost < LOSS_ALLOWED and reached


def _cost(place: Place, who: str, rate: int, clients: int, seconds: int) -> tuple[float, Load]:
    """CPU microseconds per request, user and system, with `clients` leases held already."""
    with place.serving(who) as pid:
        place.ask(rate, clients, max(seconds, clients // rate + 1))
        before = _cpu(pid)
        told = place.ask(rate, clients, seconds)
        return round((_cpu(pid) - before) / told.sent * 1e6, 2), told


def _cpu(pid: int) -> float:
    """Seconds of CPU a process and its threads have used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
