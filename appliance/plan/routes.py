"""Routes beyond those that the kernel makes for each address: for now the way out.

Ours carry our own mark in the kernel's `proto` field, so they are known again after a crash and
nobody else's route is touched.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

from appliance.model.config import RouterConfig

PROTOCOL = 78
"""Our mark; free in iproute2's rt_protos."""
METRIC = 20
"""Lower wins.  Beats a DHCP client's usual 100 or 1024, and leaves metric 0 to whoever set it."""
EVERYWHERE = IPv4Network("0.0.0.0/0")


@dataclass(frozen=True, slots=True, order=True)
class Route:
    """One IPv4 route of the main table; a gateway of 0.0.0.0 means on the cable itself."""

    destination: IPv4Network
    gateway: IPv4Address
    link: str
    metric: int = METRIC


State = AbstractSet[Route]


@dataclass(frozen=True, slots=True)
class AddRoute:
    route: Route


@dataclass(frozen=True, slots=True)
class DropRoute:
    route: Route


Step = AddRoute | DropRoute


def wanted(config: RouterConfig) -> State:
    """The default route, when there is a way out."""
    if config.wan is None or config.wan.static is None:
        return frozenset()
    return frozenset({Route(EVERYWHERE, config.wan.static.gateway, config.wan.port)})


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
