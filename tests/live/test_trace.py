"""The kernel's own account of a packet names the rule that decided it: every kind of rule."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, ip_address

import pytest

from appliance.model.config import Dhcp, Network, Pool, Reservation, RouterConfig
from appliance.model.firewall import Ends, Forward, Ports, Rule, Zone
from appliance.model.newcomers import QUARANTINE
from appliance.model.reachability import Packet, verdict
from appliance.model.trace import Flow
from appliance.model.wan import StaticAddress, Wan
from appliance.plan import devices
from appliance.plan.trace import TABLE, wanted
from services.devices.driver import Table as DevicesTable
from services.netlink.driver import NETFILTER, heard
from services.trace import driver
from services.trace.packets import Packet as Seen
from services.trace.packets import Packets
from services.trace.wire import GROUPS, TRACE, step
from tests.live.firewall_room import LINKS, ROUTER_V4, SOMEBODY, Dress, Room, firewall_room, inside
from tests.live.tracing import needs_traces

pytestmark = pytest.mark.live

NAS = Reservation("52:54:00:00:00:05", IPv4Address("10.77.0.5"), "nas", suffix=IPv6Address("::5"))
NEW = "52:54:00:00:00:99"


def network(name: str, zone: str) -> Network:
    """One of the room's, with its port."""
    address = IPv4Interface(ROUTER_V4[name])
    pool = Pool(address.network[100], address.network[199])
    fixed = (NAS,) if name == "lan" else ()
    return Network(name, LINKS[name], (f"p-{name}",), address, Dhcp(pool, fixed), zone=zone)


def rule(ident: str, action: str, port: int, **more: object) -> Rule:
    said = {"protocol": "tcp", "ports": (Ports(port),), **more}
    return Rule(ident, "guest", "internet", action, **said)  # type: ignore[arg-type]


CONFIG = RouterConfig(
    (network("lan", "lan"), network("lab", "lab"), network("visitors", "guest")),
    Wan("eth0", StaticAddress(IPv4Interface("192.0.2.2/24"), IPv4Address("192.0.2.1"))),
    zones=(
        Zone("lan", manages=True, reaches=("internet", "lab")),
        Zone("lab", reaches=()),
        Zone("guest", reaches=("internet",)),
    ),
    rules=(
        rule("let", "accept", 5001),
        rule("refuse", "reject", 5002),
        rule("silent", "drop", 5003),
        rule("card", "drop", 5004, senders=Ends(devices=(NEW,))),
    ),
    forwards=(Forward("ssh", NAS.mac, "tcp", Ports(2222), 22),),
)
HELD = replace(
    CONFIG,
    networks=(CONFIG.networks[0], replace(CONFIG.networks[1], newcomers=QUARANTINE)),
    rules=(),
)
ADMITTED = {"lab": frozenset({SOMEBODY})}


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with firewall_room() as made:
        needs_traces(made.router)
        yield made


def plain(whole: bytes) -> tuple[bytes]:
    return (whole,)


def flow(packet: Packet) -> Flow:
    """The one that this packet belongs to, as whoever types it in calls it."""
    sender = packet.mac or str(packet.sender)
    there = (str(packet.receiver),)
    port = None if packet.protocol == "icmp" else packet.port
    return Flow(packet.source, (sender,), packet.destination, there, packet.protocol, port)


def traced(
    room: Room, config: RouterConfig, asked: Flow, *sent: Packet, dress: Dress = plain
) -> list[Seen]:
    """What the kernel tells of these packets while it traces a flow, oldest first."""
    return inside(room.router.name, lambda: asyncio.run(_traced(room, config, asked, sent, dress)))


async def _traced(
    room: Room, config: RouterConfig, asked: Flow, sent: tuple[Packet, ...], dress: Dress
) -> list[Seen]:
    packets, table = Packets(50), driver.Table()

    def hear(kind: int, body: memoryview) -> None:
        if kind == TRACE and (one := step(body)):
            packets.told(one, names.get(one.rule, ""), 0.0)

    with heard(NETFILTER, hear, "does not trace", groups=GROUPS):
        await table.lay(wanted(config, asked))
        names = driver.names()
        for one in sent:
            room.send(one, dress)
            await asyncio.sleep(0.02)
        await asyncio.sleep(0.1)  # what is not told by now was not marked
        await table.lift()
    return list(packets.shown())[::-1]


def packet(source: str, to: str, what: str, receiver: str, sender: str = "") -> Packet:
    """`what` is like `tcp 443`, or `icmp`."""
    six = ip_address(receiver).version == 6
    protocol, _, port = what.partition(" ")
    homes = SIX if six else FOUR
    return Packet(
        source,
        to,
        ip_address(sender or homes[source]),
        ip_address(receiver),
        protocol,
        int(port) if port else None,
    )


FOUR = {
    "lan": "10.77.0.20", "lab": "10.79.0.20", "visitors": "10.78.0.20", "internet": "198.51.100.7",
}  # fmt: skip
SIX = {
    "lan": "fd77::20", "lab": "fd79::20", "visitors": "fd78::20", "internet": "2001:db8:ffff::7",
}  # fmt: skip
OUT, OUT6 = "198.51.100.7", "2001:db8:ffff::7"
KINDS = {
    "rule:let": packet("visitors", "internet", "tcp 5001", OUT),
    "rule:let by IPv6": packet("visitors", "internet", "tcp 5001", OUT6),
    "rule:refuse": packet("visitors", "internet", "tcp 5002", OUT),
    "rule:refuse by IPv6": packet("visitors", "internet", "tcp 5002", OUT6),
    "rule:silent": packet("visitors", "internet", "tcp 5003", OUT),
    "rule:silent by IPv6": packet("visitors", "internet", "tcp 5003", OUT6),
    "rule:card": replace(packet("visitors", "internet", "tcp 5004", OUT), mac=NEW),
    "forward:ssh": packet("internet", "router", "tcp 2222", "192.0.2.2"),
    "forward:ssh by IPv6": packet("internet", "lan", "tcp 22", "fd77::5"),
    "input-dns-udp": packet("lan", "router", "udp 53", "10.77.0.1"),
    "input-dns-udp by IPv6": packet("lan", "router", "udp 53", "fd77::1"),
    "input-admin": packet("lan", "router", "tcp 443", "10.77.0.1"),
    "input-ping": packet("visitors", "router", "icmp", "10.78.0.1"),
    "input-ping6": packet("visitors", "router", "icmp", "fd78::1"),
    "input-wan-ping6": packet("internet", "router", "icmp", "2001:db8:1::2"),
    "input-wan": packet("internet", "router", "tcp 443", "192.0.2.2"),
    "input-wan by IPv6": packet("internet", "router", "tcp 443", "2001:db8:1::2"),
    "forward-wan": packet("internet", "lan", "tcp 80", "10.77.0.20"),
    "forward-wan by IPv6": packet("internet", "lan", "tcp 80", "fd77::20"),
    "forward-lan-internet": packet("lan", "internet", "tcp 443", OUT),
    "forward-lan-internet by IPv6": packet("lan", "internet", "tcp 443", OUT6),
    "forward-lan-lab": packet("lan", "lab", "udp 631", "10.79.0.5"),
    "forward-lan-lab by IPv6": packet("lan", "lab", "udp 631", "fd79::5"),
    "forward-lab-refused": packet("lab", "lan", "tcp 22", "10.77.0.5"),
    "forward-guest-refused by IPv6": packet("visitors", "lab", "tcp 25", "fd79::5"),
    "input-guest-refused": packet("visitors", "router", "tcp 443", "10.78.0.1"),
    "forward-within-lan": packet("lan", "lan", "tcp 22", "10.99.0.7"),
    "spoofed": packet("lan", "internet", "udp 53", OUT, "203.0.113.9"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_rule_is_named_by_the_packet_that_it_decides(room: Room, kind: str) -> None:
    """By the kernel as by the model."""
    one = KINDS[kind]
    room.apply(CONFIG)
    (seen,) = traced(room, CONFIG, flow(one), one)
    assert (seen.accepted, seen.by) == (
        (said := verdict(CONFIG, one, 0.0)).accepted,
        kind.partition(" ")[0],
    )
    assert said.by == seen.by
    assert (seen.source, seen.destination) == (str(one.sender), str(one.receiver))


@pytest.mark.parametrize(
    ("to", "receiver", "by"),
    [
        ("router", "10.77.0.1", "input-invalid"),
        ("router", "fd77::1", "input-invalid"),
        ("internet", OUT, "forward-invalid"),
        ("internet", OUT6, "forward-invalid"),
    ],
)
def test_what_belongs_to_no_conversation_is_held_back_by_name(
    room: Room, to: str, receiver: str, by: str
) -> None:
    one = packet("lan", to, "tcp 443", receiver)
    room.apply(CONFIG)
    (seen,) = traced(room, CONFIG, flow(one), one, dress=odd)
    assert (seen.accepted, seen.by) == (False, by)


def odd(whole: bytes) -> tuple[bytes]:
    """The same with SYN and FIN at once, which begins nothing; the checksum is made to fit."""
    at = len(whole) - TCP_AND_PROBE
    head, tcp = whole[:at], bytearray(whole[at:])
    tcp[13] |= 1
    total = int.from_bytes(tcp[16:18]) - 1
    tcp[16:18] = (total if total > 0 else total + 0xFFFF).to_bytes(2)
    return (head + bytes(tcp),)


TCP_AND_PROBE = 36
"""Bytes of the header, and of what a probe carries."""


def test_an_answer_is_let_through_as_that(room: Room) -> None:
    asked = packet("lan", "internet", "udp 443", OUT6)
    room.apply(CONFIG)
    number = room.send(asked)
    assert room.arrivals({number}).get(number) == "internet"
    answer = packet("internet", "lan", f"udp {1024 + number % 60_000}", str(asked.sender))

    def from_443(whole: bytes) -> tuple[bytes]:
        at = len(whole) - UDP_AND_PROBE
        port, total = int.from_bytes(whole[at : at + 2]), int.from_bytes(whole[at + 6 : at + 8])
        total = (total + port - 443) % 0xFFFF
        return (
            whole[:at]
            + (443).to_bytes(2)
            + whole[at + 2 : at + 6]
            + (total or 0xFFFF).to_bytes(2)
            + whole[at + 8 :],
        )

    (seen,) = traced(room, CONFIG, flow(answer), answer, dress=from_443)
    assert (seen.accepted, seen.by) == (True, "forward-answers")


UDP_AND_PROBE = 24


@pytest.mark.parametrize("family", [4, 6])
def test_a_newcomer_is_held_back_by_name(room: Room, family: int) -> None:
    one = packet("lab", "internet", "tcp 443", OUT if family == 4 else OUT6)
    one = replace(one, mac=NEW)
    room.apply(HELD, 0.0, ADMITTED)
    (seen,) = traced(room, HELD, flow(one), one)
    assert (seen.accepted, seen.by) == (False, "newcomers-lab")


def test_what_a_forward_sends_on_is_found_by_where_it_leads(room: Room) -> None:
    one = KINDS["forward:ssh"]
    room.apply(CONFIG)
    asked = Flow("internet", (), "lan", (str(NAS.address),), "tcp", 22)
    (seen,) = traced(room, CONFIG, asked, one)
    assert (seen.accepted, seen.by) == (True, "forward:ssh")


@pytest.mark.parametrize("family", [4, 6])
def test_anybody_anywhere_is_told_apart_by_the_way_there(room: Room, family: int) -> None:
    near, far = ("10.79.0.5", OUT) if family == 4 else ("fd79::5", OUT6)
    room.apply(CONFIG)
    asked = Flow("lan", (), "internet", (), "tcp", 443)
    sent = (packet("lan", "lab", "tcp 443", near), packet("lan", "internet", "tcp 443", far))
    (seen,) = traced(room, CONFIG, asked, *sent)
    assert seen.destination == far


@pytest.mark.parametrize(
    "other",
    [
        packet("lan", "internet", "tcp 444", OUT),
        packet("lan", "internet", "udp 443", OUT),
        packet("lan", "internet", "tcp 443", "203.0.113.9"),
        packet("lan", "internet", "tcp 443", OUT, "10.77.0.9"),
        packet("visitors", "internet", "tcp 443", OUT),
        packet("internet", "lan", "tcp 443", "10.77.0.20"),
    ],
)
def test_other_packets_are_not_told_of(room: Room, other: Packet) -> None:
    room.apply(CONFIG)
    asked = flow(packet("lan", "internet", "tcp 443", OUT))
    assert traced(room, CONFIG, asked, other) == []


@pytest.fixture
def blocking(room: Room) -> Iterator[Room]:
    """The NAS is blocked."""

    async def swap(*macs: str) -> None:
        table = DevicesTable()
        for one in devices.steps(devices.wanted(macs, ()), await table.observe()):
            await table.perform(one)

    room.apply(CONFIG)
    inside(room.router.name, lambda: asyncio.run(swap(NAS.mac)))
    yield room
    inside(room.router.name, lambda: asyncio.run(swap()))


@pytest.mark.parametrize("receiver", [OUT, OUT6])
def test_what_a_blocked_device_sends_is_held_back_on_its_bridge(
    blocking: Room, receiver: str
) -> None:
    one = replace(packet("lan", "internet", "tcp 443", receiver), mac=NAS.mac)
    (seen,) = traced(blocking, CONFIG, flow(one), one)
    assert (seen.accepted, seen.by) == (False, devices.BLOCKED_FROM)


def test_what_is_sent_to_a_blocked_device_is_held_back_though_the_filter_lets_it_through(
    blocking: Room,
) -> None:
    blocking.router.run(
        "ip", "neigh", "replace", str(NAS.address), "lladdr", NAS.mac, "dev", LINKS["lan"]
    )
    one = KINDS["forward:ssh"]
    (seen,) = traced(blocking, CONFIG, flow(one), one)
    assert (seen.accepted, seen.by) == (False, devices.BLOCKED_TO)


def test_another_programs_refusal_is_told_as_that(room: Room) -> None:
    room.apply(CONFIG)
    room.router.run("nft", FOREIGN)
    one = KINDS["forward-lan-internet"]
    try:
        (seen,) = traced(room, CONFIG, flow(one), one)
    finally:
        room.router.run("nft", "delete table ip foreign")
    assert (seen.accepted, seen.by, seen.elsewhere) == (False, "", "ip foreign wall")


FOREIGN = """
add table ip foreign
add chain ip foreign wall { type filter hook forward priority 5; policy drop; }
"""


def test_what_the_router_knows_no_way_for_is_judged_by_nobody(room: Room) -> None:
    room.apply(CONFIG)
    room.router.run("ip", "route", "add", "unreachable", "203.0.113.0/24")
    one = packet("lan", "internet", "tcp 443", "203.0.113.9")
    try:
        (seen,) = traced(room, CONFIG, flow(one), one)
    finally:
        room.router.run("ip", "route", "del", "unreachable", "203.0.113.0/24")
    assert (seen.accepted, seen.by, seen.elsewhere) == (None, "", "")


def test_a_flood_is_told_in_part(room: Room) -> None:
    room.apply(CONFIG)
    one = KINDS["forward-lan-internet"]
    assert len(traced(room, CONFIG, flow(one), *[one] * 40)) < 30


def test_nothing_is_left_afterwards(room: Room) -> None:
    one = KINDS["forward-lan-internet"]
    assert traced(room, CONFIG, flow(one), one)
    assert TABLE not in room.router.run("nft", "list", "ruleset")
