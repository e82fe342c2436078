"""Who reaches the binary cache: by the firewall, packet by packet, and by its socket alone."""

import os
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path

import pytest

from appliance.model.config import RouterConfig
from appliance.model.lan_cache import PLACE, CacheFacts, to_json
from appliance.model.reachability import Packet
from appliance.store import boots, trials
from appliance.store.open import writer
from services.nix.publish.driver import write
from tests.appliance.model.firewall_home import GUEST, HOME, LAN
from tests.live.boot_room import room as boot_room
from tests.live.cache_place import ROLE, slices
from tests.live.firewall_room import Room, firewall_room
from tests.live.namespaces import Namespace, cable, namespaces
from tests.live.waiting import until

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(os.geteuid() != 0, reason="needs root: namespaces"),
]

SCRIPT = "/s/52-54-00-00-77-01"
LISTENING = """
import os, socket, sys
link, state, code = sys.argv[1:4]
with socket.socket() as made:
    made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
    made.bind(("", 80))
    made.listen(16)
    os.set_inheritable(made.fileno(), True)
    words = [sys.executable, "-c", code, state, str(made.fileno()), link]
    os.execv(sys.executable, words)
"""
ASK = """
import sys, urllib.request
try:
    print(urllib.request.urlopen(f"http://{sys.argv[1]}/cache/nix-cache-info", timeout=5).read())
except OSError as why:
    print("nobody:", why)
"""


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with firewall_room() as made:
        yield made


def reaches(room: Room, config: RouterConfig, source: str, sender: str, address: str) -> bool:
    """Does the beginning of a connection to port 80 come to the router's sockets?"""
    room.apply(config)
    senders = ip_address(sender), ip_address(address)
    return room.arrives(Packet(source, "router", *senders, "tcp", 80)) == "router"


def home(cache: str = "by-zone") -> RouterConfig:
    """A home whose networks boot nothing, so that port 80 is there for the cache alone."""
    lan = replace(LAN, netboot=False)
    zones = tuple(replace(zone, manages=False) for zone in HOME.zones)
    return replace(HOME, networks=(lan, replace(GUEST, cache=cache)), zones=zones)


def test_the_lan_reaches_it(room: Room) -> None:
    assert reaches(room, home(), "lan", "10.77.0.20", "10.77.0.1")
    off = replace(home().networks[0], cache="off")
    assert not reaches(
        room, replace(home(), networks=(off, GUEST)), "lan", "10.77.0.20", "10.77.0.1"
    )


def test_guests_reach_it_when_the_owner_says_so(room: Room) -> None:
    assert not reaches(room, home(), "visitors", "10.78.0.20", "10.78.0.1")
    assert reaches(room, home("served"), "visitors", "10.78.0.20", "10.78.0.1")


@pytest.mark.parametrize("address", ["192.0.2.2", "10.77.0.1"])
def test_the_internet_never_reaches_it(room: Room, address: str) -> None:
    assert not reaches(room, home("served"), "internet", "198.51.100.7", address)


def asks(where: Namespace, address: str) -> str:
    return where.python(ASK, address)


def test_without_any_firewall_its_socket_is_not_on_the_internets_side(tmp_path: Path) -> None:
    state = tmp_path / "state"
    state.mkdir()
    slices(state, link="br-lan", address="10.77.0.1/24")
    writer(state / "boot.db", boots.MIGRATIONS).close()
    write(state / PLACE, to_json(CacheFacts("nixie-1:KEY=", "/")))
    with namespaces("router", "lan", "isp") as (router, lan, isp):
        for link, there, ours, theirs in (
            ("br-lan", lan, "10.77.0.1/24", "10.77.0.2/24"),
            ("wan0", isp, "192.0.2.2/24", "192.0.2.1/24"),
        ):
            cable(router, link, there, "eth0")
            for one, name, address in ((router, link, ours), (there, "eth0", theirs)):
                one.run("ip", "address", "add", address, "dev", name)
                one.run("ip", "link", "set", name, "up")
        isp.run("ip", "route", "add", "10.77.0.0/24", "via", "192.0.2.2")
        role = router.start(sys.executable, "-c", LISTENING, "br-lan", str(state), ROLE)
        until(lambda: "StoreDir: /nix/store" in asks(lan, "10.77.0.1"), "it is on the LAN")
        assert role.poll() is None
        for address in ("192.0.2.2", "10.77.0.1"):
            assert asks(isp, address).startswith("nobody:"), address


def test_a_machine_that_boots_is_told_where_it_is(tmp_path: Path) -> None:
    with boot_room(tmp_path / "state", "c") as here:
        assert b"nixie.cache=" not in here.curl(SCRIPT)
        write(tmp_path / "state" / PLACE, to_json(CacheFacts("nixie-1:KEY=", "/")))
        with closing(writer(tmp_path / "state/net.db", trials.MIGRATIONS)) as net:
            net.execute("UPDATE slice SET body = json_set(body, '$.boot[0].cache', json('true'))")
            net.commit()
        told = b" nixie.cache=http://10.77.0.1/cache=nixie-1:KEY= "
        until(lambda: told in here.curl(SCRIPT), "the script names the cache")
