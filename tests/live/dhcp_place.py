"""A router with the dhcp role and a client on one cable, for live tests; and a foreign server."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path
from typing import TypeVar

import pytest

from appliance.errors import Unreachable
from appliance.events import Event
from appliance.model.dns import Dns
from appliance.model.slices import DhcpNetwork, DnsSlice, Slices, to_json
from appliance.store.journal import read
from appliance.store.leases import MIGRATIONS, LeaseRow, Trouble, leases, troubles
from appliance.store.open import reader
from tests.live.namespaces import Namespace, cable, namespaces
from tests.live.waiting import until

Told = TypeVar("Told", bound=Event)
ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
CAPTURES = ROOT / "tests" / "captures" / "dhcp"
LAN = DhcpNetwork(
    name="lan",
    link="lan0",
    address=IPv4Interface("10.77.0.1/16"),
    first=IPv4Address("10.77.1.0"),
    last=IPv4Address("10.77.200.255"),
    lease_seconds=3600,
    domain="lan",
    netboot=True,
)
GUEST = replace(
    LAN,
    name="guest",
    link="guest0",
    address=IPv4Interface("10.78.0.1/16"),
    first=IPv4Address("10.78.1.0"),
    last=IPv4Address("10.78.1.255"),
)


@dataclass
class Place:
    """A router and a client on one cable, the role's state, the slices it follows."""

    router: Namespace
    client: Namespace
    state: Path
    role: subprocess.Popen[bytes] | None = None

    @property
    def slices(self) -> Path:
        return self.state / "slices.json"

    def publish(self, *networks: DhcpNetwork) -> None:
        fresh = self.state / "slices.new"
        dns = DnsSlice("nixie", "lan", (), Dns())
        fresh.write_text(json.dumps(to_json(Slices(1, networks, dns, ()))))
        fresh.replace(self.slices)

    def start(self, *arguments: str, before: tuple[str, ...] = ()) -> None:
        self.role = self.router.start(
            *before,
            sys.executable,
            str(HERE / "dhcp_role.py"),
            str(self.state),
            str(self.slices),
            *arguments,
            env={"PYTHONPATH": str(ROOT)},
        )
        until(lambda: ":67 " in self.router.run("ss", "-Hlun"), "the role listens")
        until(self.written, "the role has its file")

    def kill(self) -> None:
        assert self.role is not None
        self.role.kill()
        self.role.wait()

    def ended(self) -> int:
        assert self.role is not None
        return self.role.wait(timeout=60)

    def ask(self, *arguments: str, link: str = "dev0") -> list[str]:
        environment = ["env", f"PYTHONPATH={ROOT}"]
        script = [sys.executable, str(HERE / "dhcp_client.py"), link]
        return self.client.run(*environment, *script, *arguments).split()

    def written(self) -> bool:
        """Has the role made all of its tables?  Each layout of them is a transaction."""
        try:
            with closing(reader(self.state / "leases.db")) as file:
                (done,) = file.execute("PRAGMA user_version").fetchone()
        except Unreachable:
            return False
        return bool(done == len(MIGRATIONS))

    def leases(self) -> dict[str, LeaseRow]:
        with_rows = reader(self.state / "leases.db")
        try:
            return {str(one.address): one for one in leases(with_rows)}
        finally:
            with_rows.close()

    def troubles(self) -> list[Trouble]:
        connection = reader(self.state / "leases.db")
        try:
            return troubles(connection)
        finally:
            connection.close()

    def events(self) -> list[object]:
        connection = reader(self.state / "leases.db")
        try:
            return [entry.event for entry in read(connection, 0)]
        finally:
            connection.close()


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with namespaces("router", "client") as (router, client):
        wire(router, "lan0", "10.77.0.1/16", client, "dev0")
        made = Place(router, client, tmp_path)
        made.publish(LAN)
        yield made


def wire(left: Namespace, link: str, address: str, right: Namespace, other: str) -> None:
    cable(left, link, right, other)
    left.run("ip", "addr", "add", address, "dev", link)
    left.run("ip", "link", "set", link, "up")
    right.run("ip", "link", "set", other, "up")


def needs(*names: str) -> None:
    for name in names:
        if shutil.which(name) is None:
            pytest.skip(f"{name} is not installed")


def hex_of(name: str) -> str:
    return (CAPTURES / f"{name}.hex").read_text().splitlines()[1]


@pytest.fixture
def foreign(place: Place) -> Iterator[Namespace]:
    """A third namespace, on one bridge with the router and the client."""
    needs("dnsmasq")
    with namespaces("foreign") as (other,):
        client = place.client
        client.run("ip", "link", "set", "dev0", "name", "up0")
        client.run("ip", "link", "add", "br0", "type", "bridge")
        client.run("ip", "link", "add", "dev0", "type", "veth", "peer", "name", "port0")
        cable(client, "port1", other, "lan0")
        for port in ("up0", "port0", "port1"):
            client.run("ip", "link", "set", port, "master", "br0")
        for link in ("br0", "dev0", "up0", "port0", "port1"):
            client.run("ip", "link", "set", link, "up")
        other.run("ip", "addr", "add", "10.77.0.250/16", "dev", "lan0")
        other.run("ip", "link", "set", "lan0", "up")
        yield other


def dnsmasq(place: Place, foreign: Namespace, *role: str) -> subprocess.Popen[bytes]:
    """As people have it: it pings an address for three seconds before it offers it."""
    return foreign.start(
        "dnsmasq",
        *("--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=lan0"),
        *(role or ("--dhcp-range=10.77.250.10,10.77.250.99,1h",)),
        f"--dhcp-leasefile={place.state / 'foreign.leases'}",
        *("--bind-interfaces", "--pid-file=", "--user=root"),
    )


def told(place: Place, kind: type[Told]) -> list[Told]:
    """The first events of that kind, once there are any."""
    return until(
        lambda: [event for event in place.events() if isinstance(event, kind)],
        f"{kind.__name__} is told",
    )
