"""The packet that wakes a machine leaves by the link where the machine is, and by no other."""

import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.model.table import Table
from appliance.model.wake import magic
from appliance.store import wakes, wishes
from appliance.store.open import reader
from tests.live.boot_room import MAC, OTHER, Room, room, table
from tests.live.namespaces import run

pytestmark = pytest.mark.live

HEAR = """
import select, socket, sys
ear = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
ear.bind((sys.argv[1], 0))
ear.settimeout(0.2)
print("ready", flush=True)
while True:
    try:
        frame = ear.recv(2048)
    except TimeoutError:
        if select.select([sys.stdin], [], [], 0)[0]:
            break
        continue
    if b"\\xff" * 6 in frame[14:]:
        print(frame.hex(), flush=True)
"""
WISHES = (
    "CREATE TABLE wish (seq INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT, account TEXT, author TEXT,"
    " role TEXT, kind TEXT, body TEXT, at REAL)"
)


@contextmanager
def hearing(namespace: str, link: str, heard: list[bytes]) -> Iterator[None]:
    """Every frame on a link that may wake somebody, until the block is over and it is quiet."""
    ear = subprocess.Popen(
        ["ip", "netns", "exec", namespace, sys.executable, "-c", HEAR, link],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert ear.stdout is not None
    assert ear.stdout.readline() == "ready\n"
    try:
        yield
    finally:
        said, _ = ear.communicate(timeout=60)
    heard += [bytes.fromhex(line) for line in said.split()]


def wishes_for(here: Room) -> None:
    with closing(sqlite3.connect(here.state / "nixie.db")) as file, file:
        file.execute(WISHES)


def publishes(here: Room, told: Table) -> None:
    """Another table, which the role has read."""
    here.stop()
    here.publish(told)
    here.start()


def wake(here: Room, ident: str = "m1", age: float = 0.0) -> None:
    with closing(sqlite3.connect(here.state / "nixie.db")) as file, file:
        body = wishes.body("boot", "wake", machine=ident)
        file.execute(
            "INSERT INTO wish (id, role, kind, body, at) VALUES ('w', 'boot', 'wake', ?, ?)",
            (body, time.time() - age),
        )


@pytest.fixture
def here(tmp_path: Path) -> Iterator[Room]:
    with room(tmp_path / "state", "w") as running:
        wishes_for(running)
        ends = f"br-iot netns {running.router} type veth peer name nxi netns {running.client}"
        run("ip", "link", "add", *ends.split())
        run("ip", "-n", running.client, "link", "set", "nxi", "up")
        run("ip", "-n", running.router, "addr", "add", "10.78.0.1/24", "dev", "br-iot")
        run("ip", "-n", running.router, "link", "set", "br-iot", "up")
        yield running


def test_each_card_has_its_packet_on_its_own_link(here: Room) -> None:
    told = table(here.image)
    publishes(here, replace(told, macs={MAC: "m1", f"lan|{OTHER}": "m1"}))
    on_lan: list[bytes] = []
    elsewhere: list[bytes] = []
    with hearing(here.client, "nxc", on_lan), hearing(here.client, "nxi", elsewhere):
        wake(here)
        here.until(lambda: "MachineWoken" in here.events())
    assert {mac for mac in (MAC, OTHER) if any(magic(mac) in frame for frame in on_lan)} == {
        MAC,
        OTHER,
    }
    assert {frame[:6] for frame in on_lan} == {b"\xff" * 6}
    assert elsewhere == []
    with closing(reader(here.state / "boot.db")) as file:
        row = wakes.every(file)["m1"]
    assert (row.networks, row.why) == (("lan",), "")


def test_a_network_that_boots_nobody_is_said(here: Room) -> None:
    told = table(here.image)
    publishes(here, replace(told, macs={f"iot|{MAC}": "m1"}))
    wake(here)
    here.until(lambda: "WishRefused" in here.events())
    with closing(reader(here.state / "boot.db")) as file:
        row = wakes.every(file)["m1"]
    assert (row.networks, row.why) == (
        (),
        "Nothing boots from iot, so it cannot be woken there.",
    )


def test_a_wish_that_is_old_wakes_nobody(here: Room) -> None:
    heard: list[bytes] = []
    with hearing(here.client, "nxc", heard):
        wake(here, age=600.0)
        here.until(lambda: "WishRefused" in here.events())
    assert heard == []
