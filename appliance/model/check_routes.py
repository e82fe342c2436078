"""What is wrong with static routes although each field is right; `firewall_check.py` calls this."""

from collections.abc import Iterator
from ipaddress import IPv6Address

from appliance.errors import Problem
from appliance.model.config import RouterConfig
from appliance.model.firewall import (
    ANNOUNCED_METRIC,
    DEFAULT_METRIC,
    EVERYWHERE,
    EVERYWHERE_SIX,
    INTERNET,
    StaticRoute,
)
from appliance.model.gateways import Subnet, bare, place, subnets, with_six
from appliance.model.prefixes import own_addresses

Place = tuple[str | int, ...]


def route_problems(config: RouterConfig) -> Iterator[Problem]:
    """Everything wrong with the routes, in their order."""
    out = dict(_way_out(config))
    taken: set[tuple[Subnet, int]] = set()
    for at, route in enumerate(config.routes):
        where: Place = ("routes", at)
        key = route.destination, route.metric
        if out.get(route.destination) == route.metric:
            what = f"The way to the internet has the metric {route.metric}; take another one."
            yield Problem((*where, "metric"), what)
        elif key in taken:
            what = f"Another route to {route.destination} has the metric {route.metric}."
            yield Problem((*where, "metric"), what)
        taken.add(key)
        yield from _gateway(config, route, (*where, "gateway"))
        yield from _destination(config, route.destination, (*where, "destination"))


def _way_out(config: RouterConfig) -> Iterator[tuple[Subnet, int]]:
    """The default routes beside those of the owner's, with their metrics."""
    if config.wan:
        yield EVERYWHERE, DEFAULT_METRIC
        yield EVERYWHERE_SIX, DEFAULT_METRIC if config.wan.pppoe else ANNOUNCED_METRIC


def _destination(config: RouterConfig, destination: Subnet, where: Place) -> Iterator[Problem]:
    near = [one for _, one in subnets(config) if _is_part(destination, one)]
    if near:
        yield Problem(where, f"{destination} is in {near[0]}, which needs no route.")
    elif destination.is_multicast or destination.is_loopback or destination.is_link_local:
        yield Problem(where, f"{destination} is behind no router; name the network that is.")


def _is_part(one: Subnet, other: Subnet) -> bool:
    """Is `one` the whole of `other`, or a part of it?"""
    larger = other.version == one.version and other.prefixlen <= one.prefixlen
    return larger and one.network_address in other


def _gateway(config: RouterConfig, route: StaticRoute, where: Place) -> Iterator[Problem]:
    gateway, there = route.gateway, place(config, route.gateway)
    if gateway.version != route.destination.version:
        what = f"{gateway} is no way to {route.destination}: one is IPv4, the other is IPv6."
        yield Problem(where, what)
    elif isinstance(gateway, IPv6Address) and (gateway.is_link_local or gateway.scope_id):
        yield from _named(config, gateway, where)
    elif there is None:
        yield Problem(
            where, f"{gateway} is on no network of this router.{_rather(config, gateway)}"
        )
    elif gateway in own_addresses(config):
        yield Problem(where, f"{gateway} is the router itself.")


def _named(config: RouterConfig, gateway: IPv6Address, where: Place) -> Iterator[Problem]:
    """What is wrong with an IPv6 address and the network that it names, or should."""
    name, here = gateway.scope_id, with_six(config)
    if not gateway.is_link_local:
        what = f"Only an address that begins with fe80 names its network; write {bare(gateway)}."
        yield Problem(where, what)
    elif name is None:
        what = f"{gateway} may be on any network; name the one, like {_like(config, gateway)}."
        yield Problem(where, what)
    elif name not in here:
        yield Problem(where, _lacking(config, gateway, name))


def _lacking(config: RouterConfig, gateway: IPv6Address, name: str) -> str:
    """Why nobody can be on the network `name` by IPv6."""
    if name == INTERNET and config.wan is None:
        return "No port leads to the internet yet; choose it first."
    if name == INTERNET:
        return "No network has IPv6, and so the internet’s side has none; give one of them IPv6."
    if name in {one.name for one in config.networks}:
        return f"{name} has no IPv6; give it IPv6 first."
    like = (
        f" write it like {_like(config, gateway)}."
        if with_six(config)
        else " no network has it yet."
    )
    return f"There is no network called {name} that has IPv6;{like}"


def _rather(config: RouterConfig, gateway: object) -> str:
    """What to write in place of an IPv6 address that says nothing of where it is."""
    if not isinstance(gateway, IPv6Address) or not with_six(config):
        return ""
    like = _like(config, IPv6Address("fe80::9"))
    return f" Write its address that begins with fe80, and where that is, like {like}."


def _like(config: RouterConfig, gateway: IPv6Address) -> str:
    """That address on the network of the bridge that it names, or else on the first one."""
    here = with_six(config)
    meant = (one.name for one in config.networks if one.bridge == gateway.scope_id)
    name = next((one for one in meant if one in here), here[0] if here else "lan")
    return f"{bare(gateway)}%{name}"
