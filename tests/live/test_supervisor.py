"""The supervisor with real processes, users, sockets and network namespaces."""

import asyncio
import json
import os
import shutil
import signal
import socket
import sqlite3
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

from appliance.events import Event, RoleReady, RoleUnserved, ServiceFailed, say
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
from appliance.store.open import reader, writer
from appliance.store.trials import MIGRATIONS
from services.nix.daemon import DaemonRequest, Folder
from services.processes.driver import ability
from services.processes.privileges import Identity, identities
from services.supervisor.child import Patience
from services.supervisor.driver import proved
from services.supervisor.plan import Plan
from services.supervisor.serve import supervise

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: users and network namespaces"),
]

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
            patience=Patience(ready_seconds=20, beat_seconds=4),
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
        told = json.dumps(to_json(Slices(1, dhcp, DnsSlice("router", "lan", dns, ()), boot)))
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


def ask(namespace: str, port: int, to: str, seconds: float = 0.5) -> tuple[int, str] | None:
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
    """Wait for a condition, which may block for a moment; fails after a minute."""
    async with asyncio.timeout(60):
        while not (found := await asyncio.to_thread(condition)):
            await asyncio.sleep(0.05)
        return found


def alive(pid: int) -> bool:
    return (
        Path(f"/proc/{pid}").exists()
        and "Z (zombie)" not in Path(f"/proc/{pid}/status").read_text()
    )


@pytest.fixture
def house() -> Iterator[House]:
    folder = Path(tempfile.mkdtemp(prefix="nx", dir="/tmp"))
    folder.chmod(0o755)
    program = folder / "program"
    for room in ("appliance", "services"):
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


def test_a_role_runs_as_its_own_user_with_its_own_capabilities_only(house: House) -> None:
    async def look() -> None:
        house.publish("lan0")
        await house.ready("dhcp")
        told = house.said("dhcp")
        who = USERS["dhcp"]
        assert told["Uid"].split() == [str(who.uid)] * 4
        assert told["Gid"].split() == [str(who.gid)] * 4
        assert told["Groups"].strip() == ""
        raw, bind = 1 << 13, 1 << 10  # CAP_NET_RAW, CAP_NET_BIND_SERVICE
        for kind in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
            assert int(told[kind], 16) == raw | bind
        assert told["NoNewPrivs"] == "1"
        assert told["Umask"] == "0027"
        assert told["sockets"] == ["dhcp.lan0", "pxe.lan0"]
        inside = os.stat(f"/run/netns/{house.router}").st_ino
        assert told["namespace"] == f"net:[{inside}]"

    during(house, house.plan("dhcp", "net"), look)


def test_a_role_outside_the_lab_is_not_in_the_namespace(house: House) -> None:
    async def look() -> None:
        await house.ready("build")
        assert house.said("build")["namespace"] == os.readlink("/proc/self/ns/net")

    during(house, house.plan("build"), look)


def test_a_killed_role_is_started_again(house: House) -> None:
    async def kill() -> None:
        first = await house.ready("build")
        os.kill(first, signal.SIGKILL)
        second = await house.ready("build", times=2)
        assert second != first
        (failed,) = house.of(ServiceFailed)
        assert say(failed) == "build stopped: It was ended by signal 9. It starts again in 1 s."

    during(house, house.plan("build"), kill)


def test_a_datagram_sent_while_the_role_is_dead_is_answered_by_the_next_one(house: House) -> None:
    async def kill() -> None:
        house.publish("lan0")
        first = await house.ready("dns")
        assert await house.asked(53) == (first, "dns-udp.lan0")
        os.kill(first, signal.SIGKILL)
        await until(lambda: not alive(first))
        waiting = asyncio.create_task(asyncio.to_thread(ask, house.client, 53, SERVER, 60))
        second = await house.ready("dns", times=2)
        assert await waiting == (second, "dns-udp.lan0")

    during(house, house.plan("dns", "net"), kill)


def test_a_role_that_stands_still_is_killed_and_started_again(house: House) -> None:
    async def stop() -> None:
        first = await house.ready("build")
        os.kill(first, signal.SIGSTOP)
        second = await house.ready("build", times=2)
        assert second != first
        (failed,) = house.of(ServiceFailed)
        assert failed.why == "It had not given a sign of life for 4 s and was killed."

    during(house, house.plan("build"), stop)


def test_a_role_that_never_becomes_ready_is_killed(house: House) -> None:
    (house.folder / "program/build.mute").touch()
    patience = Patience(ready_seconds=2, beat_seconds=4)

    async def wait() -> None:
        await until(lambda: house.of(ServiceFailed))
        assert "It had not become ready for 2 s" in house.of(ServiceFailed)[0].why

    during(house, house.plan("build", patience=patience), wait)


def test_a_socket_answers_only_on_its_own_interface(house: House) -> None:
    cable(house, "wan0", 1)

    async def knock() -> None:
        house.publish("lan0")
        await house.ready("dns")
        assert (await house.asked(53))[1] == "dns-udp.lan0"
        for _ in range(3):
            assert await asyncio.to_thread(ask, house.client, 53, "10.71.1.1") is None

    during(house, house.plan("dns", "net"), knock)


def test_a_role_that_needs_sockets_waits_for_what_net_publishes(house: House) -> None:
    async def wait() -> None:
        await house.ready("net")
        assert not [one for one in house.of(RoleReady) if one.role == "dhcp"]
        house.publish("lan0")
        await house.ready("dhcp")

    during(house, house.plan("dhcp", "net"), wait)


def test_a_new_network_brings_its_socket_to_the_role(house: House) -> None:
    async def widen() -> None:
        house.publish("lan0")
        await house.ready("dns")
        cable(house, "lan1", 1)
        house.publish("lan0", "lan1")
        await house.ready("dns", times=2)
        assert (await until(lambda: ask(house.client, 53, "10.71.1.1")))[1] == "dns-udp.lan1"
        assert house.of(ServiceFailed) == []

    during(house, house.plan("dns", "net"), widen)


def test_an_interface_made_again_is_listened_on_again(house: House) -> None:
    async def replug() -> None:
        house.publish("lan0")
        first = await house.ready("dns")
        assert (await house.asked(53))[0] == first
        ip("-n", house.router, "link", "del", "lan0")
        cable(house, "lan0", 0)
        pid, name = await house.asked(53)
        assert name == "dns-udp.lan0"
        assert pid != first

    during(house, house.plan("dns", "net"), replug)


def test_g47_a_taken_port_is_said_with_the_name_of_its_holder(house: House) -> None:
    program = "import socket, time; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); "
    program += "s.bind(('', 67)); print('here', flush=True); time.sleep(999)"
    thief = subprocess.Popen(
        ["ip", "netns", "exec", house.router, "python3", "-c", program],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert thief.stdout is not None
    thief.stdout.readline()

    async def start() -> None:
        house.publish("lan0")
        await house.ready("dhcp")
        assert house.said("dhcp")["sockets"] == ["pxe.lan0"]
        sentence = (
            f"UDP port 67 on lan0 is taken by python3 (pid {thief.pid}): stop it, or take lan0 "
            "from it."
        )
        assert house.of(RoleUnserved) == [RoleUnserved("dhcp", "dhcp.lan0", sentence)]
        assert house.status("dhcp")["problems"] == {"dhcp.lan0": sentence}
        await house.ready("dns")
        thief.kill()
        await until(lambda: thief.poll() is not None)
        await house.ready("dhcp", times=2)
        assert house.said("dhcp")["sockets"] == ["dhcp.lan0", "pxe.lan0"]

    try:
        during(house, house.plan("dhcp", "dns", "net"), start)
    finally:
        thief.kill()
        thief.wait()


def test_the_web_listens_on_loopback_outside_the_namespace_in_the_lab(house: House) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]

    async def call() -> None:
        pid = await house.ready("web")
        with socket.create_connection(("127.0.0.1", port), timeout=10) as talk:
            assert talk.recv(99).decode() == f"{pid} admin-local"
        house.publish("lan0")
        await house.ready("dns")
        assert house.said("web")["sockets"] == ["admin-local"]

    during(house, house.plan("web", "dns", "net", admin_local_port=port), call)


def test_our_nix_daemon_is_started_with_its_files_and_started_again(house: House) -> None:
    conf = house.folder / "conf"

    def request() -> DaemonRequest:
        argv = ("/bin/sh", "-c", f"echo $$ >> {house.folder}/pids; exec sleep 600")
        return DaemonRequest(argv, {"PATH": "/bin"}, (Folder(conf, 0o755),), {conf / "a": "b"})

    def pids() -> list[int]:
        path = house.folder / "pids"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    async def kill() -> None:
        await until(lambda: len(pids()) == 1)
        assert (conf / "a").read_text() == "b"
        os.kill(pids()[0], signal.SIGKILL)
        await until(lambda: len(pids()) == 2)

    during(house, house.plan("build", nix_daemon=request), kill)
    assert not alive(pids()[-1])


def read_as(who: Identity, path: Path) -> str:
    """What `who` reads from the table `fact`, or the error."""
    program = (
        "import sqlite3, sys; c = sqlite3.connect(f'file:{sys.argv[1]}?mode=ro', uri=True); "
        "print(c.execute('SELECT max(n) FROM fact').fetchone()[0])"
    )
    argv = ["setpriv", "--reuid", str(who.uid), "--regid", str(who.gid), "--clear-groups", "--"]
    argv += [sys.executable, "-I", "-c", program, str(path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return done.stdout.strip() or done.stderr.strip().splitlines()[-1]


def write_as(who: Identity, path: Path) -> subprocess.Popen[str]:
    """A process of `who` that adds a number to `fact` for each line it is sent."""
    program = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "c.execute('CREATE TABLE IF NOT EXISTS fact (n INTEGER)')\n"
        "for line in sys.stdin:\n"
        "    c.execute('INSERT INTO fact VALUES (?)', (int(line),)); print(line, flush=True)\n"
        "c.close(); print('closed', flush=True)"
    )
    argv = ["setpriv", "--reuid", str(who.uid), "--regid", str(who.gid), "--clear-groups", "--"]
    argv += [sys.executable, "-I", "-c", program, str(path)]
    return subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def add(writing: "subprocess.Popen[str]", number: int) -> None:
    assert writing.stdin is not None
    assert writing.stdout is not None
    writing.stdin.write(f"{number}\n")
    writing.stdin.flush()
    writing.stdout.readline()
    writing.stdout.readline()


def test_another_role_reads_a_database_while_its_writer_runs(house: House) -> None:
    path = house.state / "leases.db"

    async def read() -> None:
        await house.ready("build")
        writing = write_as(USERS["dhcp"], path)
        for number in (1, 2, 3):
            add(writing, number)
            assert read_as(USERS["boot"], path) == str(number)
        writing.kill()
        writing.wait()
        assert read_as(USERS["boot"], path) == "3"
        again = write_as(USERS["dhcp"], path)
        add(again, 4)
        assert again.communicate() == ("closed\n", None)
        assert read_as(USERS["boot"], path) == "4"

    during(house, house.plan("dhcp", "boot", "build", "net"), read)


def test_no_role_writes_another_roles_database(house: House) -> None:
    async def write() -> None:
        await house.ready("build")
        writing = write_as(USERS["boot"], house.state / "leases.db")
        writing.communicate()
        assert writing.returncode != 0
        folder = write_as(USERS["boot"], house.state / "more.db")
        folder.communicate()
        assert folder.returncode != 0

    during(house, house.plan("dhcp", "boot", "build", "net"), write)


@pytest.mark.parametrize("who", [USERS["boot"], CONFINED["eval"]], ids=["boot", "eval"])
def test_nobody_but_the_web_reads_the_access_database(house: House, who: Identity) -> None:
    async def read() -> None:
        await house.ready("build")
        assert "unable to open" in read_as(who, house.state / "access.db")

    during(house, house.plan("web", "build", "net"), read)


def test_a_confined_user_reads_no_database(house: House) -> None:
    async def read() -> None:
        house.publish("lan0")
        assert "unable to open" in read_as(CONFINED["eval"], house.state / "net.db")

    during(house, house.plan("net"), read)


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


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_role_outlives_the_supervisor(house: House, number: int) -> None:
    outside, pids = started(house)
    outside.send_signal(number)
    code = outside.wait(timeout=60)
    assert code == (-number if number == signal.SIGKILL else 0)
    deadline = time.monotonic() + 60
    while any(map(alive, pids)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(map(alive, pids))


def test_a_database_is_readable_after_everybody_was_killed(house: House) -> None:
    outside, _ = started(house)
    house.publish("lan0")
    outside.kill()
    outside.wait()
    connection = reader(house.state / "net.db")
    assert connection.execute("SELECT count(*) FROM slice").fetchone() == (1,)
    connection.close()


def test_the_program_is_proved_readable_for_every_role(house: House) -> None:
    able = ability([one.uid for one in USERS.values()])
    assert proved(house.installed, {**USERS, **CONFINED}, able) == ()
    (house.folder / "program/services/systemd/notify.py").chmod(0o600)
    first, *_ = proved(house.installed, {"dns": USERS["dns"]}, able)
    assert "services/systemd/notify.py cannot be read" in first
    assert first.endswith("Install it where every user may read it, such as /opt/nixie.")


def test_a_program_in_a_closed_home_is_not_proved(house: House) -> None:
    house.folder.chmod(0o700)
    able = ability([one.uid for one in USERS.values()])
    (sentence,) = proved(house.installed, {"dns": USERS["dns"]}, able)
    house.folder.chmod(0o755)
    assert sentence.startswith(f"The role dns (user nixie-dns, {USERS['dns'].uid}) cannot run")


def test_a_log_that_grew_is_moved_aside(house: House) -> None:
    async def grow() -> None:
        await house.ready("build")
        log = house.state / "logs/build.log"
        with log.open("ab") as file:
            file.write(b"x" * (2 << 20))
        aside = house.state / "logs/build.log.1"
        await until(aside.exists)
        await until(lambda: log.stat().st_size < 1 << 20)

    during(house, house.plan("build"), grow)


def test_a_database_put_in_place_of_another_is_held_as_well(house: House) -> None:
    path = house.state / "leases.db"

    async def restore() -> None:
        await house.ready("build")
        copy = house.state / "restored.db"
        connection = sqlite3.connect(copy)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("CREATE TABLE fact (n INTEGER)")
        connection.commit()
        connection.close()
        os.chown(copy, USERS["dhcp"].uid, USERS["dhcp"].gid)
        copy.chmod(0o640)
        for old in (f"{path}-wal", f"{path}-shm"):
            Path(old).unlink()
        copy.replace(path)
        await until(lambda: Path(f"{path}-shm").exists())
        writing = write_as(USERS["dhcp"], path)
        add(writing, 7)
        writing.communicate()
        assert read_as(USERS["boot"], path) == "7"

    during(house, house.plan("dhcp", "build"), restore)
