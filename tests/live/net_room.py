"""The net role alone on a real kernel: a router between a LAN and an ISP, each a namespace."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import Unreachable
from appliance.model.outside import STRANGERS_LINK
from appliance.model.slices import Slices
from appliance.roles import ROLES
from appliance.store import devices, leases, trials
from appliance.store.devices import DeviceRow
from appliance.store.drops import Drop, drops
from appliance.store.journal import Entry, read
from appliance.store.open import reader, writer
from appliance.store.recall.open import recall
from appliance.store.wishes import body
from tests.live.namespaces import Namespace, cable, namespaces
from tests.live.waiting import until

ROOT = Path(__file__).parents[2]
ROLE = """
import asyncio, socket, sys
from pathlib import Path
from appliance.store.recall.open import recall_path
from services.net.serve import serve
state = Path(sys.argv[1])
path = recall_path(state, "net")
path.parent.mkdir(exist_ok=True)
path.unlink(missing_ok=True)
ear = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
ear.bind(str(path))
ear.listen()
asyncio.run(serve(state, ear=ear))
"""
USER = ROLES["net"].uid
NETWORK: dict[str, Any] = {
    "name": "lan",
    "bridge": "br-lan",
    "ports": ["p1"],
    "address": "10.77.0.1/24",
    "dhcp": {"pool": {"first": "10.77.0.100", "last": "10.77.0.199"}},
}
CONFIG: dict[str, Any] = {
    "networks": [NETWORK],
    "wan": {"port": "up0", "static": {"address": "192.0.2.2/24", "gateway": "192.0.2.1"}},
    "schema": 2,
}
INVENTORY = """
CREATE TABLE revision (number INTEGER PRIMARY KEY, config TEXT, author TEXT, at REAL);
CREATE TABLE wish (
  seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT, role TEXT, kind TEXT, body TEXT, at REAL
);
CREATE TABLE device (
  mac TEXT PRIMARY KEY, name TEXT, block TEXT, let_in INTEGER DEFAULT 0
);
CREATE TABLE machine (
  id TEXT PRIMARY KEY, name TEXT, removed_at REAL, machine_id TEXT, keeps_identity INTEGER,
  waits_seconds INTEGER
);
CREATE TABLE machine_mac (machine TEXT, network TEXT, mac TEXT);
CREATE TABLE intent (
  id TEXT, machine TEXT, kind TEXT, host TEXT, menu TEXT, specialisation TEXT, once TEXT,
  once_id TEXT, once_host TEXT, once_specialisation TEXT
);
"""


def without_the_stranger(printed: str) -> str:
    """What `ip` prints but for the cable of somebody who looks from outside, by itself."""
    lines = printed.splitlines()
    return "\n".join(one for one in lines if STRANGERS_LINK not in one)


@dataclass
class Router:
    """A namespace with the net role in it and its state directory."""

    inside: Namespace
    lan: Namespace
    isp: Namespace
    program: Path
    state: Path
    role: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the role as the user it has in roles.py, with CAP_NET_ADMIN and nothing else."""
        only = "-all,+net_admin"
        self.role = self.inside.start(
            *("setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups"),
            *(f"--inh-caps={only}", f"--ambient-caps={only}", f"--bounding-set={only}"),
            *(sys.executable, "-c", ROLE, str(self.state)),
            env={"PYTHONPATH": str(self.program)},
        )

    def kill(self) -> None:
        assert self.role
        self.role.send_signal(signal.SIGKILL)
        self.role.wait()

    def web(self) -> sqlite3.Connection:
        """nixie.db, to write in as web does."""
        path = self.state / "nixie.db"
        fresh = not path.exists()
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        if fresh:
            connection.executescript(INVENTORY)
        return connection

    def revise(self, config: dict[str, Any]) -> int:
        """Write the next revision; its number.  The very first is kept by itself."""
        with closing(self.web()) as connection:
            done = connection.execute(
                "INSERT INTO revision (config, author, at) VALUES (?, 'test', 0)",
                (json.dumps(config),),
            )
        return int(done.lastrowid or 0)

    def wish(self, kind: str, **fields: str) -> str:
        """Ask for something; the id of the wish."""
        ident = uuid.uuid4().hex
        with closing(self.web()) as connection:
            connection.execute(
                "INSERT INTO wish (id, role, kind, body, at) VALUES (?, 'net', ?, ?, 0)",
                (ident, kind, body("net", kind, **fields)),
            )
        return ident

    def say_of(self, mac: str, *, name: str = "", block: str = "") -> None:
        """Write what the owner says of a device."""
        with closing(self.web()) as connection:
            said = "INSERT OR REPLACE INTO device (mac, name, block) VALUES (?, ?, ?)"
            connection.execute(said, (mac, name, block))

    def devices(self) -> dict[str, DeviceRow]:
        """The devices that net knows, by MAC."""
        if (connection := self.net()) is None:
            return {}
        with closing(connection):
            return {row.mac: row for row in devices.devices(connection)}

    def try_out(self, config: dict[str, Any], seconds: int = 600) -> str:
        """Ask for the next revision; the id of the change."""
        return self.wish("apply", revision=str(self.revise(config)), seconds=str(seconds))

    def on_trial(self, config: dict[str, Any], seconds: int = 600) -> str:
        """Try it out, and wait until it waits for Keep."""
        change = self.try_out(config, seconds)
        until(lambda: self.trial() == (change, "pending"), "it is on trial")
        return change

    def apply(self, config: dict[str, Any]) -> None:
        """Have the next revision kept."""
        if self.kept() is None:
            number = self.revise(config)
        else:
            change = self.try_out(config)
            number = self.newest()
            self.wish("keep", change=change)
        until(lambda: self.kept() == number, f"revision {number} is kept")

    def newest(self) -> int:
        with closing(self.web()) as connection:
            return int(connection.execute("SELECT max(number) FROM revision").fetchone()[0])

    def trial(self) -> tuple[str, str] | None:
        """The change that was tried last, and how it stands."""
        if (connection := self.net()) is None:
            return None
        with closing(connection):
            row = trials.trial(connection)
            return (row.nonce, row.state) if row else None

    def picture(self) -> str:
        """All of the network that we own, as the kernel's tools print it."""
        wanted = (("-br", "link"), ("-br", "-4", "addr"), ("-4", "route"))
        shown = [self.inside.run("ip", *words) for words in wanted]
        return "\n".join([*map(without_the_stranger, shown), self.ruleset()])

    def serve_lan(self) -> None:
        """Apply CONFIG, and wait until the kernel has noticed the cable (it takes up to 1 s)."""
        self.apply(CONFIG)
        until(lambda: self.lan.pings("10.77.0.1"), "the LAN reaches the router")

    def net(self) -> sqlite3.Connection | None:
        """net.db, once the role holds it: before, we would make its log, which then is root's."""
        if not (self.state / "net.db-shm").exists():
            return None
        try:
            return reader(self.state / "net.db")
        except Unreachable:  # the role is just starting
            return None

    def kept(self) -> int | None:
        if (connection := self.net()) is None:
            return None
        try:
            found = trials.kept(connection)
            return found.revision if found else None
        except sqlite3.OperationalError:
            return None
        finally:
            connection.close()

    def slices(self) -> Slices | None:
        connection = self.net()
        assert connection
        try:
            return trials.slices(connection)
        finally:
            connection.close()

    def events(self) -> list[Entry]:
        connection = self.net()
        assert connection
        try:
            return list(read(connection, 0, 10_000))
        finally:
            connection.close()

    def told(self, kind: type) -> list[Any]:
        return [entry.event for entry in self.events() if isinstance(entry.event, kind)]

    def addresses(self) -> set[str]:
        listed = json.loads(self.inside.run("ip", "-4", "-j", "addr"))
        return {
            f"{link['ifname']} {one['local']}/{one['prefixlen']}"
            for link in listed
            if link["ifname"] != STRANGERS_LINK
            for one in link["addr_info"]
        }

    def link_local(self, link: str) -> str:
        """The IPv6 address that the link gave itself, once it is usable."""

        def usable() -> list[str]:
            (listed,) = json.loads(self.inside.run("ip", "-6", "-j", "addr", "show", link))
            return [one["local"] for one in listed["addr_info"] if not one.get("tentative")]

        return until(usable, f"{link} has an IPv6 address")[0]

    def dropped(self, counter: str) -> int:
        """Packets in one of our named counters."""
        listed = self.inside.run("nft", "-j", "list", "counter", "inet", "nixie", counter)
        return int(json.loads(listed)["nftables"][1]["counter"]["packets"])

    def held_back(self) -> list[Drop]:
        """What the role remembers of what was held back, newest first."""
        return drops(recall(self.state, "net", {"of": "drops", "most": 1_000})) or []

    def ruleset(self, family: str = "inet") -> str:
        """The filter, which follows from the configuration; of family bridge, the devices' table,
        which counts whoever is there under any configuration."""
        return self.inside.run("nft", "-s", "list", "ruleset", family)


@pytest.fixture(scope="module")
def program() -> Iterator[Path]:
    """The program where the role's user can read it, which a checkout need not be."""
    copy = Path(tempfile.mkdtemp(prefix="nx-program-"))
    for room in ("appliance", "hardware", "services"):
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("__pycache__"))
    copy.chmod(0o755)
    yield copy
    shutil.rmtree(copy)


@pytest.fixture
def router(program: Path) -> Iterator[Router]:
    with namespaces("r", "lan", "isp") as (inside, lan, isp):
        cable(inside, "p1", lan, "eth0")
        cable(inside, "up0", isp, "eth0")
        for far, address in ((lan, "10.77.0.50/24"), (isp, "192.0.2.1/24")):
            far.run("ip", "link", "set", "eth0", "up")
            far.run("ip", "addr", "add", address, "dev", "eth0")
        lan.run("ip", "route", "add", "default", "via", "10.77.0.1")
        state = Path(tempfile.mkdtemp(prefix="nx-net-"))  # below /root nobody else may look
        os.chown(state, USER, USER)
        router = Router(inside, lan, isp, program, state)
        with closing(writer(state / "leases.db", leases.MIGRATIONS)):  # as dhcp holds it
            router.start()
            yield router
    shutil.rmtree(state)
