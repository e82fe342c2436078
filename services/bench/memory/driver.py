"""DOOR: starts a whole router in a lab, gives it work, lets it rest, and weighs every process.

1,000 leases taken by DHCP, the sample flake with its hosts built, each kind of page opened once.
The peer is the budget.  Needs root and what set-up installed.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.cookiejar import CookieJar
from pathlib import Path
from statistics import median
from typing import Any
from uuid import uuid4

from appliance.errors import Unreachable
from services.bench.memory.links import kind, links
from services.lab.topology import SWITCH

WORK = "memory"
BUDGET = {
    "net": 45,
    "wan": 20,
    "dhcp": 20,
    "dns": 25,
    "boot": 40,
    "build": 20,
    "web": 85,
    "notice": 22,  # notices, and names on the internet
}
BUDGET_SUM = 290  # MB: 250 with the supervisor as roles were seven, 20 for each since
LEASES = 1_000
MAC = "52:54:00:6d:65:6d"
SAMPLES, PAUSE_SECONDS = 5, 2.0
START_SECONDS, BUILD_SECONDS = 120.0, 900.0


@dataclass
class Stand:
    """A running lab and a browser that is signed in."""

    state: Path
    prefix: str
    url: str
    supervisor: int
    browser: urllib.request.OpenerDirector

    def api(self, method: str, path: str, body: object = None) -> Any:
        """A call of /api/v1 with the box's own token."""
        token = (self.state / "secrets/web/local-token").read_text().strip()
        request = urllib.request.Request(
            f"{self.url}/api/v1{path}",
            None if body is None else json.dumps(body).encode(),
            {"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def page(self, path: str, **form: str) -> str:
        """One page as a browser gets it; with a form, what comes after posting it."""
        content = urllib.parse.urlencode(form).encode() if form else None
        request = urllib.request.Request(
            f"{self.url}{path}", content, {"Origin": self.url} if form else {}
        )
        with self.browser.open(request, timeout=30) as answer:
            return str(answer.read().decode(errors="replace"))

    def roles(self) -> dict[str, dict[str, Any]]:
        """What the supervisor says of each process."""
        told: dict[str, dict[str, Any]] = json.loads(
            (self.state / "run/supervisor.json").read_text()
        )["roles"]
        return told

    def inside(self, *command: str) -> None:
        """Run a command on the LAN.  Raises Unreachable."""
        words = ["ip", "netns", "exec", f"{self.prefix}-lan", *command]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Unreachable(f"{' '.join(command)} failed: {done.stderr.strip()[-300:]}")


def run(home: Path = Path(sys.prefix).parent) -> dict[str, Any]:
    """Weigh a router that has done its work.  Raises Unreachable.

    `home` is where set-up put things; the venv we run from lies in it.
    """
    if os.geteuid() != 0:
        raise Unreachable("This bench needs root: it starts a whole router.")
    with _standing(home) as stand:
        _add_source(stand, (home / "sample").resolve())
        _take_leases(stand)
        opened = _open_pages(stand)
        samples = list(_weighings(stand))
    return told(samples, opened)


def told(samples: Sequence[Mapping[str, float]], opened: int) -> dict[str, Any]:
    """The figures as `nixie bench` prints them, from process to MB of each weighing.

    Less is better, so `ratio` at most 1 is good.
    """
    found = {name: median(one[name] for one in samples) for name in samples[0]}
    daemon = found.pop("nix-daemon", 0.0)
    total = sum(found.values())
    sums = [sum(one.values()) - one.get("nix-daemon", 0.0) for one in samples]
    return {
        "work": WORK,
        "unit": "MB of PSS",
        "ours": round(total, 1),
        "peer": {"name": "budget", "version": "of issue 3", "figure": BUDGET_SUM},
        "ratio": round(total / BUDGET_SUM, 3),
        "spread": {"ours": round((max(sums) - min(sums)) / median(sums), 3)},
        "roles": {
            name: {"ours": round(megabytes, 1), "budget": BUDGET.get(name)}
            for name, megabytes in found.items()
        },
        "leases": LEASES,
        "pages": opened,
        "beside": {"nix-daemon": round(daemon, 1)},
    }


@contextmanager
def _standing(home: Path) -> Iterator[Stand]:
    """A lab, claimed; everything of it is gone afterwards."""
    mark = uuid4().hex[:6]
    place, prefix, port = home / f"state-bench-{mark}", f"nxbm{mark}", _free_port()
    state = place / "state"
    (state / "store/nix").mkdir(parents=True)
    place.chmod(0o755)
    options = ["--state", str(state), "--prefix", prefix, "--port", str(port)]
    with (place / "lab.log").open("wb") as log:
        lab = subprocess.Popen(
            [
                "env",
                f"NIXIE_HOME={home}",
                f"PYTHONPATH={home / 'program'}",
                str(home / "venv/bin/python"),
                "-P",
                "-m",
                "appliance",
                "lab",
                *options,
            ],
            stdout=log,
            stderr=log,
        )
    jar = urllib.request.HTTPCookieProcessor(CookieJar())
    stand = Stand(
        state, prefix, f"http://127.0.0.1:{port}", lab.pid, urllib.request.build_opener(jar)
    )
    try:
        _until(lambda: _all_run(stand), START_SECONDS, "the roles to run")
        _until(lambda: _answers(stand), START_SECONDS, "the admin to answer")
        code = (state / "secrets/web/claim").read_text().strip()
        word = uuid4().hex
        stand.page("/claim", code=code, name="owner", password=word, again=word)
        yield stand
    finally:
        lab.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            lab.wait(30)
        lab.kill()
        lab.wait()
        subprocess.run(["chmod", "-R", "u+w", str(place)], check=False)
        shutil.rmtree(place, ignore_errors=True)


def _add_source(stand: Stand, sample: Path) -> None:
    """The sample flake, its hosts built, one machine that asked for its script."""
    stand.api("POST", "/directories", {"path": str(sample)})
    new = {"url": f"git+file://{sample}", "name": "sample", "interval_seconds": 0}
    source = stand.api("POST", "/sources", new)["subject"]
    _until(lambda: _settled(stand), BUILD_SECONDS, "the sample's hosts to be built")
    assigned = {"host": f"{source}/crucible", "name": "weighed"}
    stand.api("PUT", f"/machines/{MAC}/intent", assigned)


def _settled(stand: Stand) -> bool:
    """Are there builds, and has the last one ended?  Raises Unreachable without a source."""
    for source in stand.api("GET", "/sources"):
        if source["state"] == "unreadable":
            raise Unreachable(f"The sample cannot be read: {source['what']}")
    hosts = stand.api("GET", "/hosts")
    builds = stand.api("GET", "/builds")
    looking = not hosts or any(one["kind"] == "looking" for one in hosts)
    return not looking and bool(builds) and all(one["ended_at"] for one in builds)


def _take_leases(stand: Stand) -> None:
    """A larger LAN, a card at its switch, and clients."""
    config = stand.api("GET", "/config")["config"]
    lan = config["networks"][0]
    lan["address"] = "10.77.0.1/16"
    lan["dhcp"]["pool"] = {"first": "10.77.16.0", "last": "10.77.31.255"}
    change = stand.api("POST", "/config", config)["wish"]
    _until(lambda: _change_is(stand, "on trial"), START_SECONDS, "the larger LAN")
    stand.api("POST", f"/change/{change}/keep")
    _until(lambda: _change_is(stand, "kept"), START_SECONDS, "the larger LAN to be kept")
    for words in (
        "link add weigh0 type veth peer name weigh1",
        f"link set weigh1 master {SWITCH}",
        "link set weigh1 up",
        "link set weigh0 up",
        "addr add 10.77.0.9/16 dev weigh0",
    ):
        stand.inside("ip", *words.split())
    stand.inside(sys.executable, "-m", "services.bench.memory.client", "weigh0", str(LEASES))
    stand.inside(
        "curl",
        "-sf",
        "-o",
        "/dev/null",
        f"http://10.77.0.1/s/{MAC.replace(':', '-')}?buildarch=x86_64",
    )
    _until(lambda: bool(stand.api("GET", "/boots")), START_SECONDS, "a boot")


def _change_is(stand: Stand, state: str) -> bool:
    return bool(stand.api("GET", "/change")["state"] == state)


def _open_pages(stand: Stand) -> int:
    """Follow the links from the Overview, one page of each kind; how many were opened."""
    waiting, seen = ["/"], set[str]()
    while waiting:
        path = waiting.pop(0)
        if kind(path) in seen:
            continue
        seen.add(kind(path))
        try:
            waiting += links(stand.page(path))
        except urllib.error.HTTPError as error:
            raise Unreachable(f"{path} was answered {error.code}.") from error
    return len(seen)


def _weighings(stand: Stand) -> Iterator[dict[str, float]]:
    """One after another, at rest."""
    for _ in range(SAMPLES):
        time.sleep(PAUSE_SECONDS)
        yield _weighed(stand)


def _weighed(stand: Stand) -> dict[str, float]:
    """Process to MB of PSS."""
    pids = {"supervisor": stand.supervisor}
    pids |= {name: int(one["pid"]) for name, one in stand.roles().items() if one.get("pid")}
    return {name: _pss(pid) for name, pid in pids.items()}


def _pss(pid: int) -> float:
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise Unreachable("This kernel does not say how much memory a process has.")


def _all_run(stand: Stand) -> bool:
    with suppress(OSError, ValueError, KeyError):
        return all(stand.roles()[name]["state"] == "runs" for name in BUDGET)
    return False


def _answers(stand: Stand) -> bool:
    with suppress(OSError):
        stand.api("GET", "/status")
        return True
    return False


def _until(fact: Callable[[], bool], seconds: float, what: str) -> None:
    end = time.monotonic() + seconds
    while not fact():
        if time.monotonic() > end:
            raise Unreachable(f"Waited {seconds:.0f} s for {what}.")
        time.sleep(0.25)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
