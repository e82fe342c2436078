from dataclasses import replace
from ipaddress import IPv4Network, IPv6Network
from typing import Any

import pytest

from appliance.model.check import problems
from appliance.model.config import RouterConfig
from appliance.model.firewall import Ends, Forward, Ports, Rule, Schedule, Zone
from tests.appliance.model.firewall_home import GUEST, HOME, LAN, NAS, SSH, ruled

STRANGER = "52:54:00:00:00:99"
RULE = Rule("one", "lan", "internet", "drop")


def told(config: RouterConfig) -> list[tuple[tuple[Any, ...], str]]:
    return [(problem.where, problem.what) for problem in problems(config)]


def places(config: RouterConfig) -> list[tuple[Any, ...]]:
    return [place for place, _ in told(config)]


def test_a_home_has_no_problems() -> None:
    assert told(ruled(RULE, forwards=(SSH,))) == []


def test_a_network_is_in_a_zone_that_exists() -> None:
    lost = replace(HOME, networks=(LAN, replace(GUEST, zone="attic")))
    assert told(lost) == [(("networks", 1, "zone"), "There is no zone called attic.")]


@pytest.mark.parametrize("name", ["internet", "router"])
def test_a_reserved_word_names_no_zone(name: str) -> None:
    assert ("zones", 2, "name") in places(replace(HOME, zones=(*HOME.zones, Zone(name))))


@pytest.mark.parametrize("name", ["internet", "router"])
def test_a_reserved_word_names_no_network(name: str) -> None:
    assert ("networks", 1, "name") in places(
        replace(HOME, networks=(LAN, replace(GUEST, name=name)))
    )


def test_two_zones_have_two_names() -> None:
    assert ("zones", 2, "name") in places(replace(HOME, zones=(*HOME.zones, Zone("lan"))))


def test_a_zone_reaches_zones_that_exist() -> None:
    zones = (Zone("lan", manages=True, reaches=("internet", "attic")), Zone("guest"))
    assert told(replace(HOME, zones=zones)) == [
        (("zones", 0, "reaches", 1), "There is no zone called attic.")
    ]


def test_somebody_can_open_the_admin_pages() -> None:
    assert places(replace(HOME, zones=(Zone("lan"), Zone("guest")))) == [("zones",)]


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"source": "attic"}, ("rules", 0, "source")),
        ({"source": "router"}, ("rules", 0, "source")),
        ({"destination": "attic"}, ("rules", 0, "destination")),
        ({"ports": (Ports(80),)}, ("rules", 0, "ports")),
        ({"ports": (Ports(80),), "protocol": "icmp"}, ("rules", 0, "ports")),
        (
            {"source": "internet", "destination": "lan", "senders": Ends(devices=(NAS.mac,))},
            ("rules", 0, "senders", "devices"),
        ),
        (
            {"destination": "lan", "source": "guest", "receivers": Ends(devices=(STRANGER,))},
            ("rules", 0, "receivers", "devices", 0),
        ),
    ],
)
def test_a_rule_makes_sense(changed: dict[str, Any], place: tuple[Any, ...]) -> None:
    assert places(ruled(replace(RULE, **changed))) == [place]


def test_two_rules_have_two_names() -> None:
    assert ("rules", 1, "id") in places(ruled(RULE, replace(RULE, destination="guest")))


V4, V6 = IPv4Network("10.77.0.0/25"), IPv6Network("fd00::/64")


@pytest.mark.parametrize(
    ("changed", "place"),
    [
        ({"source": "internet"}, ("rules", 0, "destination")),
        ({"schedule": Schedule(())}, ("rules", 0, "schedule", "weekdays")),
        ({"senders": Ends(v4=(V4,)), "receivers": Ends(v6=(V6,))}, ("rules", 0, "receivers")),
        ({"senders": Ends(v4=(IPv4Network("10.78.0.0/24"),))}, ("rules", 0, "senders", "v4", 0)),
        ({"receivers": Ends(v4=(V4,))}, ("rules", 0, "receivers", "v4", 0)),
    ],
)
def test_a_rule_that_could_never_match(changed: dict[str, Any], place: tuple[Any, ...]) -> None:
    ((found, sentence),) = told(ruled(replace(RULE, **changed)))
    assert found == place
    assert sentence.startswith("This rule could never match: ")


WEB = replace(RULE, id="web", protocol="tcp", ports=(Ports(80), Ports(443)))


@pytest.mark.parametrize(
    ("before", "after", "covered"),
    [
        (RULE, WEB, True),
        (replace(RULE, protocol="tcp"), WEB, True),
        (replace(RULE, protocol="udp"), WEB, False),
        (replace(RULE, protocol="tcp", ports=(Ports(1, 500),)), WEB, True),
        (replace(RULE, protocol="tcp", ports=(Ports(1, 100),)), WEB, False),
        (replace(RULE, destination="guest"), WEB, False),
        (replace(RULE, enabled=False), WEB, False),
        (replace(RULE, until=2_000_000_000), WEB, False),
        (replace(RULE, schedule=Schedule(("mon",))), WEB, False),
        (replace(RULE, senders=Ends(devices=(NAS.mac,))), WEB, False),
        (WEB, RULE, False),
    ],
)
def test_a_rule_behind_a_wider_one_could_never_match(
    before: Rule, after: Rule, covered: bool
) -> None:
    assert (places(ruled(before, after)) == [("rules", 1, "id")]) is covered


def test_a_forward_needs_a_reservation() -> None:
    stranger = replace(SSH, mac=STRANGER)
    ((place, sentence),) = told(ruled(forwards=(stranger,)))
    assert place == ("forwards", 0, "mac")
    assert "reserve one first" in sentence


def test_two_forwards_have_two_names() -> None:
    assert places(ruled(forwards=(SSH, replace(SSH, outside=Ports(2223))))) == [
        ("forwards", 1, "name")
    ]


@pytest.mark.parametrize(
    ("outside", "protocol", "problem"),
    [
        (Ports(2222), "tcp", True),
        (Ports(2000, 3000), "tcp", True),
        (Ports(2222), "udp", False),
        (Ports(2223, 2230), "tcp", False),
    ],
)
def test_a_port_is_forwarded_once(outside: Ports, protocol: str, problem: bool) -> None:
    other = Forward("other", NAS.mac, protocol, outside)
    assert (places(ruled(forwards=(SSH, other))) == [("forwards", 1, "outside")]) is problem


@pytest.mark.parametrize(
    ("protocol", "ports"), [("udp", Ports(68)), ("udp", Ports(500, 600)), ("udp", Ports(546))]
)
def test_a_forward_takes_no_port_of_the_routers_own(protocol: str, ports: Ports) -> None:
    taking = replace(SSH, protocol=protocol, outside=ports, inside=None)
    assert places(ruled(forwards=(taking,))) == [("forwards", 0, "outside")]


def test_a_forward_may_have_the_port_that_the_admin_has_inside() -> None:
    assert places(ruled(forwards=(replace(SSH, outside=Ports(443)),))) == []


def test_a_range_of_ports_keeps_its_numbers() -> None:
    moved = replace(SSH, outside=Ports(2000, 2010), inside=22)
    assert places(ruled(forwards=(moved,))) == [("forwards", 0, "inside")]


def test_the_time_zone_exists() -> None:
    assert places(replace(HOME, time_zone="Moon/Tycho")) == [("time_zone",)]
    assert places(replace(HOME, time_zone="Europe/Helsinki")) == []
