"""Routes beyond those that the kernel makes for each address: the way out, and the owner's own.

Ours carry our own mark in the kernel's `proto` field, so they are known again after a crash and
nobody else's route is touched.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Final

from appliance.model.config import RouterConfig
from appliance.model.firewall import DEFAULT_METRIC, EVERYWHERE, EVERYWHERE_SIX, INTERNET
from appliance.model.gateways import Address, bare, place

PROTOCOL = 78
"""Our mark; free in iproute2's rt_protos."""
ON_THE_CABLE: Final = IPv4Address(0)
ON_THE_CABLE_SIX: Final = IPv6Address(0)


@dataclass(frozen=True, slots=True)
class Route:
    """One route of the main table; a gateway of 0.0.0.0 or :: means on the cable itself."""

    destination: IPv4Network | IPv6Network
    gateway: IPv4Address | IPv6Address
    link: str
    metric: int = DEFAULT_METRIC

    @property
    def way(self) -> str:
        """Where it leads, as a sentence goes on."""
        return f"to {self.gateway} through {self.link}" if int(self.gateway) else f"to {self.link}"

    def rank(self) -> tuple[int, ...]:
        """Where it stands in a list: IPv4 first, and what lies on the cable before gateways."""
        to, by = self.destination, int(self.gateway)
        return (to.version, by != 0, int(to.network_address), to.prefixlen, by, self.metric)


State = AbstractSet[Route]


@dataclass(frozen=True, slots=True)
class AddRoute:
    route: Route


@dataclass(frozen=True, slots=True)
class DropRoute:
    route: Route


Step = AddRoute | DropRoute


def wanted(config: RouterConfig) -> State:
    """The default routes, when there is a way out, and those to networks behind other routers.

    By IPv6 the provider's router announces itself, and the kernel makes the route.  A session has
    one neighbour, who need not: so the way out is the link.
    """
    found = {
        Route(one.destination, bare(one.gateway), link, one.metric)
        for one in config.routes
        if (link := _towards(config, one.gateway))
    }
    if config.wan and config.wan.static:
        found.add(Route(EVERYWHERE, config.wan.static.gateway, config.wan.link))
        if config.wan.pppoe and any(one.ipv6 for one in config.networks):
            found.add(Route(EVERYWHERE_SIX, ON_THE_CABLE_SIX, config.wan.link))
    return frozenset(found)


def _towards(config: RouterConfig, gateway: Address) -> str | None:
    """The link on which a gateway is; None when it is on none, or that is not there."""
    name = place(config, gateway)
    if name == INTERNET:
        return config.wan.link if config.wan and config.wan.is_there else None
    return next((one.bridge for one in config.networks if one.name == name), None)


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
    fresh = sorted(wanted - present, key=Route.rank)
    clear = [one for one in fresh if (one.destination, one.metric) not in keys]
    blocked = [one for one in fresh if one not in clear]
    return (
        *(AddRoute(route) for route in clear),
        *(DropRoute(route) for route in sorted(present - wanted, key=Route.rank)),
        *(AddRoute(route) for route in blocked),
    )
