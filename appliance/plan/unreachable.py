"""Delegated addresses that no network has lead nowhere.

Without this the default route would send them back to the provider, who sends them here again
(RFC 7084 WPD-5).  Like `routes.py`, ours bear our mark.
"""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from ipaddress import IPv6Network

from appliance.model.config import RouterConfig
from appliance.model.facts import Facts
from appliance.model.prefixes import numbers

State = AbstractSet[IPv6Network]


@dataclass(frozen=True, slots=True)
class AddUnreachable:
    destination: IPv6Network


@dataclass(frozen=True, slots=True)
class DropUnreachable:
    destination: IPv6Network


Step = AddUnreachable | DropUnreachable


def wanted(config: RouterConfig, facts: Facts) -> State:
    """The delegated prefix as a whole; each network's /64 is more specific."""
    wholes = [facts.delegation.prefix] if facts.delegation else []
    return frozenset(wholes if numbers(config) else ())


def owned(present: State, scope: State) -> State:
    """All of `present`: the driver lists routes with our mark only."""
    del scope
    return present


def steps(wanted: State, present: State) -> tuple[Step, ...]:
    """List the steps from `present` to `wanted`, additions first; () means nothing to do."""
    return (
        *(AddUnreachable(one) for one in sorted(wanted - present)),
        *(DropUnreachable(one) for one in sorted(present - wanted)),
    )
