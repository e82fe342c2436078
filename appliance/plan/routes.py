"""Routes beyond those that the kernel makes for each address: the way out, and the owner's own.

Ours carry our own mark in the kernel's `proto` field, so they are known again after a crash and
nobody else's route is touched.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from appliance.model.config import RouterConfig
from appliance.model.firewall import DEFAULT_METRIC, EVERYWHERE

PROTOCOL = 78
"""Our mark; free in iproute2's rt_protos."""


@dataclass(frozen=True, slots=True, order=True)
class Route:
    """One IPv4 route of the main table; a gateway of 0.0.0.0 means on the cable itself."""

    destination: IPv4Network
    gateway: IPv4Address
    link: str
    metric: int = DEFAULT_METRIC


State = AbstractSet[Route]


@dataclass(frozen=True, slots=True)
class AddRoute:
    route: Route


@dataclass(frozen=True, slots=True)
class DropRoute:
    route: Route


Step = AddRoute | DropRoute


def wanted(config: RouterConfig) -> State:
    """The default route, when there is a way out, and those to networks behind other routers."""
    found = {
        Route(one.destination, one.gateway, link, one.metric)
        for one in config.routes
        if (link := _towards(config, one.gateway))
    }
    if config.wan and config.wan.static:
        found.add(Route(EVERYWHERE, config.wan.static.gateway, config.wan.link))
    return frozenset(found)


def _towards(config: RouterConfig, gateway: IPv4Address) -> str | None:
    """The link on which a gateway is; None when it is on no network of ours."""
    for network in config.networks:
        if gateway in network.address.network:
            return network.bridge
    if config.wan and config.wan.static and gateway in config.wan.static.address.network:
        return config.wan.link
    return None


def owned(present: State, scope: State) -> State:
    """All of `present`: the driver lists routes with our mark only."""
    del scope
    return present


def steps(wanted: State, present: State) -> tuple[Step, ...]:
    """List the steps from `present` to `wanted`, additions first; () means nothing to do.

    The kernel keys a route by destination and metric, so one that changed its gateway is dropped
    before its successor is added.  What lies on the cable goes first: gateways may be there.
    """
    keys = {(route.destination, route.metric) for route in present - wanted}
    fresh = sorted(wanted - present, key=lambda one: (int(one.gateway) != 0, one))
    clear = [one for one in fresh if (one.destination, one.metric) not in keys]
    blocked = [one for one in fresh if one not in clear]
    return (
        *(AddRoute(route) for route in clear),
        *(DropRoute(route) for route in sorted(present - wanted)),
        *(AddRoute(route) for route in blocked),
    )
