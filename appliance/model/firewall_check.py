"""What is wrong with zones, rules, forwards and routes although each field is right."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from ipaddress import IPv4Network
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from appliance.errors import Problem
from appliance.model.check_routes import route_problems
from appliance.model.config import RouterConfig
from appliance.model.firewall import (
    EVERYBODY,
    INTERNET,
    RESERVED_ZONES,
    ROUTER,
    Forward,
    Ports,
    Rule,
)
from appliance.model.gateways import behind
from appliance.model.policy import members, reserved

Place = tuple[str | int, ...]

TAKEN: Final[Mapping[tuple[str, int], str]] = {
    ("udp", 68): "the router's own DHCP client",
    ("udp", 546): "the router's own DHCPv6 client",
}
"""Ports that are the router's own at its internet address, by protocol and number.

The admin is none of them: it is at the addresses of the networks, which no forward takes
(`plan/firewall.py`)."""


def problems(config: RouterConfig) -> Iterator[Problem]:
    """Everything wrong with the firewall, in the order of the fields."""
    for rule in RULES:
        yield from rule(config)


def _zones(config: RouterConfig) -> Iterator[Problem]:
    known = [zone.name for zone in config.zones]
    for at, zone in enumerate(config.zones):
        place: Place = ("zones", at, "name")
        if zone.name in RESERVED_ZONES:
            yield Problem(place, f"{zone.name} has a meaning of its own; call the zone otherwise.")
        elif zone.name in known[:at]:
            yield Problem(place, f"Two zones are called {zone.name}.")
        for number, reached in enumerate(zone.reaches):
            if reached not in (*known, INTERNET):
                yield _unknown(("zones", at, "reaches", number), reached)


def _members(config: RouterConfig) -> Iterator[Problem]:
    known = {zone.name for zone in config.zones}
    for at, network in enumerate(config.networks):
        if network.zone not in known:
            yield _unknown(("networks", at, "zone"), network.zone)
        if network.name in RESERVED_ZONES:
            place = ("networks", at, "name")
            yield Problem(place, f"{network.name} has a meaning of its own; take another name.")


def _managed(config: RouterConfig) -> Iterator[Problem]:
    managing = {zone.name for zone in config.zones if zone.manages}
    if config.networks and not any(network.zone in managing for network in config.networks):
        yield Problem(
            ("zones",),
            "No network could open the admin pages any more; let one of its zones manage.",
        )


def _rules(config: RouterConfig) -> Iterator[Problem]:
    known = {zone.name for zone in config.zones}
    seen: set[str] = set()
    for at, rule in enumerate(config.rules):
        place: Place = ("rules", at)
        if rule.id in seen:
            yield Problem((*place, "id"), f"Two rules are called {rule.id}.")
        seen.add(rule.id)
        if rule.source not in {*known, INTERNET}:
            yield _unknown((*place, "source"), rule.source)
        if rule.destination not in {*known, INTERNET, ROUTER}:
            yield _unknown((*place, "destination"), rule.destination)
        yield from _narrowed(config, rule, place)
        yield from _never(config, at)


def _narrowed(config: RouterConfig, rule: Rule, place: Place) -> Iterator[Problem]:
    if rule.ports and rule.protocol not in ("tcp", "udp"):
        yield Problem((*place, "ports"), "Only TCP and UDP have ports; choose one of them.")
    for number, mac in enumerate(rule.receivers.devices):
        if reserved(config, mac) is None:
            yield Problem(
                (*place, "receivers", "devices", number),
                f"{mac} has no reservation, so its address is not known; reserve one first.",
            )
    if rule.source == INTERNET and rule.senders.devices:
        yield Problem(
            (*place, "senders", "devices"),
            "A device of the internet cannot be known by its MAC; write its address.",
        )


def _never(config: RouterConfig, at: int) -> Iterator[Problem]:
    """Why the rule at `at` could never decide about anything; the first reason is enough."""
    rule = config.rules[at]
    for place, why in _reasons(config, rule, config.rules[:at]):
        yield Problem(("rules", at, *place), f"This rule could never match: {why}")
        return


def _reasons(
    config: RouterConfig, rule: Rule, before: Iterable[Rule]
) -> Iterator[tuple[Place, str]]:
    if rule.source == rule.destination == INTERNET:
        yield ("destination",), "what goes from the internet to the internet does not come here."
    if rule.schedule and not rule.schedule.weekdays:
        yield ("schedule", "weekdays"), "it holds on no day of the week."
    if _families(rule) == ():
        yield ("receivers",), "IPv4 and IPv6 do not meet; give both sides addresses of one kind."
    for side, zone in (("senders", rule.source), ("receivers", rule.destination)):
        yield from _misplaced(config, rule, side, zone)
    for other in before:
        if _takes_all(other) and _covers(config, other, rule):
            yield ("id",), f"{other.id} before it takes everything that it could."


def _families(rule: Rule) -> tuple[int, ...]:
    """The families in which a sender can meet a receiver."""
    sides = (rule.senders, rule.receivers)
    return tuple(
        version
        for version in (4, 6)
        if all(
            ends == EVERYBODY or ends.devices or (ends.v4 if version == 4 else ends.v6)
            for ends in sides
        )
    )


def _misplaced(
    config: RouterConfig, rule: Rule, side: str, zone: str
) -> Iterator[tuple[Place, str]]:
    """Addresses that belong to no network of their zone."""
    subnets = _subnets(config, zone)
    ends = rule.senders if side == "senders" else rule.receivers
    if zone == ROUTER or (not subnets and zone != INTERNET):
        return
    for number, one in enumerate(ends.v4):
        inside = any(one.overlaps(subnet) for subnet in subnets)
        own = [network for network in config.networks if one.subnet_of(network.address.network)]
        if zone == INTERNET and own:
            yield (side, "v4", number), f"{one} is {own[0].name}, not the internet."
        elif zone != INTERNET and not inside:
            yield (side, "v4", number), f"{one} is in no network of the zone {zone}."


def _subnets(config: RouterConfig, zone: str) -> tuple[IPv4Network, ...]:
    """The IPv4 networks of a zone, and those behind its other routers."""
    own = {one.name: one.address.network for one in config.networks if one.zone == zone}
    routed = (one for name, one in behind(config) if name in own and isinstance(one, IPv4Network))
    return (*own.values(), *routed)


def _takes_all(rule: Rule) -> bool:
    always = rule.enabled and rule.schedule is None and rule.until is None
    return always and (rule.senders, rule.receivers) == (EVERYBODY, EVERYBODY)


def _covers(config: RouterConfig, other: Rule, rule: Rule) -> bool:
    """Does `other`, which takes all of its sides, take all that `rule` is about?"""
    if (other.source, other.destination) != (rule.source, rule.destination):
        return False
    if not members(config, rule.source) or other.protocol not in ("any", rule.protocol):
        return False
    if not other.ports:
        return True
    return bool(rule.ports) and all(
        any(wide.first <= one.first and one.end <= wide.end for wide in other.ports)
        for one in rule.ports
    )


def _forwards(config: RouterConfig) -> Iterator[Problem]:
    for at, forward in enumerate(config.forwards):
        place: Place = ("forwards", at)
        earlier = config.forwards[:at]
        if any(other.name == forward.name for other in earlier):
            yield Problem((*place, "name"), f"Two forwards are called {forward.name}.")
        if reserved(config, forward.mac) is None:
            yield Problem(
                (*place, "mac"),
                f"{forward.mac} has no reservation, so its address may change; reserve one first.",
            )
        if forward.inside is not None and forward.outside.end > forward.outside.first:
            yield Problem(
                (*place, "inside"),
                "Several ports keep their numbers inside; leave this empty, or forward one port.",
            )
        yield from _taken(forward, (*place, "outside"), earlier)


def _taken(forward: Forward, place: Place, earlier: Iterable[Forward]) -> Iterator[Problem]:
    for (protocol, port), whose in TAKEN.items():
        if protocol == forward.protocol and _overlap(Ports(port), forward.outside):
            yield Problem(place, f"Port {port} is kept for {whose}; take another one.")
    for other in earlier:
        if other.protocol == forward.protocol and _overlap(other.outside, forward.outside):
            yield Problem(
                place, f"{other.name} takes {forward.protocol} {other.outside}; take another port."
            )


def _overlap(one: Ports, other: Ports) -> bool:
    return one.first <= other.end and other.first <= one.end


def _clock(config: RouterConfig) -> Iterator[Problem]:
    try:
        ZoneInfo(config.time_zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield Problem(
            ("time_zone",),
            f"This router knows no time zone {config.time_zone}; write it like Europe/Helsinki.",
        )


def _unknown(place: Place, zone: str) -> Problem:
    return Problem(place, f"There is no zone called {zone}.")


RULES: Final[tuple[Callable[[RouterConfig], Iterator[Problem]], ...]] = (
    _zones,
    _members,
    _managed,
    _rules,
    _forwards,
    route_problems,
    _clock,
)
