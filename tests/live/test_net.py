"""The net role on a real kernel: a router between a LAN and an ISP, each a namespace."""

import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from appliance.errors import Unreachable
from appliance.events import DriftRepaired, LinkMissing, LinkReturned, RevisionApplied
from appliance.model.slices import Slices
from appliance.roles import ROLES
from appliance.store import trials
from appliance.store.journal import Entry, read
from appliance.store.open import reader
from tests.live.namespaces import Namespace, cable, namespaces
from tests.live.waiting import until

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
ROLE = (
    "import asyncio, sys; from pathlib import Path; from services.net.serve import serve; "
    "asyncio.run(serve(Path(sys.argv[1])))"
)
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
    "wan": {"port": "up0", "address": "192.0.2.2/24", "gateway": "192.0.2.1"},
    "schema": 1,
}
CONNECT = "import socket, sys; socket.create_connection((sys.argv[1], int(sys.argv[2])), 1).close()"
INVENTORY = """
CREATE TABLE revision (number INTEGER PRIMARY KEY, config TEXT, author TEXT, at REAL);
CREATE TABLE machine (id TEXT PRIMARY KEY, name TEXT, removed_at REAL);
CREATE TABLE machine_mac (machine TEXT, network TEXT, mac TEXT);
CREATE TABLE intent (id TEXT, machine TEXT, kind TEXT, host TEXT, menu TEXT, specialisation TEXT);
"""


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

    def revise(self, config: dict[str, Any]) -> int:
        """Write the next revision as web does; its number."""
        path = self.state / "nixie.db"
        fresh = not path.exists()
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        if fresh:
            connection.executescript(INVENTORY)
        done = connection.execute(
            "INSERT INTO revision (config, author, at) VALUES (?, 'test', 0)", (json.dumps(config),)
        )
        connection.close()
        return int(done.lastrowid or 0)

    def apply(self, config: dict[str, Any]) -> None:
        """Revise, and wait until it is kept."""
        number = self.revise(config)
        until(lambda: self.kept() == number, f"revision {number} is kept")

    def serve_lan(self) -> None:
        """Apply CONFIG, and wait until the kernel has noticed the cable (it takes up to 1 s)."""
        self.apply(CONFIG)
        until(lambda: self.lan.pings("10.77.0.1"), "the LAN reaches the router")

    def net(self) -> sqlite3.Connection | None:
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

    def ruleset(self) -> str:
        return self.inside.run("nft", "-s", "list", "ruleset")


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
        router.start()
        yield router
    shutil.rmtree(state)


@contextmanager
def speaking(where: Namespace, script: str) -> Iterator[Callable[[], str]]:
    """Run a script in a namespace; calling the value gives its next line."""
    argv = ["ip", "netns", "exec", where.name, sys.executable, "-c", script]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout
            output = child.stdout
            yield lambda: output.readline().strip()
        finally:
            child.kill()


@contextmanager
def listening(where: Namespace, port: int) -> Iterator[None]:
    """Take TCP connections on a port, IPv4 and IPv6."""
    script = (
        "import socket, time; "
        f"s = socket.create_server(('', {port}), family=socket.AF_INET6, dualstack_ipv6=True); "
        "print('up', flush=True); time.sleep(60)"
    )
    with speaking(where, script) as said:
        assert said() == "up"
        yield


def test_a_revision_becomes_bridge_address_route_filter_and_forwarding(router: Router) -> None:
    router.apply(CONFIG)
    assert {"br-lan 10.77.0.1/24", "up0 192.0.2.2/24"} <= router.addresses()
    assert "master br-lan" in router.inside.run("ip", "link", "show", "p1")
    assert "default via 192.0.2.1 dev up0" in router.inside.run("ip", "route")
    assert "policy drop" in router.ruleset()
    assert router.inside.run("cat", "/proc/sys/net/ipv4/ip_forward").strip() == "1"


def test_the_slices_are_published(router: Router) -> None:
    router.apply(CONFIG)
    slices = router.slices()
    assert slices
    assert [(one.name, one.link) for one in slices.dhcp] == [("lan", "br-lan")]


def test_applying_the_same_again_takes_no_step(router: Router) -> None:
    router.apply(CONFIG)
    router.apply({**CONFIG, "hostname": "other"})
    assert router.told(RevisionApplied)[-1].steps == ()


def test_a_ping_from_the_lan_passes_to_the_internet_masqueraded(router: Router) -> None:
    router.serve_lan()
    assert router.lan.pings("192.0.2.1")  # the ISP has no way back to 10.77.0.0/24


def test_nobody_on_the_internet_side_reaches_a_port(router: Router) -> None:
    router.serve_lan()
    with listening(router.inside, 443):
        assert router.isp.fails(sys.executable, "-c", CONNECT, "192.0.2.2", "443")
        router.lan.python(CONNECT, "10.77.0.1", "443")
    assert router.dropped("wan-input-dropped") > 0


def test_nobody_on_the_internet_side_reaches_a_port_by_ipv6(router: Router) -> None:
    router.apply(CONFIG)
    own = router.link_local("up0")

    def refused() -> bool:
        assert router.isp.fails(sys.executable, "-c", CONNECT, f"{own}%eth0", "443")
        return router.dropped("wan-input-dropped") > 0

    with listening(router.inside, 443):
        until(refused, "an attempt came as far as the filter")
    found = router.isp.run("ip", "-6", "neigh", "show", own, "dev", "eth0")
    assert "lladdr" in found  # neighbour discovery works: it was the port that was shut


def test_the_lan_reaches_what_is_served_there_and_nothing_else(router: Router) -> None:
    router.serve_lan()
    with listening(router.inside, 80), listening(router.inside, 8080):
        router.lan.python(CONNECT, "10.77.0.1", "80")
        assert router.lan.fails(sys.executable, "-c", CONNECT, "10.77.0.1", "8080")


def test_a_tftp_transfer_goes_on_at_the_port_that_the_server_drew(router: Router) -> None:
    router.serve_lan()
    server = """
import socket
asked = socket.socket(2, 2); asked.bind(("", 69)); print("up", flush=True)
_, client = asked.recvfrom(512)
drawn = socket.socket(2, 2); drawn.connect(client); drawn.send(b"data"); drawn.settimeout(5)
print(drawn.recv(512).decode(), flush=True)
"""
    client = """
import socket
s = socket.socket(2, 2); s.settimeout(5); s.sendto(b"read", ("10.77.0.1", 69))
_, drawn = s.recvfrom(512)
s.sendto(b"ack", drawn)
"""
    with speaking(router.inside, server) as said:
        assert said() == "up"
        router.lan.python(client)
        assert said() == "ack"


def test_nobody_on_the_internet_side_is_forwarded_to_the_lan(router: Router) -> None:
    router.apply(CONFIG)
    router.isp.run("ip", "route", "add", "10.77.0.0/24", "via", "192.0.2.2")
    assert not router.isp.pings("10.77.0.50")
    assert router.dropped("wan-forward-dropped") == 1


def test_an_address_that_somebody_deletes_comes_back(router: Router) -> None:
    router.apply(CONFIG)
    router.inside.run("ip", "addr", "del", "10.77.0.1/24", "dev", "br-lan")
    until(lambda: "br-lan 10.77.0.1/24" in router.addresses(), "the address is back")
    until(lambda: router.told(DriftRepaired), "the repair is told")
    assert router.told(DriftRepaired)[0].what == "Give br-lan the address 10.77.0.1/24."


def test_an_address_that_somebody_else_added_stays(router: Router) -> None:
    router.apply(CONFIG)
    router.inside.run("ip", "addr", "add", "10.99.0.1/24", "dev", "br-lan")
    router.inside.run("ip", "addr", "del", "10.77.0.1/24", "dev", "br-lan")
    until(lambda: "br-lan 10.77.0.1/24" in router.addresses(), "ours is back")
    assert "br-lan 10.99.0.1/24" in router.addresses()


def test_a_renumbered_lan_leaves_nothing_of_the_old_one(router: Router) -> None:
    router.apply(CONFIG)
    network = {**NETWORK, "address": "10.78.0.1/24", "dhcp": None}
    router.apply({**CONFIG, "networks": [network]})
    assert "br-lan 10.78.0.1/24" in router.addresses()
    assert "br-lan 10.77.0.1/24" not in router.addresses()
    assert "10.77.0.0" not in router.ruleset()


def test_the_drop_counters_survive_a_refill(router: Router) -> None:
    router.apply(CONFIG)
    connect = "import socket; s=socket.socket(); s.settimeout(0.3); s.connect_ex(('192.0.2.2', 22))"
    router.isp.python(connect)
    counted = router.dropped("wan-input-dropped")
    second = {"name": "lab", "bridge": "br-lab", "ports": [], "address": "10.80.0.1/24"}
    router.apply({**CONFIG, "networks": [NETWORK, second]})
    assert router.dropped("wan-input-dropped") == counted > 0


def test_a_wrong_revision_is_refused_with_its_reason(router: Router) -> None:
    router.apply(CONFIG)
    before = router.ruleset()
    router.revise({**CONFIG, "networks": [{**NETWORK, "address": "10.77.0.0/24"}]})
    refused = until(
        lambda: [one for one in router.events() if type(one.event).__name__ == "RevisionRefused"],
        "the revision is refused",
    )
    assert "names the whole network" in refused[0].event.why  # type: ignore[attr-defined]
    assert router.ruleset() == before


def test_what_the_kernel_refuses_is_put_back(router: Router) -> None:
    router.apply(CONFIG)
    router.inside.run("ip", "link", "add", "br-bad", "type", "ifb")
    second = {"name": "bad", "bridge": "br-bad", "ports": [], "address": "10.80.0.1/24"}
    router.revise({**CONFIG, "networks": [NETWORK, second]})
    until(
        lambda: [one for one in router.events() if type(one.event).__name__ == "RevisionRefused"],
        "the revision is refused",
    )
    assert "br-bad" not in router.ruleset()
    assert router.kept() == 1


def test_a_missing_port_is_reported_not_guessed(router: Router) -> None:
    router.apply({**CONFIG, "networks": [{**NETWORK, "ports": ["p1", "p2"]}]})
    assert router.told(LinkMissing) == [LinkMissing("lan", "p2")]
    router.inside.run("ip", "link", "add", "p2", "type", "veth", "peer", "name", "p2far")
    until(lambda: router.told(LinkReturned), "the port is back")
    assert "master br-lan" in router.inside.run("ip", "link", "show", "p2")


def test_a_port_known_by_mac_is_found_under_another_name(router: Router) -> None:
    mac = json.loads(router.inside.run("ip", "-j", "link", "show", "p1"))[0]["address"]
    router.inside.run("ip", "link", "set", "p1", "name", "renamed")
    router.apply({**CONFIG, "networks": [{**NETWORK, "ports": [mac]}]})
    assert "master br-lan" in router.inside.run("ip", "link", "show", "renamed")


def test_after_a_restart_the_kept_config_stands_without_nixie_db(router: Router) -> None:
    router.apply(CONFIG)
    router.kill()
    for path in router.state.glob("nixie.db*"):
        path.unlink()
    router.inside.run("ip", "link", "del", "br-lan")
    router.inside.run("nft", "flush", "ruleset")
    router.start()
    until(lambda: "br-lan 10.77.0.1/24" in router.addresses(), "the address is back")
    until(lambda: "policy drop" in router.ruleset(), "the filter is back")


def test_killed_in_the_middle_of_a_change_it_converges_after_a_restart(router: Router) -> None:
    router.apply(CONFIG)
    many = [
        {"name": f"n{at}", "bridge": f"br-n{at}", "ports": [], "address": f"10.{100 + at}.0.1/24"}
        for at in range(100)
    ]
    number = router.revise({**CONFIG, "networks": [NETWORK, *many]})
    until(lambda: "br-n5:" in router.inside.run("ip", "link"), "the change is under way")
    router.kill()
    assert router.inside.run("ip", "-4", "-o", "addr").count(": br-n") < 100
    assert router.kept() == 1
    router.start()
    until(lambda: router.kept() == number, "the revision is kept", 60)
    assert router.inside.run("ip", "-4", "-o", "addr").count(": br-n") == 100


def test_a_first_change_cut_off_and_withdrawn_leaves_nothing(router: Router) -> None:
    many = [
        {"name": f"n{at}", "bridge": f"br-n{at}", "ports": [], "address": f"10.{100 + at}.0.1/24"}
        for at in range(100)
    ]
    router.revise({**CONFIG, "networks": many})
    until(lambda: "br-n5:" in router.inside.run("ip", "link"), "the change is under way")
    router.kill()
    assert router.kept() is None
    for path in router.state.glob("nixie.db*"):
        path.unlink()
    router.start()
    until(
        lambda: "br-n" not in router.inside.run("ip", "link") and not router.ruleset().strip(),
        "everything of the change is gone",
        60,
    )
