"""A router with IPv6: supervisor, net role, radvd and dhcpcd, between a LAN and a provider."""

import os
import re
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from appliance.assemble import daemon
from tests.live.namespaces import Namespace, cable, namespaces
from tests.live.net_room import CONFIG, NETWORK, Router, program
from tests.live.waiting import until

__all__ = ["program", "six"]

HOME = Path(os.environ.get("NIXIE_HOME", "/opt/nixie"))
ISP = Path(__file__).with_name("prefix_isp.py")
SUPERVISOR = """
import asyncio, sys
from pathlib import Path
from appliance.assemble import daemons
from appliance.model.installed import Installed
from appliance.roles import ROLES
from services.supervisor.plan import Plan
from services.supervisor.serve import supervise
program, state, home, namespace, *names = sys.argv[1:]
here = Path(home)
installed = Installed(here, Path(program), Path(sys.executable), None, here, here, here)
roles = {name: ROLES[name] for name in names}
plan = Plan(state=Path(state), installed=installed, roles=roles,
            namespace=namespace, daemons=daemons(here))
asyncio.run(supervise(plan, lambda event: print(event, flush=True)))
"""
TRACKING = """
import socket, sys
sys.path.insert(0, sys.argv[1])
from services.clock.tracking import question, synchronised
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.settimeout(1)
    s.sendto(question(9), ("127.0.0.1", 323))
    try:
        print(synchronised(s.recv(999), 9))
    except OSError:
        print(False)
"""
ULA = "fd12:3456:789a::/48"
SIX: dict[str, Any] = {
    **CONFIG,
    "ula": ULA,
    "networks": [{**NETWORK, "ipv6": {}}],
    "wan": {"port": "up0", "static": {"address": "192.0.2.2/24", "gateway": "192.0.2.1"}},
}


@dataclass
class Six(Router):
    """The router, and the provider's two programs."""

    roles: Sequence[str] = ("net", "dns")
    supervisor: subprocess.Popen[bytes] | None = None
    provider: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start(self) -> None:
        """Start the supervisor, as root."""
        where = (self.program, self.state, HOME, self.inside.name)
        self.supervisor = subprocess.Popen(
            [sys.executable, "-c", SUPERVISOR, *where, *self.roles],
            env={**os.environ, "PYTHONPATH": str(self.program)},
            cwd="/",  # not the checkout, which dhcpcd may not be allowed to see
        )

    def kill(self) -> None:
        """A power cut: nothing gets to say good-bye."""
        assert self.supervisor
        children = descendants(self.supervisor.pid)
        for pid in (self.supervisor.pid, *children):
            os.kill(pid, signal.SIGKILL)
        self.supervisor.wait()
        until(lambda: not any(map(alive, children)), "everything is dead")

    def stop(self) -> None:
        assert self.supervisor
        self.supervisor.terminate()
        self.supervisor.wait(120)

    def delegate(self, prefix: str, preferred: int = 1800, valid: int = 3600) -> None:
        """From now on the provider delegates `prefix`, and sends what belongs to it here."""
        self.keep_to_itself()
        words = (str(ISP), "eth0", prefix, str(preferred), str(valid))
        self.provider = [self.isp.start(sys.executable, *words)]
        until(lambda: ":0223" in self.isp.run("cat", "/proc/net/udp6"), "the provider listens")

    def keep_to_itself(self) -> None:
        """The provider delegates nothing any more."""
        for child in self.provider:
            child.kill()
            child.wait()

    def ask_again(self) -> None:
        """Have dhcpcd renew now, and not in hours."""
        os.kill(self.pid("dhcpcd"), signal.SIGHUP)

    def pid(self, name: str) -> int:
        """The pid of a program below the supervisor; 0 when it does not run."""
        assert self.supervisor
        found = [pid for pid in descendants(self.supervisor.pid) if name_of(pid) == name]
        return found[0] if found else 0

    def proc(self, name: str, file: str) -> str:
        """A file of /proc about a program below the supervisor."""
        return Path(f"/proc/{self.pid(name)}/{file}").read_text()

    def tells_the_time(self) -> None:
        """The provider has an NTP server, which says that it knows the time."""
        folder = self.state / "provider"
        folder.mkdir()
        conf = folder / "chrony.conf"
        conf.write_text(
            f"local stratum 2\nallow\npidfile {folder}/pid\nbindcmdaddress /\ncmdport 0\n"
        )
        chronyd = daemon("chronyd", HOME)
        assert chronyd
        self.provider.append(
            self.isp.start(str(chronyd), "-x", "-u", "root", "-d", "-f", str(conf))
        )

    def synchronised(self) -> bool:
        """Does the router's own chronyd follow a server?"""
        return self.inside.python(TRACKING, str(self.program)).strip() == "True"

    def forget(self) -> None:
        """As after a reboot: dhcpcd's report is of another run of the machine."""
        report = self.state / "dhcpcd/report"
        lines = report.read_text().splitlines()[1:]
        report.write_text("\n".join(["boot=another", *lines]))

    def wholes(self) -> str:
        """The delegated prefixes that the router knows of."""
        return self.inside.run("ip", "-6", "route", "show", "type", "unreachable")

    def announce(self) -> None:
        """The provider's side of the cable: its route to the delegated prefix, and ours to it."""
        ours, theirs = link_local(self.inside, "up0"), link_local(self.isp, "eth0")
        self.isp.run("ip", "-6", "route", "add", "2001:db8:42::/56", "via", ours, "dev", "eth0")
        self.inside.run("ip", "-6", "route", "add", "default", "via", theirs, "dev", "up0")

    def six(self, link: str = "br-lan") -> set[str]:
        """The router's global IPv6 addresses on a link."""
        return {one for one, _ in addresses(self.inside, link)}


def addresses(where: Namespace, link: str) -> list[tuple[str, bool]]:
    """The global IPv6 addresses of a link that can be used, and whether each is deprecated."""
    listed = where.run("ip", "-6", "-o", "addr", "show", "dev", link, "scope", "global")
    return [
        (found[1], " deprecated " in line)
        for line in listed.splitlines()
        if "tentative" not in line and (found := re.search(r"inet6 (\S+)/", line))
    ]


def link_local(where: Namespace, link: str) -> str:
    """The IPv6 address that is good on that link alone."""
    listed = where.run("ip", "-6", "-o", "addr", "show", "dev", link, "scope", "link")
    return listed.split("inet6 ")[1].split("/")[0]


def descendants(pid: int) -> list[int]:
    """Every process below `pid`."""
    told = subprocess.run(
        ["pgrep", "-P", str(pid)], capture_output=True, text=True, check=False
    ).stdout.split()
    return [found for child in map(int, told) for found in (child, *descendants(child))]


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/exe").exists() and "State:\tZ" not in _status(pid)


def name_of(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""


def _status(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return "State:\tZ"


def needs_daemons() -> None:
    """Skip where set-up did not bring the programs of others."""
    missing = [name for name in ("radvd", "dhcpcd", "chronyd") if daemon(name, HOME) is None]
    if missing:
        pytest.skip(f"set-up did not bring {', '.join(missing)}")


@contextmanager
def switched_on(place: Six) -> Iterator[Six]:
    """The router runs for the length of a block; at its end its logs are printed."""
    place.state.mkdir(mode=0o755)
    with closing(place.web()) as held:  # readers need its -wal and -shm
        held.execute("SELECT 1 FROM revision").fetchall()
        place.start()
        try:
            until(lambda: (place.state / "net.db-shm").exists(), "net holds its file")
            yield place
        finally:
            place.stop()
            print(*(one.read_text() for one in (place.state / "logs").glob("*.log")))
            shutil.rmtree(place.state)


def place_of_state() -> Path:
    """Where nobody has a state directory yet."""
    return Path(f"/tmp/nx-six-{uuid.uuid4().hex[:6]}")


@pytest.fixture
def six(program: Path) -> Iterator[Six]:
    needs_daemons()
    with namespaces("r", "lan", "isp") as (inside, lan, isp):
        cable(inside, "p1", lan, "eth0")
        cable(inside, "up0", isp, "eth0")
        isp.run("sysctl", "-qw", "net.ipv6.conf.all.forwarding=1")
        lan.run("sysctl", "-qw", "net.ipv6.conf.eth0.accept_ra=1")
        for far in (lan, isp):
            far.run("ip", "link", "set", "eth0", "up")
        isp.run("ip", "addr", "add", "2001:db8:ffff::1/64", "dev", "eth0", "nodad")
        with switched_on(Six(inside, lan, isp, program, place_of_state())) as place:
            yield place
