"""What differs between two firewalls, in sentences for the person who reviews them."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Final

from appliance.model.config import RouterConfig
from appliance.model.firewall import (
    ACCEPT,
    ANNOUNCED_METRIC,
    DROP,
    EVERYWHERE_SIX,
    INTERNET,
    REJECT,
    ROUTER,
    Forward,
    Rule,
    StaticRoute,
    Zone,
)
from appliance.model.gateways import Address, bare
from appliance.model.policy import device_name, rule_words
from appliance.model.week import zone as time_zone

ACTIONS: Mapping[str, str] = {ACCEPT: "may pass", REJECT: "is refused", DROP: "is dropped"}
ADMIN: Final = 443
RESERVES: Final = " The fixed address of its device goes when it goes."
PLACES: Mapping[str, str] = {INTERNET: "the internet", ROUTER: "the router"}


def differences(before: RouterConfig, after: RouterConfig) -> Iterator[str]:
    """One sentence per difference, in the order of the fields."""
    yield from _zones(before, after)
    yield from _rules(before, after)
    yield from _forwards(before, after)
    yield from _routes(before, after)
    if before.time_zone != after.time_zone:
        yield f"The router's time zone becomes {after.time_zone} (was {before.time_zone})."


def rule_said(config: RouterConfig, rule: Rule) -> str:
    """A rule as a sentence: `From guest to lan, tcp 631 to nas may pass.`"""
    words = rule_words(config, rule)
    what = f"everything {words}".strip() if rule.protocol == "any" else words
    way = f"From {_place(rule.source)} to {_place(rule.destination)}"
    return f"{way}, {what} {ACTIONS[rule.action]}{_until(config, rule)}."


def forward_said(config: RouterConfig, forward: Forward) -> str:
    """A forward as a sentence: `tcp 2222 of the internet leads to nas:22.`"""
    where = f"{device_name(config, forward.mac)}:{forward.arrives}"
    end = _until(config, forward)
    return f"{forward.protocol} {forward.outside} of the internet leads to {where}{end}."


def zone_said(zone: Zone) -> str:
    """What a zone may: `reaches the internet, and manages the router`."""
    reaches = " and ".join(map(_place, zone.reaches)) or "nothing"
    return f"reaches {reaches}{', and manages the router' if zone.manages else ''}"


def _zones(before: RouterConfig, after: RouterConfig) -> Iterator[str]:
    old, new = {one.name: one for one in before.zones}, {one.name: one for one in after.zones}
    for name, zone in new.items():
        if name not in old:
            yield f"The zone {name} is new: it {zone_said(zone)}."
        elif zone != old[name]:
            yield f"The zone {name} now {zone_said(zone)} (before: {zone_said(old[name])})."
    yield from (f"The zone {name} goes away." for name in old if name not in new)
    zones = {network.name: network.zone for network in before.networks}
    for network in after.networks:
        if zones.get(network.name, network.zone) != network.zone:
            was = zones[network.name]
            yield f"The network {network.name} moves into the zone {network.zone} (was {was})."


def _rules(before: RouterConfig, after: RouterConfig) -> Iterator[str]:
    old, new = {one.id: one for one in before.rules}, {one.id: one for one in after.rules}
    for ident, rule in new.items():
        if ident not in old:
            yield f"The rule {ident} is new: {rule_said(after, rule)}{_off(rule)}"
        elif rule != old[ident]:
            yield f"The rule {ident} changes: {rule_said(after, rule)}{_off(rule)}"
    yield from (f"The rule {ident} goes away." for ident in old if ident not in new)
    stayed = [ident for ident in new if ident in old]
    if stayed != [ident for ident in old if ident in new]:
        yield f"The rules are asked in another order: {', '.join(new)}."


def _forwards(before: RouterConfig, after: RouterConfig) -> Iterator[str]:
    old, new = {one.name: one for one in before.forwards}, {one.name: one for one in after.forwards}
    for name, forward in new.items():
        if forward != old.get(name):
            how = "changes" if name in old else "is new"
            said = f"{forward_said(after, forward)}{_off(forward)}{_of_admin(after, forward)}"
            yield f"The forward {name} {how}: {said}{RESERVES if forward.reserves else ''}"
    yield from (f"The forward {name} goes away." for name in old if name not in new)


def _routes(before: RouterConfig, after: RouterConfig) -> Iterator[str]:
    old, new = dict.fromkeys(before.routes), dict.fromkeys(after.routes)
    for route in new:
        if route not in old:
            by = f"{gateway_said(route.gateway)} (metric {route.metric})"
            yield f"{route.destination} is reached through {by}{_announced(after, route)}."
    for route in old:
        if route not in new:
            by = gateway_said(route.gateway)
            yield f"{route.destination} is no longer reached through {by}."


def gateway_said(gateway: Address) -> str:
    """A gateway for people.

    >>> from ipaddress import IPv6Address
    >>> gateway_said(IPv6Address("fe80::9%lan"))
    'fe80::9 on lan'
    """
    name = getattr(gateway, "scope_id", None)
    return f"{bare(gateway)} on {_place(name)}" if name else str(gateway)


def _announced(config: RouterConfig, route: StaticRoute) -> str:
    """What becomes of the way out by IPv6 that the kernel makes of the provider's announcements."""
    if route.destination != EVERYWHERE_SIX or config.wan is None or config.wan.pppoe:
        return ""
    if route.metric < ANNOUNCED_METRIC:
        return ", whatever way the provider announces"
    return ", unless the provider announces a way"


def _place(zone: str) -> str:
    return PLACES.get(zone, zone)


def _until(config: RouterConfig, one: Rule | Forward) -> str:
    if one.until is None:
        return ""
    end = datetime.fromtimestamp(one.until, time_zone(config.time_zone))
    return f" until {end:%Y-%m-%d %H:%M}"


def _of_admin(config: RouterConfig, forward: Forward) -> str:
    """What to say of a port that the admin has as well, at other addresses."""
    if forward.protocol != "tcp" or not forward.outside.first <= ADMIN <= forward.outside.end:
        return ""
    managing = {zone.name for zone in config.zones if zone.manages}
    own = (one.address.ip for one in config.networks if one.zone in managing)
    stays = " and ".join(f"https://{address}" for address in own)
    return f" The admin is at {stays}, and no longer at the internet's address from inside."


def _off(one: Rule | Forward) -> str:
    return "" if one.enabled else " It is switched off."
