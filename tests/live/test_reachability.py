"""The model's verdict is the packet's: random configurations, random packets, a real kernel."""

import random
from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Network, ip_address

import pytest

from appliance.model.config import Dhcp, Network, Pool, Reservation, RouterConfig
from appliance.model.firewall import Ends, Forward, Ports, Rule, Schedule, StaticRoute, Zone
from appliance.model.ipv6 import Ipv6
from appliance.model.newcomers import QUARANTINE, TELL
from appliance.model.reachability import Packet, translated, verdict
from appliance.model.schedule import current
from appliance.model.wan import StaticAddress, Wan
from tests.live.firewall_room import (
    HOSTS,
    LINKS,
    ROUTER_V4,
    ROUTER_V6,
    SOMEBODY,
    Room,
    firewall_room,
)

pytestmark = pytest.mark.live

CONFIGS, PACKETS = 50, 220
NOW = 1_800_000_000.0
NAS = Reservation("52:54:00:00:00:05", IPv4Address("10.77.0.5"), "nas", suffix=IPv6Address("::5"))
PI = Reservation("52:54:00:00:00:06", IPv4Address("10.79.0.5"), "pi", suffix=IPv6Address("::5"))
OLD = Reservation("52:54:00:00:00:07", IPv4Address("10.77.0.20"), "old")
DEVICES = (NAS.mac, PI.mac, OLD.mac, "52:54:00:00:00:99")
PORTS = (22, 25, 53, 67, 69, 80, 81, 443, 631, 2222, 4011, 5001, 5005, 8080)
BEHIND = IPv4Network("10.99.0.0/16")
ROUTE = StaticRoute(BEHIND, IPv4Address("10.77.0.9"))
ROUTE_SIX = StaticRoute(IPv6Network("fd99::/48"), IPv6Address("fd77::9"))
BEHIND_LAN = ["10.99.0.5", "fd99::5"]
REMOTE = ("198.51.100.7", "203.0.113.9", "2001:db8:ffff::7", "2001:db8:eeee::9")
V4 = (
    "10.77.0.0/24",
    "10.77.0.5/32",
    "10.78.0.0/25",
    "10.79.0.20/32",
    "198.51.100.0/24",
    "0.0.0.0/0",
)
V6 = ("fd77::/64", "fd77::5/128", "fd78::/64", "2001:db8:ffff::/48", "::/0")
ZONES = ("lan", "guest", "lab")
ADMITTED = {
    "lan": frozenset({SOMEBODY, NAS.mac}),
    "lab": frozenset({SOMEBODY}),
    "visitors": frozenset({SOMEBODY, *DEVICES}),
}


@pytest.fixture(scope="module")
def room() -> Iterator[Room]:
    with firewall_room() as made:
        yield made


@pytest.mark.parametrize("seed", [1])
def test_the_models_verdict_is_the_packets(room: Room, seed: int) -> None:
    """More than 10,000 packets; each has to come out where the model says, or nowhere."""
    dice = random.Random(seed)
    wrong, judged, passed = [], 0, 0
    for _ in range(CONFIGS):
        config = some_config(dice)
        assert room.apply(config, NOW, ADMITTED) == ()
        packets = [some_packet(dice) for _ in range(PACKETS)]
        said = [where(config, packet) for packet in packets]
        numbers = [room.send(packet) for packet in packets]
        expected = dict(zip(numbers, said, strict=True))
        came = room.arrivals({number for number, place in expected.items() if place})
        assert came.keys() <= expected.keys(), "a packet came out after its time"
        wrong += [
            (
                packet,
                expected[number],
                came.get(number),
                verdict(config, packet, NOW, ADMITTED),
                config,
            )
            for number, packet in zip(numbers, packets, strict=True)
            if expected[number] != came.get(number)
        ]
        judged, passed = judged + len(packets), passed + len(came)
    assert wrong[:3] == []
    assert judged >= 10_000
    assert 0.15 < passed / judged < 0.85  # neither "everything" nor "nothing" would do as a model


def where(config: RouterConfig, packet: Packet) -> str | None:
    """Where the model says that a packet comes out."""
    if not verdict(config, packet, NOW, ADMITTED).accepted:
        return None
    return (translated(current(config, NOW), packet) or packet).destination


def some_config(dice: random.Random) -> RouterConfig:
    """Three networks in up to three zones, with whatever rules and forwards."""
    networks = tuple(
        Network(
            name,
            LINKS[name],
            (),
            IPv4Interface(ROUTER_V4[name]),
            some_dhcp(dice, name),
            netboot=dice.random() < 0.5,
            ipv6=Ipv6() if name == "lan" else None,
            zone=dice.choice(ZONES),
            newcomers=dice.choice((TELL, TELL, TELL, QUARANTINE)),
        )
        for name in ("lan", "lab", "visitors")
    )
    zones = tuple(
        Zone(name, dice.random() < 0.5, some(dice, ("internet", *ZONES), 0.4)) for name in ZONES
    )
    return RouterConfig(
        networks,
        Wan("eth0", StaticAddress(IPv4Interface("192.0.2.2/24"), IPv4Address("192.0.2.1"))),
        zones=zones,
        rules=tuple(some_rule(dice, number) for number in range(dice.randrange(9))),
        forwards=tuple(some_forward(dice, number) for number in range(dice.randrange(4))),
        routes=(ROUTE, ROUTE_SIX),
        ula=IPv6Network("fd77::/48"),
    )


def some_dhcp(dice: random.Random, name: str) -> Dhcp | None:
    if dice.random() < 0.3:
        return None
    subnet = IPv4Interface(ROUTER_V4[name]).network
    fixed = {"lan": (NAS, OLD), "lab": (PI,), "visitors": ()}[name]
    return Dhcp(Pool(subnet[100], subnet[199]), fixed)


def some_rule(dice: random.Random, number: int) -> Rule:
    protocol = dice.choice(("any", "tcp", "udp", "icmp"))
    source = dice.choice((*ZONES, "internet"))
    return Rule(
        f"rule-{number}",
        source,
        dice.choice((*ZONES, "internet", "router")),
        dice.choice(("accept", "reject", "drop")),
        enabled=dice.random() < 0.9,
        protocol=protocol,
        ports=some_ports(dice) if protocol in ("tcp", "udp") else (),
        senders=some_ends(dice, devices=source != "internet"),
        receivers=some_ends(dice, devices=True),
        schedule=Schedule(begins="00:00", ends=dice.choice(("23:00", "00:01")))
        if dice.random() < 0.15
        else None,
        until=dice.choice((int(NOW) - 1, int(NOW) + 1)) if dice.random() < 0.15 else None,
    )


def some_ports(dice: random.Random) -> tuple[Ports, ...]:
    made = [Ports(port) for port in some(dice, PORTS, 0.2)]
    if dice.random() < 0.4:
        first = dice.choice(PORTS)
        made.append(Ports(first, first + dice.randrange(1, 500)))
    return tuple(made)


def some_ends(dice: random.Random, *, devices: bool) -> Ends:
    if dice.random() < 0.6:
        return Ends()
    return Ends(
        some(dice, DEVICES, 0.3) if devices else (),
        tuple(map(IPv4Network, some(dice, V4, 0.25))),
        tuple(map(IPv6Network, some(dice, V6, 0.25))),
    )


def some_forward(dice: random.Random, number: int) -> Forward:
    first = dice.choice((2222, 5001, 8080, 53))
    wide = dice.random() < 0.3
    return Forward(
        f"way-{number}",
        dice.choice(DEVICES),
        dice.choice(("tcp", "udp")),
        Ports(first, first + 10) if wide else Ports(first),
        None if wide or dice.random() < 0.4 else dice.choice(PORTS),
        enabled=dice.random() < 0.85,
    )


def some_packet(dice: random.Random) -> Packet:
    """From any host to any host, now and then with an address that is somebody else's."""
    source = dice.choice(("lan", "lab", "visitors", "internet"))
    destination, text = dice.choice(TARGETS)
    receiver = ip_address(text)
    own = REMOTE if source == "internet" else (*HOSTS[source], *(BEHIND_LAN * (source == "lan")))
    senders = [one for one in own if ip_address(one).version == receiver.version]
    if receiver.version == 4 and dice.random() < 0.05:
        senders = ["10.77.0.20", "10.78.0.20", "198.51.100.7", "10.77.0.1", "10.99.0.5"]
    if receiver.version == 6 and dice.random() < 0.05:
        senders = ["fd77::20", "fd77::1", "fd99::5"]
    protocol = dice.choice(("tcp", "udp", "icmp"))
    return Packet(
        source,
        destination,
        ip_address(dice.choice(senders)),
        receiver,
        protocol,
        None if protocol == "icmp" else dice.choice(PORTS),
        dice.choice(DEVICES),
    )


def some(dice: random.Random, values: Sequence[str] | Sequence[int], chance: float) -> tuple:  # type: ignore[type-arg]
    return tuple(value for value in values if dice.random() < chance)


TARGETS = (
    *((place, host) for place in ("lan", "lab", "visitors") for host in HOSTS[place]),
    *(("router", one.partition("/")[0]) for one in (*ROUTER_V4.values(), *ROUTER_V6.values())),
    *(("internet", one) for one in REMOTE),
    *(("router", "192.0.2.2") for _ in range(5)),
    ("lan", "10.99.0.7"),
    ("lan", "fd99::7"),
)
