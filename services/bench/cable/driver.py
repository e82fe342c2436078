"""DOOR: lays a cable between two namespaces, and runs programs at its ends.

Both are removed at the end.  Needs root, `ip` and `taskset`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import Unreachable

LONGEST_SECONDS = 300.0


@dataclass(frozen=True, slots=True)
class Cable:
    """A cable that lies: the namespaces at its ends, and what its ends are called there."""

    server: str
    client: str
    link: str

    def at_server(self, *command: str) -> list[str]:
        """`command`, run at the server's end on processor 0."""
        return ["ip", "netns", "exec", self.server, "taskset", "-c", "0", *command]

    def at_client(self, *command: str) -> list[str]:
        """`command`, run at the client's end on processor 1."""
        return ["ip", "netns", "exec", self.client, "taskset", "-c", "1", *command]

    def measured(self, module: str, *words: str, said: str = "") -> dict[str, float]:
        """What one of our clients prints as JSON, given `said` as its standard input.

        Raises Unreachable with its last words.
        """
        done = subprocess.run(
            self.at_client(sys.executable, "-m", module, *words),
            input=said,
            capture_output=True,
            text=True,
            timeout=LONGEST_SECONDS,
            check=False,
        )
        if done.returncode:
            last = done.stderr.strip().splitlines()[-1:]
            raise Unreachable(f"{module} stopped: {' '.join(last)}")
        told: dict[str, float] = json.loads(done.stdout)
        return told


@contextmanager
def cable(link: str, server: str, client: str) -> Iterator[Cable]:
    """A cable for the length of a block; `server` and `client` are addresses with a prefix.

    Raises Unreachable in ip's own words.
    """
    lies = Cable(f"{link}s{os.getpid()}", f"{link}c{os.getpid()}", link)
    words = (
        f"netns add {lies.server}",
        f"netns add {lies.client}",
        f"link add {link} netns {lies.server} type veth peer name {link} netns {lies.client}",
        f"-n {lies.server} addr add {server} dev {link}",
        f"-n {lies.client} addr add {client} dev {link}",
        f"-n {lies.server} link set {link} up",
        f"-n {lies.client} link set {link} up",
    )
    try:
        for line in words:
            done = subprocess.run(["ip", *line.split()], capture_output=True, text=True)
            if done.returncode:
                raise Unreachable(f"This bench needs root. ip {line}: {done.stderr.strip()}")
        yield lies
    finally:
        for namespace in (lies.server, lies.client):
            words_of_end = ["ip", "netns", "del", namespace]
            subprocess.run(words_of_end, check=False, capture_output=True)


def peer(name: str, *places: str) -> str:
    """The peer's program, installed or at one of `places`.  Raises Unreachable."""
    installed = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    found = installed or next(filter(os.path.exists, places), None)
    if found is None:
        raise Unreachable(
            f"{name} is not there; it is what we measure ourselves against. make bench sets it up."
        )
    return found


def spent(pid: int) -> float:
    """Seconds of a processor that a process and its threads have used, to the nanosecond.

    The scheduler's own sum: /proc/PID/stat counts whole ticks, and of a server that works for less
    than one at a time whoever else runs then gets them.
    """
    threads = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((one / "schedstat").read_text().split()[0]) for one in threads) / 1e9


def version(*command: str) -> str:
    """The first version number in what a program says of itself, "unknown" when there is none."""
    told = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"\d+(\.\d+)+", told.stdout + told.stderr)
    return found[0] if found else "unknown"
