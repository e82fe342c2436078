"""One house for a supervisor under test: namespaces, a program folder, a state directory."""

import asyncio
import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field, replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import Any

import pytest

from appliance.events import Event, RoleReady
from appliance.model.dns import Dns
from appliance.model.installed import Installed
from appliance.model.slices import (
    BootNetwork,
    DhcpNetwork,
    DnsNetwork,
    DnsSlice,
    Slices,
    to_json,
)
from appliance.roles import ROLES
from appliance.store.open import writer
from appliance.store.trials import MIGRATIONS
from services.processes.privileges import identities
from services.supervisor.child import Patience
from services.supervisor.plan import Plan
from services.supervisor.serve import supervise
from tests.live import waiting
from tests.live.standing import ROOMS

CHECKOUT = Path(__file__).parents[2]
USERS, CONFINED = identities(
    ROLES.values(), Path("/etc/passwd").read_text(), Path("/etc/group").read_text()
)
SERVER, CLIENT = "10.71.0.1", "10.71.0.2"


@dataclass
class House:
    """A place for one test: a program folder, a state directory, two namespaces."""

    folder: Path
    router: str
    client: str
    events: list[Event] = field(default_factory=list)

    @property
    def state(self) -> Path:
        return self.folder / "state"

    @property
    def installed(self) -> Installed:
        return installed(self.folder)

    def plan(self, *roles: str, **more: Any) -> Plan:
        wanted = {name: ROLES[name] for name in roles}
        plan = Plan(
            state=self.state,
            installed=self.installed,
            roles=wanted,
            namespace=self.router,
            program=lambda role: [sys.executable, "-m", "stand_in", role.name],
            patience=Patience(ready_seconds=60, beat_seconds=60),
        )
        return replace(plan, **more)

    def publish(self, *links: str) -> None:
        """What net would publish: a network on each of `links`."""
        address = IPv4Interface(f"{SERVER}/24")
        dhcp = tuple(
            DhcpNetwork(
                link, link, address, IPv4Address(CLIENT), IPv4Address(CLIENT), 600, "x", True
            )
            for link in links
        )
        dns = tuple(DnsNetwork(link, link, address) for link in links)
        boot = tuple(BootNetwork(link, link, address) for link in links)
        told = json.dumps(to_json(Slices(1, dhcp, DnsSlice("router", "lan", dns, Dns()), boot)))
        connection = writer(self.state / "net.db", MIGRATIONS)
        connection.execute("INSERT OR REPLACE INTO slice VALUES (1, 1, ?, 0)", (told,))
        connection.close()

    def status(self, role: str) -> dict[str, Any]:
        told = json.loads((self.state / "run/supervisor.json").read_text())
        found: dict[str, Any] = told["roles"][role]
        return found

    def said(self, role: str) -> dict[str, Any]:
        """What the newest run of the stand-in wrote into its log."""
        line = (self.state / "logs" / f"{role}.log").read_text().splitlines()[-1]
        found: dict[str, Any] = json.loads(line)
        return found

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if type(event) is kind]

    async def ready(self, role: str, times: int = 1) -> int:
        """Wait until the role became ready so many times; its newest pid."""
        pids = await until(
            lambda: [one.pid for one in self.of(RoleReady) if one.role == role][times - 1 :]
        )
        return int(pids[-1])

    async def asked(self, port: int) -> tuple[int, str]:
        """Send a datagram from the client's namespace until somebody answers."""
        found: tuple[int, str] = await until(lambda: ask(self.client, port, SERVER))
        return found


def installed(folder: Path) -> Installed:
    python = Path(sys.executable)
    return Installed(folder, folder / "program", python, None, folder, folder, folder)


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def cable(house: House, link: str, subnet: int) -> None:
    """Plug the router's `link` into the client's interface of the same name."""
    ours, theirs = f"10.71.{subnet}.1/24", f"10.71.{subnet}.2/24"
    ip("link", "add", link, "netns", house.router, "type", "veth",
       "peer", "name", link, "netns", house.client)  # fmt: skip
    for name, address in ((house.router, ours), (house.client, theirs)):
        ip("-n", name, "address", "add", address, "dev", link)
        ip("-n", name, "link", "set", link, "up")


def ask(namespace: str, port: int, to: str, seconds: float = 1.0) -> tuple[int, str] | None:
    """One datagram from inside `namespace`; the answering pid and socket, None after `seconds`."""
    program = (
        "import socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
        "s.settimeout(float(sys.argv[3])); s.sendto(b'?', (sys.argv[1], int(sys.argv[2]))); "
        "print(s.recv(99).decode())"
    )
    argv = ["ip", "netns", "exec", namespace, sys.executable, "-c", program, to]
    argv += [str(port), str(seconds)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        return None
    pid, name = done.stdout.split()
    return int(pid), name


async def until(condition: Callable[[], Any]) -> Any:
    """Wait for a condition, which may block for a moment."""
    return await asyncio.to_thread(waiting.until, condition, "it becomes true")


def alive(pid: int) -> bool:
    try:
        return "Z (zombie)" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.fixture
def house() -> Iterator[House]:
    folder = Path(tempfile.mkdtemp(prefix="nx", dir="/tmp"))
    folder.chmod(0o755)
    program = folder / "program"
    for room in ROOMS:
        shutil.copytree(
            CHECKOUT / room, program / room, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(Path(__file__).with_name("stand_in.py"), program)
    subprocess.run(["chmod", "-R", "a+rX", program], check=True)
    mark = folder.name[2:]
    made = House(folder, f"nx{mark}r", f"nx{mark}c")
    for name in (made.router, made.client):
        ip("netns", "add", name)
    try:
        cable(made, "lan0", 0)
        yield made
    finally:
        for name in (made.router, made.client):
            ip("netns", "del", name)
        shutil.rmtree(folder)


def during(house: House, plan: Plan, test: Callable[[], Awaitable[None]]) -> None:
    """Run `test` while the supervisor runs `plan`; then nothing of it is left running."""

    async def both() -> None:
        stop = asyncio.Event()
        work = asyncio.create_task(supervise(plan, house.events.append, stop))
        trial = asyncio.create_task(_tried(test))
        try:
            await asyncio.wait((work, trial), return_when=asyncio.FIRST_COMPLETED)
            if work.done():
                work.result()
            await trial
        finally:
            stop.set()
            await work

    asyncio.run(both())
    pids = [one.pid for one in house.of(RoleReady)]
    assert not [pid for pid in pids if alive(pid)]


async def _tried(test: Callable[[], Awaitable[None]]) -> None:
    await test()


SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from appliance.model.installed import Installed
from appliance.roles import ROLES
from services.supervisor.plan import Plan
from services.supervisor.serve import supervise
folder = Path(sys.argv[1])
python = Path(sys.executable)
installed = Installed(folder, folder / "program", python, None, folder, folder, folder)
plan = Plan(state=folder / "state", installed=installed,
            roles={name: ROLES[name] for name in ("net", "build")},
            program=lambda role: [sys.executable, "-m", "stand_in", role.name])
asyncio.run(supervise(plan, print))
"""


def started(house: House) -> tuple["subprocess.Popen[bytes]", list[int]]:
    """A supervisor of its own process, and the pids of its two roles once they run."""
    outside = subprocess.Popen([sys.executable, "-c", SUPERVISOR, house.folder], cwd=CHECKOUT)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            found = [house.status(role) for role in ("net", "build")]
        except FileNotFoundError:
            found = []
        if found and all(one["state"] == "runs" for one in found):
            return outside, [one["pid"] for one in found]
        time.sleep(0.05)
    outside.kill()
    raise AssertionError("the supervisor did not start its roles")
