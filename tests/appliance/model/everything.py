"""A configuration that says something in every setting: nothing is tested at its default."""

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, IPv6Network
from typing import Any

from appliance.model.config import Dhcp, DhcpOption, Network, Pool, Reservation, RouterConfig
from appliance.model.dns import Blocking, BlockList, Dns, Forwarding, Record, Upstream
from appliance.model.firewall import Ends, Forward, Ports, Rule, Schedule, StaticRoute, Zone
from appliance.model.ipv6 import Ipv6
from appliance.model.lan_cache import OFF
from appliance.model.newcomers import QUARANTINE
from appliance.model.pppoe import Pppoe
from appliance.model.shaping import Shaping
from appliance.model.time import Time
from appliance.model.vlan import Tagged
from appliance.model.wan import StaticAddress, Wan

NAS = Reservation(
    "52:54:00:00:00:05", IPv4Address("10.77.0.5"), "nas", ("plain",), IPv6Address("::5")
)
ENDS = Ends((NAS.mac,), (IPv4Network("10.77.0.0/25"),), (IPv6Network("fd77::/64"),))
RULE = Rule(
    "bedtime", "lan", "lan", "reject", "School tomorrow", False, "tcp", (Ports(80, 90),),
    ENDS, ENDS, Schedule(("mon",), "21:00", "06:30"), 1_900_000_020,
)  # fmt: skip
UPSTREAM = Upstream(IPv4Address("192.0.2.53"), "dns.example")
UPSTREAM_SIX = Upstream(IPv6Address("2001:db8::53"), "dns.example")
NETWORK = Network(
    "lan",
    "br-lan",
    ("eth1",),
    IPv4Interface("10.77.0.1/24"),
    Dhcp(
        Pool(IPv4Address("10.77.0.100"), IPv4Address("10.77.0.199"), 3_600),
        (NAS,),
        (DhcpOption(66, "0a0b"),),
        True,
        ("Odd",),
    ),
    False,
    Ipv6(4, IPv6Address("::9")),
    "home",
    (Tagged("eth2", 20),),
    QUARANTINE,
    False,
    OFF,
)
EVERYTHING = RouterConfig(
    (NETWORK,),
    Wan(
        "eth0",
        StaticAddress(IPv4Interface("192.0.2.2/24"), IPv4Address("192.0.2.1")),
        "52:54:00:00:00:99",
        1_400,
        7,
        Shaping(20_000, 90_000, "cable"),
        Pppoe("me@provider", "01978e2a-0000-7000-8000-000000000000", "business"),
    ),
    Dns(
        (UPSTREAM, UPSTREAM_SIX),
        (Record("shop", "A", "10.77.0.9", 60),),
        (Forwarding("corp.example", (UPSTREAM,)),),
        ("home.example",),
        500,
        Blocking(
            (BlockList("https://a.example/list"),), ("b.example",), ("c.example",), (NAS.mac,), 5
        ),
    ),
    Time(("ntp.example",), False),
    IPv6Network("fd12:3456:789a::/48"),
    "keeper",
    (Zone("home", True, ("internet", "home")),),
    (RULE,),
    (Forward("web", NAS.mac, "tcp", Ports(8443, 8450), 443, False, 1_900_000_020, True),),
    (
        StaticRoute(IPv4Network("10.99.0.0/16"), IPv4Address("10.77.0.9"), 30),
        StaticRoute(IPv6Network("fd99::/48"), IPv6Address("fe80::9%lan"), 40),
    ),
    "Europe/Helsinki",
    "home.example",
)  # fmt: skip
"""It need not be sound: `check.py` is not asked."""
Place = tuple[str | int, ...]


def optional(node: Any = EVERYTHING, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Every setting that may be left out: where it is, and what it is then."""
    if isinstance(node, tuple):
        for at, one in enumerate(node):
            yield from optional(one, (*place, at))
    elif is_dataclass(node):
        for each in fields(node):
            value = getattr(node, each.name)
            if (default := _default(each)) is not MISSING and each.name != "schema":
                yield (*place, each.name), default
            yield from optional(value, (*place, each.name))


def at(place: Place, node: Any = EVERYTHING) -> Any:
    """What is there."""
    for word in place:
        node = node[word] if isinstance(word, int) else getattr(node, word)
    return node


def put(place: Place, value: Any, node: Any = EVERYTHING) -> Any:
    """The same with another value there."""
    if not place:
        return value
    word, *rest = place
    inner = put(tuple(rest), value, at((word,), node))
    if isinstance(word, int):
        return (*node[:word], inner, *node[word + 1 :])
    return replace(node, **{word: inner})


def _default(each: Field[Any]) -> Any:
    return each.default if each.default_factory is MISSING else each.default_factory()
