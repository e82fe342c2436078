"""A rack: 300 machines, 200 hosts, a queue of 200 builds and one machine that boots in a circle.

Rows are written as their roles write them, but all at once: acting 600 times takes a minute.
"""

import json
import sqlite3
from pathlib import Path

from tests.webui.home import DAY, GOOD, HOUR, MIB, NOW, add_boot, add_row, add_steps

MACHINES, HOSTS, LOOPS = 300, 200, 450


def crowd(state: Path, now: float = NOW) -> str:
    """Fill a furnished `state`; returns the id of the source that has the hosts."""
    source = "rack"
    hosts = [f"{source}/node-{n:03d}" for n in range(HOSTS)]
    _inventory(state, source, hosts, now)
    _builds(state, source, hosts, now)
    _boots(state, hosts, now)
    return source


def mac_of(number: int) -> str:
    """The MAC of one machine of the rack."""
    return f"52:54:00:aa:{number >> 8:02x}:{number & 255:02x}"


def _inventory(state: Path, source: str, hosts: list[str], now: float) -> None:
    file = _opened(state / "nixie.db")
    own = {"account": "local", "origin": "local"}
    add_row(
        file, "source", id=source, name="rack", url="github:lena/rack", trust="mine", as_built=0,
        allow_ifd=0, interval_seconds=3600, created_at=now, **own,
    )  # fmt: skip
    for n in range(MACHINES):
        machine = f"rack-{n:03d}"
        add_row(file, "machine", id=machine, name=machine, created_at=now, **own)
        add_row(file, "machine_mac", id=f"mac-{n}", machine=machine, mac=mac_of(n), **own)
        add_row(
            file, "intent", machine=machine, id=f"intent-{n}", kind="run", host=hosts[n % HOSTS],
            set_at=now, **own,
        )  # fmt: skip
    _close(file)


def _builds(state: Path, source: str, hosts: list[str], now: float) -> None:
    file = _opened(state / "build.db")
    add_row(file, "source_state", source=source, state="ready", checked_at=now - 60, revision=9)
    lost = {"severity": "warn", "what": "The disk /data is left out.", "missing": None}
    for n, host in enumerate(hosts):
        add_row(
            file, "verdict", host=host, source=source, revision=9, name=f"node-{n:03d}",
            kind="adaptable", system="x86_64-linux", release="26.05", watched=1,
            specialisations=json.dumps(["debug"] if n % 10 == 0 else []),
            findings=json.dumps([{**lost, "where": "hosts/x.nix:12"}]), recipe="{}",
        )  # fmt: skip
        add_row(
            file, "generation", host=host, number=1, image=f"img{n}" * 4, state="good",
            made_at=now - HOUR, size=600 * MIB, toplevel="/nix/store/x", rev="ab",
        )  # fmt: skip
        add_row(
            file, "build", id=f"q{n:03d}", host=host, source=source, name=f"node-{n:03d}",
            revision=9, state="running" if n == 0 else "queued", why="new revision",
            queued_at=now - 500 + n, began_at=now - 400 if n == 0 else None,
        )  # fmt: skip
    _close(file)


def _boots(state: Path, hosts: list[str], now: float) -> None:
    file = _opened(state / "boot.db")
    for n in range(MACHINES):
        for k in range(3):
            ident, began = f"big-{n}-{k}", now - DAY * (k + 1) - n
            add_boot(
                file, ident, mac_of(n), f"node-{n % HOSTS:03d}", hosts[n % HOSTS], began, "up",
                ended=began + 40, generation=1, firmware="pxe-x64", facts={},
            )  # fmt: skip
            add_steps(file, ident, began, *GOOD)
    for k in range(LOOPS):
        began = now - 3500 + k * 7
        add_boot(
            file, f"loop-{k}", mac_of(7), "node-007", hosts[7], began, "left", ended=began + 6,
            generation=1, firmware="pxe-x64", facts={},
        )  # fmt: skip
    _close(file)


def _opened(path: Path) -> sqlite3.Connection:
    file = sqlite3.connect(path, isolation_level=None)
    file.execute("begin")
    return file


def _close(file: sqlite3.Connection) -> None:
    file.execute("commit")
    file.close()
