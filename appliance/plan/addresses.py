"""The router's own addresses.

Only addresses that a config of ours names are ours: one that somebody else put on the same link
stays.  Adding before dropping keeps the admin's own path alive; `promote_secondaries`
(`sysctls.py`) keeps the other addresses of a subnet when its first one is dropped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface

from appliance.model.config import RouterConfig
from appliance.model.facts import NOTHING_FOUND, Facts
from appliance.model.prefixes import prefixes, router_address

Interface = IPv4Interface | IPv6Interface
State = Mapping[str, frozenset[Interface]]
"""Link name to the addresses on it."""


@dataclass(frozen=True, slots=True)
class AddAddress:
    link: str
    address: Interface


@dataclass(frozen=True, slots=True)
class DropAddress:
    link: str
    address: Interface


Step = AddAddress | DropAddress


def wanted(config: RouterConfig, facts: Facts = NOTHING_FOUND) -> State:
    """On each network its IPv4 address and one per prefix, and the one on the internet side."""
    mine = prefixes(config, facts.delegated)
    found: dict[str, frozenset[Interface]] = {
        one.bridge: frozenset(
            {one.address, *(router_address(one, prefix) for prefix in mine.get(one.name, ()))}
        )
        for one in config.networks
    }
    if config.wan and config.wan.static:
        found[config.wan.link] = frozenset({config.wan.static.address})
    return found


def owned(present: State, scope: State) -> State:
    """The addresses that `scope` names, on the links where it names them."""
    return {link: present[link] & addresses for link, addresses in scope.items() if link in present}


def steps(wanted: State, present: State) -> tuple[Step, ...]:
    """List the steps from `present` to `wanted`, additions first; () means nothing to do."""
    nothing: frozenset[Interface] = frozenset()
    adds = [
        AddAddress(link, address)
        for link in sorted(wanted)
        for address in sorted(wanted[link] - present.get(link, nothing), key=_place)
    ]
    drops = [
        DropAddress(link, address)
        for link in sorted(present)
        for address in sorted(present[link] - wanted.get(link, nothing), key=_place)
    ]
    return (*adds, *drops)


def _place(address: Interface) -> tuple[int, int]:
    return address.version, int(address)
