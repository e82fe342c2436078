"""DOOR: measures our DNS and dnsmasq's with dnsperf, turn by turn: cached names, and unknown ones.

Needs root, dnsmasq, and dnsperf unpacked below the folder of peers.
"""

import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from appliance.errors import Unreachable
from services.bench.cable.driver import Cable, cable, peer, spent, version
from services.bench.dns.figures import Load, load, questions
from services.bench.track import compared, turns

LINK, SERVER, CLIENT = "nxbn", "10.97.0.1", "10.97.0.2"
CACHED, UNKNOWN = 1_000, 600_000
KEPT = 10_000
"""Answers that dnsmasq keeps: as many as ours does.  With fewer it is quicker (see DECISIONS)."""


@dataclass(frozen=True, slots=True)
class Work:
    """So many different names, with so many questions under way, an upstream so far away."""

    names: int
    under_way: int
    away_ms: int


WORKS = {
    "dns-hits": Work(CACHED, 100, 2),
    "dns-misses": Work(UNKNOWN, 200, 2),
    "dns-far-misses": Work(UNKNOWN, 1_000, 20),
}
"""Near is a name server of one's own provider, far is one of the public ones."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One run: what dnsperf saw, and the server's seconds of CPU in it."""

    load: Load
    cpu: float


class Place:
    """A cable that lies, dnsperf, and a folder for the servers' files."""

    def __init__(self, lies: Cable, dnsperf: Path, folder: Path) -> None:
        self.lies, self.dnsperf, self.folder = lies, dnsperf, folder

    @contextmanager
    def serving(self, who: str) -> Iterator[int]:
        """A fresh server with an empty cache; its process id."""
        state = Path(tempfile.mkdtemp(dir=self.folder))
        argv = self._ours(state) if who == "ours" else self._dnsmasq()
        child = subprocess.Popen(self.lies.at_server(*argv), stdout=subprocess.DEVNULL)
        try:
            self._wait(child)
            yield child.pid
        finally:
            child.kill()
            child.wait()
            shutil.rmtree(state)

    def ask(self, names: Path, under_way: int, *limit: str) -> Load:
        """One run of dnsperf."""
        libraries = next(self.dnsperf.glob("usr/lib/*-linux-gnu"), self.dnsperf)
        program = ("env", f"LD_LIBRARY_PATH={libraries}", str(self.dnsperf / "usr/bin/dnsperf"))
        words = ("-s", SERVER, "-d", str(names), "-q", str(under_way), "-t", "2", *limit)
        done = subprocess.run(
            self.lies.at_client(*program, *words), capture_output=True, text=True, check=False
        )
        return load(done.stdout)

    def _ours(self, state: Path) -> list[str]:
        root = str(Path(__file__).parents[3])
        words = ["-m", "services.bench.dns.serve", LINK, f"{SERVER}/24", CLIENT, str(state)]
        return ["env", f"PYTHONPATH={root}", sys.executable, *words]

    def _dnsmasq(self) -> list[str]:
        return [
            peer("dnsmasq"), "--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv",
            "--no-hosts", f"--server={CLIENT}", f"--interface={LINK}", "--bind-interfaces",
            f"--cache-size={KEPT}", "--dns-forward-max=10000", "--pid-file=", "--user=root",
            "--log-facility=/dev/null",
        ]  # fmt: skip

    def _wait(self, child: subprocess.Popen[bytes]) -> None:
        end = time.monotonic() + 20
        while ":0035 " not in Path(f"/proc/{child.pid}/net/udp").read_text():
            if child.poll() is not None or time.monotonic() > end:
                raise Unreachable("the server did not open port 53 within 20 s")
            time.sleep(0.05)
        time.sleep(0.5)


def run(
    peers: Path, rounds: int = 3, seconds: int = 5, works: Sequence[str] = tuple(WORKS)
) -> list[dict[str, Any]]:
    """Each work `rounds` times for each server, alternating.

    `peers` holds the unpacked dnsperf in `dnsperf/`.  Raises Unreachable when something is missing.
    """
    dnsperf = peers / "dnsperf"
    if not (dnsperf / "usr/bin/dnsperf").exists():
        raise Unreachable(f"dnsperf is not unpacked in {dnsperf}; set-up for `bench` does that.")
    told = {
        "name": "dnsmasq",
        "version": version(peer("dnsmasq"), "--version"),
        "cache": f"{KEPT} names",
    }
    with (
        tempfile.TemporaryDirectory(prefix="nixie-bench-") as folder,
        cable(LINK, f"{SERVER}/24", f"{CLIENT}/24") as lies,
    ):
        place = Place(lies, dnsperf, Path(folder))
        return [_work(place, name, rounds, seconds, told) for name in works]


def _work(
    place: Place, name: str, rounds: int, seconds: int, told: dict[str, str]
) -> dict[str, Any]:
    work = WORKS[name]
    names = place.folder / name
    names.write_text(questions(work.names))
    first = place.folder / "first"
    first.write_text(questions(CACHED))

    def taken(who: str) -> Sample:
        with _upstream(place.lies, work.away_ms), place.serving(who) as pid:
            place.ask(first, 100, "-n", "1")  # it answers, and knows the names for the hits
            before = spent(pid)
            seen = place.ask(names, work.under_way, "-l", str(seconds))
            return Sample(seen, spent(pid) - before)

    samples = turns(rounds, taken)
    ours, theirs = (
        [(float(one.load.done), one.load.seconds) for one in samples[who]]
        for who in ("ours", "peer")
    )
    cost = {
        who: median(one.cpu / one.load.done * 1e6 for one in each) for who, each in samples.items()
    }
    return compared(
        name,
        "queries/s",
        ours,
        told,
        theirs,
        cpu={
            "unit": "microseconds per query",
            "ours": round(cost["ours"], 2),
            "peer": round(cost["peer"], 2),
            "ratio": round(cost["ours"] / cost["peer"], 3),
        },
        lost={
            who: sum(one.load.sent - one.load.done for one in each) for who, each in samples.items()
        },
        delay_ms={
            who: round(median(one.load.delay_ms for one in each), 3)
            for who, each in samples.items()
        },
    )


@contextmanager
def _upstream(lies: Cable, away_ms: int) -> Iterator[None]:
    """A name server at the client's end, so far away."""
    root = str(Path(__file__).parents[3])
    words = ("-m", "services.bench.dns.upstream.serve", CLIENT, str(away_ms))
    child = subprocess.Popen(
        lies.at_client("env", f"PYTHONPATH={root}", sys.executable, *words),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert child.stdout is not None
        child.stdout.readline()
        yield
    finally:
        child.kill()
        child.wait()
