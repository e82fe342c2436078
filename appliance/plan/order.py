"""All plans as one, in one order: the filter stands first, forwarding goes on last.

Additions come before removals, and removals run the other way round: routes, addresses, links.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from appliance.model.config import RouterConfig
from appliance.model.facts import NOTHING_FOUND, Facts
from appliance.plan import addresses, firewall, flows, links, routes, shaping, sysctls, unreachable
from appliance.plan.addresses import Interface
from appliance.plan.addresses import State as Addresses
from appliance.plan.firewall import State as Filter
from appliance.plan.flows import State as Flows
from appliance.plan.links import State as Links
from appliance.plan.routes import State as Routes
from appliance.plan.shaping import State as Shaping
from appliance.plan.sysctls import State as Sysctls
from appliance.plan.unreachable import State as Unreachable


@dataclass(frozen=True, slots=True)
class State:
    """Everything of the kernel that we own, or want."""

    firewall: Filter = field(default_factory=Filter)
    links: Links = field(default_factory=dict)
    addresses: Addresses = field(default_factory=dict)
    routes: Routes = frozenset()
    sysctls: Sysctls = field(default_factory=dict)
    unreachable: Unreachable = frozenset()
    flows: Flows = field(default_factory=Flows)
    shaping: Shaping = field(default_factory=Shaping)


Step = (
    firewall.Step
    | links.Step
    | addresses.Step
    | routes.Step
    | sysctls.Step
    | unreachable.Step
    | flows.Step
    | shaping.Step
)

PHASES: Mapping[type[Step], int] = {
    flows.Drop: 1,  # before the filter: what it no longer allows must not go on
    firewall.Refill: 1,
    links.AddVlan: 2,
    links.AddBridge: 2,
    links.KeepTagsOut: 3,
    links.Enslave: 3,
    links.SetMac: 3,
    links.SetMtu: 3,
    sysctls.Write: 4,
    links.BringUp: 5,
    addresses.AddAddress: 6,
    routes.AddRoute: 7,
    routes.DropRoute: 7,  # as routes.steps orders them: a new gateway needs the old one gone
    unreachable.AddUnreachable: 7,
    unreachable.DropUnreachable: 7,
    shaping.FreeOut: 7,
    shaping.FreeIn: 7,
    shaping.HoldOut: 7,
    shaping.HoldIn: 7,
    addresses.DropAddress: 8,
    links.Release: 9,
    links.BringDown: 10,
    links.DropVlan: 11,
    links.DropBridge: 11,
    firewall.DropTable: 13,
    flows.Lay: 14,
}
FORWARDING_OFF, FORWARDING_ON = 0, 12
"""The two writes that have a phase of their own."""


def wanted(config: RouterConfig | None, facts: Facts = NOTHING_FOUND) -> State:
    """What a located config asks of the kernel, given what was found; None asks for nothing."""
    if config is None:
        return State()
    return State(
        firewall=firewall.wanted(config, facts),
        links=links.wanted(config),
        addresses=addresses.wanted(config, facts),
        routes=routes.wanted(config),
        sysctls=sysctls.wanted(config),
        unreachable=unreachable.wanted(config, facts),
        flows=flows.wanted(config) if facts.flowtable else Flows(),
        shaping=shaping.wanted(config),
    )


def together(*states: State) -> State:
    """A scope: everything that any of `states` names."""
    both: dict[str, frozenset[Interface]] = {}
    for state in states:
        for link, found in state.addresses.items():
            both[link] = both.get(link, frozenset()) | found
    return State(
        links=links.together(state.links for state in states),
        addresses=both,
        sysctls={path: value for state in states for path, value in state.sysctls.items()},
    )


def owned(present: State, scope: State) -> State:
    """What of `present` is ours to touch: what `scope` names, and what bears our mark."""
    return State(
        firewall=firewall.owned(present.firewall, scope.firewall),
        links=links.owned(present.links, scope.links),
        addresses=addresses.owned(present.addresses, scope.addresses),
        routes=routes.owned(present.routes, scope.routes),
        sysctls=sysctls.owned(present.sysctls, scope.sysctls),
        unreachable=unreachable.owned(present.unreachable, scope.unreachable),
        flows=flows.owned(present.flows, scope.flows),
        shaping=shaping.owned(present.shaping, scope.shaping),
    )


def steps(wanted: State, present: State) -> tuple[Step, ...]:
    """List every step from `present` to `wanted` in the order to take them; () is nothing to do."""
    filtered = firewall.steps(wanted.firewall, present.firewall)
    found: tuple[Step, ...] = (
        *flows.steps(wanted.flows, present.flows, anew=bool(filtered)),
        *filtered,
        *links.steps(wanted.links, present.links),
        *addresses.steps(wanted.addresses, present.addresses),
        *routes.steps(wanted.routes, present.routes),
        *unreachable.steps(wanted.unreachable, present.unreachable),
        *shaping.steps(wanted.shaping, present.shaping),
        *sysctls.steps(wanted.sysctls, present.sysctls),
    )
    return tuple(sorted(found, key=phase))


def phase(step: Step) -> int:
    """When this step's turn is; equal phases keep the order of their plan."""
    if isinstance(step, sysctls.Write) and sysctls.is_forwarding_off(step):
        return FORWARDING_OFF
    if isinstance(step, sysctls.Write) and sysctls.is_forwarding_on(step):
        return FORWARDING_ON
    return PHASES[type(step)]
