"""What rules, forwards and reloads do, by packets: the internet, two networks of one zone, guests.

Who reaches whom at all is in `test_ring.py`, where a provider hands everything out.
"""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, ip_address
from typing import Any

import pytest

from appliance.model.config import Dhcp, Network, Pool, Reservation, RouterConfig
from appliance.model.firewall import Ends, Forward, Ports, Rule, Zone
from appliance.model.reachability import Packet
from appliance.model.wan import StaticAddress, Wan
from tests.live.firewall_room import LINKS, ROUTER_V4, Room, firewall_room, inside
from tests.live.waiting import until

pytestmark = pytest.mark.live

NAS = Reservation("52:54:00:00:00:05", IPv4Address("10.77.0.5"), "nas", suffix=IPv6Address("::5"))


def network(name: str, zone: str, **changed: Any) -> Network:
    address = IPv4Interface(ROUTER_V4[name])
    pool = Pool(address.network[100], address.network[199])
    reservations = (NAS,) if name == "lan" else ()
    return replace(
        Network(name, LINKS[name], (), address, Dhcp(pool, reservations), zone=zone), **changed
    )


HOME = RouterConfig(
    (network("lan", "lan"), network("lab", "lan"), network("visitors", "guest", netboot=False)),
    Wan("eth0", StaticAddress(IPv4Interface("192.0.2.2/24"), IPv4Address("192.0.2.1"))),
    zones=(Zone("lan", manages=True), Zone("guest")),
)
SSH = Forward("ssh", NAS.mac, "tcp", Ports(2222), 22)
OUTSIDE = IPv4Address("192.0.2.2")
HOST = {
    ("lan", 4): "10.77.0.20",
    ("lab", 4): "10.79.0.20",
    ("visitors", 4): "10.78.0.20",
    ("internet", 4): "198.51.100.7",
    ("lan", 6): "fd77::20",
    ("lab", 6): "fd79::20",
    ("visitors", 6): "fd78::20",
    ("internet", 6): "2001:db8:ffff::7",
}
ROUTER = {
    ("lan", 4): "10.77.0.1",
    ("lab", 4): "10.79.0.1",
    ("visitors", 4): "10.78.0.1",
    ("internet", 4): "192.0.2.2",
    ("lan", 6): "fd77::1",
    ("lab", 6): "fd79::1",
    ("visitors", 6): "fd78::1",
    ("internet", 6): "2001:db8:1::2",
}


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with firewall_room() as made:
        yield made


@pytest.fixture
def home(room: Room) -> Room:
    assert room.apply(HOME) == ()
    return room


def packet(source: str, destination: str, family: int = 4, what: str = "tcp 8080") -> Packet:
    protocol, _, port = what.partition(" ")
    receiver = ROUTER[source, family] if destination == "router" else HOST[destination, family]
    return Packet(
        source,
        destination,
        ip_address(HOST[source, family]),
        ip_address(receiver),
        protocol,
        int(port) if port else None,
    )


def test_the_routers_inner_addresses_do_not_answer_the_internet_either(home: Room) -> None:
    for inner in ("10.77.0.1", "10.78.0.1"):
        knock = replace(packet("internet", "router", 4, "udp 53"), receiver=IPv4Address(inner))
        assert home.arrives(knock) is None


@pytest.mark.parametrize("family", [4, 6])
def test_guests_get_names_yet_no_admin(home: Room, family: int) -> None:
    assert home.arrives(packet("visitors", "router", family, "udp 53")) == "router"
    for what in ("tcp 443", "tcp 80", "udp 69"):
        assert home.arrives(packet("visitors", "router", family, what)) is None


def test_guests_do_not_get_the_admin_at_another_address_of_the_router(home: Room) -> None:
    for address in ("10.77.0.1", "192.0.2.2"):
        knock = replace(packet("visitors", "router", 4, "tcp 443"), receiver=IPv4Address(address))
        assert home.arrives(knock) is None


@pytest.mark.parametrize("family", [4, 6])
def test_the_lan_gets_the_admin(home: Room, family: int) -> None:
    assert home.arrives(packet("lan", "router", family, "tcp 443")) == "router"


def test_the_answers_of_a_dhcpv6_server_come_in(home: Room) -> None:
    answer = replace(packet("internet", "router", 6, "udp 546"), sender=IPv6Address("fe80::9"))
    assert home.arrives(answer) == "router"
    assert home.arrives(packet("internet", "router", 6, "udp 546")) is None


@pytest.mark.parametrize(
    ("source", "sender", "destination"),
    [
        ("internet", "10.77.0.20", "lan"),
        ("internet", "fd77::20", "lan"),
        ("internet", "10.77.0.20", "router"),
        ("internet", "fd77::20", "router"),
        ("visitors", "10.77.0.20", "internet"),
        ("visitors", "fd77::20", "internet"),
        ("visitors", "10.77.0.20", "router"),
        ("visitors", "fd77::20", "router"),
        ("lan", "198.51.100.7", "internet"),
        ("lan", "2001:db8:ffff::7", "internet"),
        ("lan", "10.77.0.1", "router"),
        ("internet", "192.0.2.2", "router"),
    ],
)
def test_nobody_borrows_an_address(room: Room, source: str, sender: str, destination: str) -> None:
    everything = tuple(
        Rule(f"{at}-{to}", at, to, "accept")
        for at in ("lan", "guest", "internet")
        for to in ("lan", "guest", "internet", "router")
    )
    room.apply(replace(HOME, rules=everything))
    honest = packet(source, destination, ip_address(sender).version, "udp 53")
    assert room.arrives(honest) == destination
    assert room.arrives(replace(honest, sender=ip_address(sender))) is None


# ── forwards ─────────────────────────────────────────────────────────────────────────────────────

KNOCKS = {
    "the internet": replace(packet("internet", "router", 4, "tcp 2222"), receiver=OUTSIDE),
    "its own network": replace(packet("lan", "router", 4, "tcp 2222"), receiver=OUTSIDE),
    "another network": replace(packet("lab", "router", 4, "tcp 2222"), receiver=OUTSIDE),
    "guests": replace(packet("visitors", "router", 4, "tcp 2222"), receiver=OUTSIDE),
    "the internet, by IPv6": replace(
        packet("internet", "lan", 6, "tcp 22"), receiver=IPv6Address("fd77::5")
    ),
    "another network, by IPv6": replace(
        packet("lab", "lan", 6, "tcp 22"), receiver=IPv6Address("fd77::5")
    ),
}


@pytest.mark.parametrize("who", KNOCKS)
def test_a_forward_that_went_lets_nobody_in(room: Room, who: str) -> None:
    room.apply(replace(HOME, forwards=(SSH,)))
    assert room.arrives(KNOCKS[who]) == "lan"
    room.apply(HOME)
    assert room.arrives(KNOCKS[who]) is None


def test_a_forward_that_went_leaves_no_orphan(room: Room) -> None:
    room.apply(HOME)
    before = room.router.run("nft", "-s", "list", "table", "inet", "nixie")
    room.apply(replace(HOME, forwards=(SSH,)))
    assert "forward:ssh" in room.router.run("nft", "list", "table", "inet", "nixie")
    room.apply(HOME)
    assert room.router.run("nft", "-s", "list", "table", "inet", "nixie") == before


def test_a_forward_that_is_over_lets_nobody_in(room: Room) -> None:
    config = replace(HOME, forwards=(replace(SSH, until=1000),))
    room.apply(config, 999.0)
    assert room.arrives(KNOCKS["the internet"]) == "lan"
    room.apply(config, 1000.0)
    assert room.arrives(KNOCKS["the internet"]) is None


def test_a_forward_is_for_one_port_of_one_device(room: Room) -> None:
    room.apply(replace(HOME, forwards=(SSH,)))
    knock = KNOCKS["the internet, by IPv6"]
    assert room.arrives(replace(knock, port=23)) is None
    assert room.arrives(replace(knock, receiver=IPv6Address("fd77::20"))) is None
    direct = replace(packet("internet", "lan", 4, "tcp 22"), receiver=NAS.address)
    assert room.arrives(direct) is None


@pytest.mark.parametrize("who", ["lan", "lab"])
def test_a_forward_of_443_leaves_the_admin_where_it_is(room: Room, who: str) -> None:
    web = replace(SSH, name="web", outside=Ports(443), inside=443)
    room.apply(replace(HOME, forwards=(web,)))
    assert room.arrives(packet(who, "router", 4, "tcp 443")) == "router"
    assert room.arrives(packet(who, "router", 6, "tcp 443")) == "router"


@pytest.mark.parametrize("who", ["internet", "lan", "lab"])
def test_a_forward_of_443_leads_to_its_device(room: Room, who: str) -> None:
    web = replace(SSH, name="web", outside=Ports(443), inside=443)
    room.apply(replace(HOME, forwards=(web,)))
    knock = replace(packet(who, "router", 4, "tcp 443"), receiver=OUTSIDE)
    assert room.arrives(knock) == "lan"


# ── conversations ────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def talking() -> Iterator[Room]:
    """A room whose places answer."""
    with firewall_room(answers=True) as made:
        assert made.apply(HOME) == ()
        yield made


def test_who_is_refused_from_inside_is_told_at_once(talking: Room) -> None:
    def knock() -> None:
        with pytest.raises(ConnectionRefusedError):  # who is told nothing hears of a time-out
            socket.create_connection((HOST["lab", 4], 8080), timeout=60)

    inside(talking.homes["lan"].name, knock)


class Echo:
    """Somebody on the internet who sends every datagram back."""

    def __init__(self, namespace: str) -> None:
        self._socket = inside(namespace, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        self._socket.bind(("192.0.2.1", 7))
        self._socket.settimeout(0.2)
        self._over = False
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while not self._over:
            with suppress(TimeoutError):
                self._socket.sendto(*self._socket.recvfrom(100))
        self._socket.close()

    def close(self) -> None:
        self._over = True
        self._thread.join()


def asker(room: Room, place: str) -> socket.socket:
    """A socket at `place` that speaks to the echo."""
    made = inside(room.homes[place].name, lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    made.settimeout(30)
    made.connect(("192.0.2.1", 7))
    return made


def hears(asking: socket.socket, what: bytes) -> bool:
    asking.send(what)
    try:
        return asking.recv(100) == what
    except OSError:  # silence, or an ICMP error that says why
        return False


def test_what_is_no_longer_allowed_stops_in_the_middle(talking: Room) -> None:
    echo, asking = Echo(talking.homes["internet"].name), asker(talking, "lan")
    try:
        assert hears(asking, b"before")
        block = Rule("block", "lan", "internet", "drop", protocol="udp", ports=(Ports(7),))
        talking.apply(replace(HOME, rules=(block,)))
        asking.settimeout(1)
        assert not hears(asking, b"blocked")
        asking.settimeout(30)
        talking.apply(HOME)
        assert hears(asking, b"after")
    finally:
        asking.close()
        echo.close()


RELOADS = 1000


def test_a_thousand_reloads_leak_nothing_and_break_nothing(talking: Room) -> None:
    """One conversation goes on packet by packet while strangers knock all the time."""
    more = tuple(
        Rule(f"r-{number}", "lan", "lan", "accept", protocol="tcp", ports=(Ports(1000 + number),))
        for number in range(20)
    )
    other = replace(HOME, rules=more, forwards=(SSH,))
    echo, asking = Echo(talking.homes["internet"].name), asker(talking, "lan")
    over, asked = threading.Event(), [0]
    lost: list[int] = []
    knocks: list[int] = []
    strangers = [packet("internet", "lan"), packet("internet", "lan", 6), packet("visitors", "lan")]

    def converse() -> None:
        while not over.is_set():
            asked[0] += 1
            if not hears(asking, b"%d" % asked[0]):
                lost.append(asked[0])

    def knock() -> None:
        while not over.is_set():
            knocks.extend(talking.send(stranger) for stranger in strangers)
            time.sleep(0.001)

    threads = [threading.Thread(target=work) for work in (converse, knock)]
    try:
        for thread in threads:
            thread.start()
        talking.reload((other, HOME), RELOADS)
        until(lambda: min(asked[0], len(knocks)) > RELOADS, "they were as busy")
    finally:
        over.set()
        for thread in threads:
            thread.join()
        asking.close()
        echo.close()
    assert talking.arrivals(set()).keys() & set(knocks) == set()
    assert lost == []
    assert talking.apply(HOME) == ()


def test_a_narrowed_rule_opens_one_door(room: Room) -> None:
    printer = Rule(
        "print",
        "guest",
        "lan",
        "accept",
        protocol="tcp",
        ports=(Ports(631),),
        receivers=Ends(devices=(NAS.mac,)),
    )
    room.apply(replace(HOME, rules=(printer,)))
    knock = replace(packet("visitors", "lan", 4, "tcp 631"), receiver=NAS.address)
    assert room.arrives(knock) == "lan"
    assert room.arrives(replace(knock, port=632)) is None
    assert room.arrives(packet("visitors", "lan", 4, "tcp 631")) is None
