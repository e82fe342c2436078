"""The short way of flows that were let through: a flowtable, in a table of its own.

Once both sides of a flow were heard and the filter has let it through, the kernel sends its packets
on without asking a rule again.  So that this changes nothing of what is decided:

- what the owner's own rules let through is counted packet by packet, so it is never put into it;
  nor is what a forward leads in, which may go back out where it came from;
- when anything of the filter changes, a rule's time included, the table goes first, with every flow
  in it, and is laid anew when all else stands: what is no longer allowed stops;
- its devices are the bridges and the way out, never the ports of a bridge: so the bridge's own
  table (`devices.py`) sees each frame, and a device that is blocked is cut off at once;
- by PPPoE the way out is the session, not the cable below it: so what arrives is counted and held
  at the session, and the kernel lets every flow go that led through a session that is over.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from appliance.model.config import RouterConfig
from appliance.model.firewall import ACCEPT as ACCEPTED
from appliance.model.firewall import ROUTER
from appliance.model.policy import lines
from appliance.plan.expression import ACCEPT, Json, answers, matches, rule
from appliance.plan.policy import link, places, rules_of

FAMILY, TABLE = "inet", "nixie_flows"
FLOWTABLE, CHAIN = "flows", "forward"
AFTER_THE_FILTER = 10
"""The priority of its chain: what the filter refuses never comes here."""
SHORTEN: Json = {"flow": {"op": "add", "flowtable": f"@{FLOWTABLE}"}}
NOT_YET: Json = matches({"ct": {"key": "state"}}, "established", "!=")


@dataclass(frozen=True, slots=True)
class State:
    """The links whose flows take the short way, and the rules that say which; () for no table."""

    links: tuple[str, ...] = ()
    rules: tuple[Json, ...] = ()


@dataclass(frozen=True, slots=True)
class Lay:
    """Make the table anew, without a flow in it."""

    links: tuple[str, ...]
    rules: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class Drop:
    """Take the table away; its flows go on through the rules."""


Step = Lay | Drop


def wanted(config: RouterConfig) -> State:
    """The table of a located config as it holds now; none without a way out, and none while a
    session is not there: a flowtable takes no link that is yet to come."""
    if not (config.wan and config.wan.is_there and config.networks):
        return State()
    links = tuple(sorted(link(config, name) for name in places(config)))
    return State(links, tuple(_rules(config)))


def _rules(config: RouterConfig) -> Iterator[Json]:
    """Walk the lines as the filter does: the first that fits decides here, too."""
    yield rule("not-yet", NOT_YET, ACCEPT)
    yield rule("answers", answers(), ACCEPT)  # the beginner's packets put both ways into it
    for line in lines(config):
        if line.destinations == (ROUTER,) or line.action != ACCEPTED:
            continue
        within = line.sources == line.destinations  # its frames are bridged, not routed
        long = line.id.startswith("rule:") or line.forwarded or within
        for one in rules_of(config, line):
            matched = [part for part in one["expr"] if not part.keys() & {"counter", "accept"}]
            yield rule(line.id, *matched, ACCEPT if long else SHORTEN)


def owned(present: State, scope: State) -> State:
    """All of `present`: the table with our name is ours."""
    del scope
    return present


def steps(wanted: State, present: State, *, anew: bool) -> tuple[Step, ...]:
    """List the steps from `present` to `wanted`; `anew` when what was let through may be over."""
    if wanted == present and not (anew and present.links):
        return ()
    drop = (Drop(),) if present.links else ()
    return (*drop, *((Lay(wanted.links, wanted.rules),) if wanted.links else ()))
