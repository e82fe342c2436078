"""DOOR: measures our DHCP and Kea's with perfdhcp, turn by turn.

Needs root, and an unpacked Kea (the distribution's packages) below the folder of peers.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from appliance.errors import Unreachable
from services.bench.cable.driver import Cable, cable, spent, version
from services.bench.dhcp.figures import Load, kea_configuration, load
from services.bench.track import turns

LINK, SERVER, CLIENT = "nxbd", "10.99.0.1", "10.98.0.2"
LOSS_ALLOWED = 0.01
LADDER = tuple(range(2000, 30_001, 1000))
"""Exchanges a second that are tried, upwards."""


class Place:
    """A cable that lies, where Kea is, and a folder for both servers' files."""

    def __init__(self, lies: Cable, kea: Path, folder: Path) -> None:
        self.lies = lies
        self.kea = kea
        self.folder = folder

    @contextmanager
    def serving(self, who: str) -> Iterator[int]:
        """A fresh server; its process id."""
        state = Path(tempfile.mkdtemp(dir=self.folder))
        argv = _ours(state) if who == "ours" else self._kea(state)
        child = subprocess.Popen(self.lies.at_server(*argv), stdout=subprocess.DEVNULL)
        try:
            self._wait(child)
            yield child.pid
        finally:
            child.kill()
            child.wait()
            shutil.rmtree(state)

    def ask(self, rate: int, clients: int, seconds: int) -> Load:
        """One run of perfdhcp."""
        options = f"-4 -l {CLIENT} -r {rate} -R {clients} -p {seconds} {SERVER}".split()
        done = subprocess.run(
            self.lies.at_client(*self._program("perfdhcp", *options)),
            capture_output=True,
            text=True,
            check=False,
            timeout=seconds + 60,
        )
        return load(done.stdout)

    def version(self) -> str:
        """Kea's own word for itself."""
        return version(*self._program("kea-dhcp4", "-v"))

    def _program(self, name: str, *words: str, **settings: object) -> list[str]:
        """One of Kea's programs with Kea's own libraries."""
        libraries = next(self.kea.glob("usr/lib/*-linux-gnu"), self.kea)
        more = [f"{key}={value}" for key, value in settings.items()]
        program = str(self.kea / "usr/sbin" / name)
        return ["env", f"LD_LIBRARY_PATH={libraries}", *more, program, *words]

    def _kea(self, state: Path) -> list[str]:
        file = state / "kea.json"
        file.write_text(
            kea_configuration(
                LINK, "10.98.0.0/15", "10.99.1.0-10.99.255.254", str(state / "leases.csv")
            )
        )
        return self._program(
            "kea-dhcp4",
            *("-c", str(file)),
            KEA_PIDFILE_DIR=state,
            KEA_DHCP_DATA_DIR=state,
            KEA_LOGGER_DESTINATION="stdout",
            KEA_LOCKFILE_DIR="none",
        )

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


def _ours(state: Path) -> list[str]:
    root = str(Path(__file__).parents[3])
    words = ["-m", "services.bench.dhcp.serve", LINK, str(state)]
    return ["env", f"PYTHONPATH={root}", sys.executable, *words]


def run(peers: Path, rounds: int = 3, clients: int = 20_000, seconds: int = 5) -> dict[str, Any]:
    """Find each one's highest rate with under 1 % lost, then its CPU at one common rate.

    `peers` holds the unpacked Kea in `kea/`.  Raises Unreachable when something is missing.
    """
    kea = peers / "kea"
    if not (kea / "usr" / "sbin" / "perfdhcp").exists():
        raise Unreachable(f"Kea is not unpacked in {kea}; set-up for `bench` does that.")
    folder = tempfile.TemporaryDirectory(prefix="nixie-bench-")
    with folder as name, cable(LINK, f"{SERVER}/15", f"{CLIENT}/15") as lies:
        return _compared(Place(lies, kea, Path(name)), rounds, clients, seconds)


def _compared(place: Place, rounds: int, clients: int, seconds: int) -> dict[str, Any]:
    best = turns(rounds, lambda who: _highest(place, who, clients, seconds))
    common = int(min(min(each) for each in best.values()) * 0.9) or LADDER[0]
    asked = turns(rounds, lambda who: _cost(place, who, common, clients, seconds))
    cost = {who: [micros for micros, _ in each] for who, each in asked.items()}
    delay = {who: [told.delay_ms for _, told in each] for who, each in asked.items()}
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
        before = spent(pid)
        told = place.ask(rate, clients, seconds)
        return round((spent(pid) - before) / told.sent * 1e6, 2), told
