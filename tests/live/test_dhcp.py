"""The dhcp role between namespaces, with clients that others wrote."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

import pytest

from appliance.errors import Unreachable
from appliance.events import BootAnswered, ForeignServer, ForeignServerGone
from appliance.model.slices import DhcpNetwork, DnsSlice, Slices, to_json
from appliance.store.journal import read
from appliance.store.leases import LeaseRow, leases
from appliance.store.open import reader
from services.dhcp.wire import decode
from tests.live.namespaces import Namespace, cable, namespaces
from tests.live.waiting import until

pytestmark = pytest.mark.live

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
        dns = DnsSlice("nixie", "lan", (), ())
        fresh.write_text(json.dumps(to_json(Slices(1, networks, dns, ()))))
        fresh.replace(self.slices)

    def start(self, *arguments: str, wait: bool = True) -> None:
        self.role = self.router.start(
            sys.executable,
            str(HERE / "dhcp_role.py"),
            str(self.state),
            str(self.slices),
            *arguments,
            env={"PYTHONPATH": str(ROOT)},
        )
        if wait:
            until(lambda: ":67 " in self.router.run("ss", "-Hlun"), "the role listens")
            until(self.written, "the role has its file")

    def kill(self) -> None:
        assert self.role is not None
        self.role.kill()
        self.role.wait()

    def ended(self) -> int:
        assert self.role is not None
        return self.role.wait(timeout=20)

    def ask(self, *arguments: str, link: str = "dev0") -> list[str]:
        environment = ["env", f"PYTHONPATH={ROOT}"]
        script = [sys.executable, str(HERE / "dhcp_client.py"), link]
        return self.client.run(*environment, *script, *arguments).split()

    def written(self) -> bool:
        try:
            reader(self.state / "leases.db").close()
        except Unreachable:
            return False
        return True

    def leases(self) -> dict[str, LeaseRow]:
        with_rows = reader(self.state / "leases.db")
        try:
            return {str(one.address): one for one in leases(with_rows)}
        finally:
            with_rows.close()

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


# ── foreign clients ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("flag", [(), ("-B",)])
def test_udhcpc_gets_a_lease_by_unicast_or_broadcast(place: Place, flag: tuple[str, ...]) -> None:
    needs("udhcpc")
    place.start("unguarded")
    place.client.run("udhcpc", "-i", "dev0", "-n", "-q", "-f", "-s", "/bin/true", *flag)
    assert list(place.leases()) == ["10.77.1.0"]


def test_udhcpc_gives_its_address_back(place: Place) -> None:
    needs("udhcpc")
    place.start("unguarded")
    client = place.client.start("udhcpc", "-i", "dev0", "-f", "-R", "-s", udhcpc_script(place))
    until(
        lambda: "10.77.1.0/16" in place.client.run("ip", "addr", "show", "dev0"),
        "the client has its address",
    )
    client.terminate()
    until(lambda: place.leases()["10.77.1.0"].state == "released", "the lease is given back")


def udhcpc_script(place: Place) -> str:
    """What udhcpc runs: it sets the address, so that the RELEASE can leave."""
    script = place.state / "script"
    script.write_text(
        '#!/bin/sh\n[ "$1" = bound ] && ip addr add "$ip/16" dev "$interface"\ntrue\n'
    )
    script.chmod(0o755)
    return str(script)


def dhclient(place: Place, *arguments: str) -> str:
    needs("dhclient")
    files = ("-lf", str(place.state / "dhclient.leases"), "-pf", str(place.state / "dhclient.pid"))
    return place.client.run(
        "dhclient", "-1", "-v", "-sf", dhclient_script(place), *files, *arguments, "dev0"
    )


def dhclient_script(place: Place) -> str:
    script = place.state / "dhclient-script"
    script.write_text(
        '#!/bin/sh\ncase "$reason" in BOUND|REBOOT) '
        'ip addr replace "$new_ip_address/16" dev "$interface";; esac\nexit 0\n'
    )
    script.chmod(0o755)
    return str(script)


def test_dhclient_gets_a_lease(place: Place) -> None:
    place.start("unguarded")
    dhclient(place)
    assert "inet 10.77.1.0/16" in place.client.run("ip", "addr", "show", "dev0")
    dhclient(place, "-x")


def test_dhclient_comes_back_to_its_address_after_both_restarted(place: Place) -> None:
    place.start("unguarded")
    dhclient(place)
    dhclient(place, "-x")
    place.kill()
    place.start("unguarded")
    dhclient(place)
    assert list(place.leases()) == ["10.77.1.0"]
    dhclient(place, "-r")
    until(lambda: place.leases()["10.77.1.0"].state == "released", "the lease is given back")


def test_perfdhcp_is_never_given_one_address_twice(place: Place) -> None:
    home = Path(os.environ.get("NIXIE_HOME", "/opt/nixie")) / "peers" / "kea"
    perfdhcp = home / "usr" / "sbin" / "perfdhcp"
    if not perfdhcp.exists():
        pytest.skip("perfdhcp is not installed")
    place.start("unguarded")
    place.client.run("ip", "addr", "add", "10.77.0.2/16", "dev", "dev0")
    libraries = f"LD_LIBRARY_PATH={next(home.glob('usr/lib/*-linux-gnu'))}"
    asked = f"{perfdhcp} -4 -l 10.77.0.2 -r 200 -R 20000 -p 3 -u 10.77.0.1"
    said = place.client.run("sh", "-c", f"{libraries} {asked}; true")  # it fails on a lost packet
    assert said.count("non unique addresses: 0") == 2, said
    assert said.count("rejected leases: 0") == 2, said
    assert place.leases()


# ── sockets ───────────────────────────────────────────────────────────────────────────────────────


def test_g32_the_answer_on_4011_leaves_from_4011(place: Place) -> None:
    place.start("unguarded")
    place.client.run("ip", "addr", "add", "10.77.0.9/16", "dev", "dev0")
    port, answer = place.ask("4011", "10.77.0.1", hex_of("ovmf-x64-4011"))
    assert port == "4011"
    assert decode(bytes.fromhex(answer)).file == b"x64/snponly.efi"
    assert [type(event) for event in place.events()][-1] is BootAnswered


def test_g41_each_link_is_answered_on_itself(place: Place) -> None:
    wire(place.router, "guest0", "10.78.0.1/16", place.client, "dev1")
    place.publish(LAN, GUEST)
    place.start("unguarded")
    assert place.ask("exchanges", "1", link="dev1") == ["10.78.1.0"]
    assert place.ask("exchanges", "1", link="dev0") == ["10.77.1.0"]


def test_a_room_that_is_switched_on_at_once_is_answered(place: Place) -> None:
    place.start("unguarded")
    offered = place.ask("burst", "150")
    assert len(set(offered)) == len(offered) == 150


def test_a_new_slice_is_taken_over_while_clients_ask(place: Place) -> None:
    place.start("unguarded")
    script = [sys.executable, str(HERE / "dhcp_client.py"), "dev0", "exchanges", "400"]
    asking = subprocess.Popen(
        ["ip", "netns", "exec", place.client.name, *script],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    until(lambda: len(place.leases()) > 20, "clients are served")
    place.publish(replace(LAN, lease_seconds=7200, domain="home"))
    said, _ = asking.communicate(timeout=120)
    given = said.decode().split()
    assert "none" not in given
    assert len(set(given)) == 400
    assert max(one.ends_at - one.given_at for one in place.leases().values()) > 7000


# ── what was confirmed stays ──────────────────────────────────────────────────────────────────────


def test_a_lease_written_before_a_crash_is_kept_though_its_ack_never_left(place: Place) -> None:
    place.start("dhcp.committed", "unguarded")
    assert place.ask("exchanges", "1") == ["none"]
    place.ended()
    assert (place.state / "hit").exists()
    assert list(place.leases()) == ["10.77.1.0"]
    place.start("unguarded")
    answer = decode(bytes.fromhex(place.ask("request", "10.77.1.0")[0]))
    assert answer.kind == 5


def test_after_kill_9_every_address_that_was_acknowledged_is_stored(place: Place) -> None:
    place.start("unguarded")
    script = [sys.executable, str(HERE / "dhcp_client.py"), "dev0", "exchanges", "100000"]
    asking = subprocess.Popen(
        ["ip", "netns", "exec", place.client.name, *script],
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        until(lambda: len(place.leases()) > 150, "clients are served")
        place.kill()
    finally:
        asking.kill()
    said, _ = asking.communicate()
    given = {one for one in said.decode().split() if one != "none"}
    assert len(given) >= 150
    assert given <= set(place.leases())


# ── the guard ─────────────────────────────────────────────────────────────────────────────────────


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


def dnsmasq(place: Place, foreign: Namespace) -> subprocess.Popen[bytes]:
    return foreign.start(
        "dnsmasq",
        *("--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--interface=lan0"),
        *("--dhcp-range=10.77.250.10,10.77.250.99,1h", "--no-ping", "--bind-interfaces"),
        f"--dhcp-leasefile={place.state / 'foreign.leases'}",
        *("--pid-file=", "--user=root"),
    )


def test_beside_a_foreign_server_nobody_gets_an_address_from_us(
    place: Place, foreign: Namespace
) -> None:
    other = dnsmasq(place, foreign)
    place.start()
    told = until(
        lambda: [event for event in place.events() if isinstance(event, ForeignServer)],
        "the foreign server is told of",
    )
    assert [event.server for event in told] == ["10.77.0.250"]
    assert all(address.startswith("10.77.250.") for address in place.ask("exchanges", "3"))
    assert place.leases() == {}
    other.kill()
    until(
        lambda: ForeignServerGone("lan", "10.77.0.250") in place.events(),
        "the foreign server is gone",
        seconds=90,
    )
    assert place.ask("exchanges", "1") == ["10.77.1.0"]


def test_an_alone_server_begins_to_answer_by_itself(place: Place) -> None:
    place.start()
    assert place.ask("exchanges", "1") == ["10.77.1.0"]
    assert not [event for event in place.events() if isinstance(event, ForeignServer)]
