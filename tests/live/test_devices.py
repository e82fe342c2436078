"""Devices on a real kernel: who is there, whose packets are dropped, how much they move."""

import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from appliance.store import metrics
from appliance.store.open import reader, started
from services.devices.census import STRANGERS_KEPT
from tests.live.namespaces import Namespace
from tests.live.net_room import Router, program, router
from tests.live.waiting import quickest, until

__all__ = ["program", "router"]

pytestmark = pytest.mark.live

MAC = "02:00:00:00:00:07"
SERVER = """
import socket, sys, threading
def serve(server):
    while True:
        taken, _ = server.accept()
        threading.Thread(target=echo, args=(taken,), daemon=True).start()
def echo(taken):
    while said := taken.recv(64):
        taken.sendall(said)
serve(socket.create_server(("", int(sys.argv[1])), family=socket.AF_INET6, dualstack_ipv6=True))
"""
TALK = """
import socket, sys, time
def opened():
    while True:
        try:
            return socket.create_connection((sys.argv[1], int(sys.argv[3])), 5)
        except OSError:  # nobody listens yet, or our own IPv6 address is still being checked
            time.sleep(0.1)
flow = opened()
while True:
    flow.sendall(b"x")
    flow.recv(1)
    with open(sys.argv[2], "w") as file:
        file.write(str(time.monotonic()))
    time.sleep(0.02)
"""
FLOOD = """
import os, socket, struct
wire = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
wire.bind(("eth0", 0))
def sent(number):
    mac = bytes((2, 99)) + struct.pack("!I", number)
    own = bytes((10, 77, 0, 2 + number % 250))
    arp = struct.pack("!HHBBH", 1, 0x800, 6, 4, 1) + mac + own + bytes(6) + bytes((10, 77, 0, 1))
    wire.send(b"\\xff" * 6 + mac + b"\\x08\\x06" + arp)
for number in range(5_000):
    sent(number)
"""


@dataclass
class Flow:
    """One connection over which something goes back and forth all the time."""

    note: Path

    def silent_seconds(self) -> float:
        """How long ago the last answer came."""
        said = self.note.read_text()
        return time.monotonic() - float(said) if said else 0.0

    def runs(self) -> bool:
        return self.silent_seconds() < 2.0


@contextmanager
def flow(where: Namespace, address: str, note: Path, port: int) -> Iterator[Flow]:
    note.touch()
    child = where.start(sys.executable, "-c", TALK, address, str(note), str(port))
    try:
        until(note.read_text, f"{address} answers")
        yield Flow(note)
    finally:
        child.kill()


def here(router: Router) -> bool:
    row = router.devices().get(MAC)
    return row is not None and row.here


@pytest.fixture
def lan(router: Router) -> Router:
    """A router that serves a LAN with one device on it."""
    router.lan.run("ip", "link", "set", "eth0", "address", MAC)
    router.serve_lan()
    return router


def test_a_block_cuts_running_flows_within_a_second(lan: Router, tmp_path: Path) -> None:
    lan.inside.start(sys.executable, "-c", SERVER, "443")
    lan.isp.start(sys.executable, "-c", SERVER, "7")
    six = f"{lan.link_local('br-lan')}%eth0"
    with (
        flow(lan.lan, "192.0.2.1", tmp_path / "out", 7) as out,
        flow(lan.lan, six, tmp_path / "six", 443) as inside,
    ):

        def seconds() -> float:
            """From the owner's word to the last answer."""
            until(lambda: out.runs() and inside.runs(), "both flows go on")
            lan.say_of(MAC, block="always")
            said = time.monotonic()
            until(lambda: min(out.silent_seconds(), inside.silent_seconds()) > 3, "both are cut")
            silent = min(out.silent_seconds(), inside.silent_seconds())
            took = time.monotonic() - silent - said
            assert not lan.lan.pings("10.77.0.1")
            lan.say_of(MAC)
            return took

        assert quickest(seconds, 1) < 1


def test_a_device_that_changes_its_address_stays_one(lan: Router) -> None:
    until(lambda: lan.devices()[MAC].addresses[0] == "10.77.0.50", "its address is seen")
    first = lan.devices()[MAC]
    lan.lan.run("ip", "addr", "del", "10.77.0.50/24", "dev", "eth0")
    lan.lan.run("ip", "addr", "add", "10.77.0.51/24", "dev", "eth0")

    def moved() -> bool:
        lan.lan.pings("10.77.0.1")
        return lan.devices()[MAC].addresses[0] == "10.77.0.51"

    until(moved, "it has the new address")
    assert lan.devices()[MAC].first_seen == first.first_seen
    assert list(lan.devices()) == [MAC]


def test_a_device_whose_cable_is_pulled_is_away(lan: Router) -> None:
    until(lambda: here(lan), "the device is seen")
    lan.lan.run("ip", "link", "set", "eth0", "down")
    until(lambda: not here(lan), "it is away")


def test_a_flood_of_invented_macs_stays_bounded(lan: Router) -> None:
    until(lambda: here(lan), "the device is seen")
    lan.say_of("02:63:00:00:00:09", name="mine")
    lan.lan.python(FLOOD)
    until(lambda: len(lan.devices()) > 20, "strangers are seen")
    time.sleep(6)
    assert len(lan.devices()) <= STRANGERS_KEPT + 1
    assert MAC in lan.devices()


def test_a_block_stands_after_a_restart_without_the_inventory(lan: Router) -> None:
    lan.say_of(MAC, block="always")
    until(lambda: not lan.lan.pings("10.77.0.1"), "it is blocked")
    lan.kill()
    for name in ("nixie.db", "nixie.db-wal", "nixie.db-shm"):
        (lan.state / name).unlink(missing_ok=True)
    lan.inside.run("nft", "delete", "table", "bridge", "nixie_devices")
    until(lambda: lan.lan.pings("10.77.0.1"), "nothing blocks it")
    lan.start()
    until(lambda: "blocked-from" in lan.ruleset("bridge"), "the table stands again")
    until(lambda: not lan.lan.pings("10.77.0.1"), "it is blocked again")


def test_a_block_for_a_while_ends_by_itself(lan: Router) -> None:
    lan.say_of(MAC, block=f"until {round(time.time()) + 10}")
    until(lambda: not lan.lan.pings("10.77.0.1"), "it is blocked")
    until(lambda: lan.lan.pings("10.77.0.1"), "it is not blocked any more")


def test_a_damaged_history_begins_anew(lan: Router) -> None:
    lan.kill()
    (lan.state / "metrics.db").write_bytes(b"nothing that SQLite knows" * 999)
    lan.start()
    until(lambda: "blocked-from" in lan.ruleset("bridge") and here(lan), "it watches")
    until(lambda: started(lan.state / "metrics.db"), "it writes its history")
    with closing(reader(lan.state / "metrics.db")) as file:
        assert metrics.rates(file, 0.0) is not None


def test_a_table_that_somebody_removed_is_laid_again(lan: Router) -> None:
    until(lambda: "blocked-from" in lan.ruleset("bridge"), "the table stands")
    lan.inside.run("nft", "delete", "table", "bridge", "nixie_devices")
    until(lambda: "blocked-from" in lan.ruleset("bridge"), "it stands again")


def test_what_a_device_moves_is_its_rate(lan: Router) -> None:
    until(lambda: here(lan), "the device is seen")
    lan.isp.start(sys.executable, "-c", "import socket; s = socket.socket(2, 2); "
                  "s.bind(('', 9)); [s.recv(2000) for _ in iter(int, 1)]")  # fmt: skip
    send = "import socket; s = socket.socket(2, 2); "
    lan.lan.start(
        sys.executable,
        "-c",
        send + "[s.sendto(bytes(1000), ('192.0.2.1', 9)) for _ in iter(int, 1)]",
    )

    def up() -> float:
        with closing(reader(lan.state / "metrics.db")) as file:
            found = metrics.rates(file, 0.0)
        names = (MAC, metrics.of_network("lan"), metrics.WAN)
        return min(found[name].up for name in names) if found.keys() >= set(names) else 0.0

    until(lambda: up() > 1e5, "the device, its network and the way out send")
