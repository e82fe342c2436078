"""The router's own IPv4 addresses.

Only addresses that a config of ours names are ours: one that somebody else put on the same link
stays.  Adding before dropping keeps the admin's own path alive; `promote_secondaries`
(`sysctls.py`) keeps the other addresses of a subnet when its first one is dropped.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface

from appliance.model.config import RouterConfig

State = Mapping[str, frozenset[IPv4Interface]]
"""Link name to the addresses on it."""


@dataclass(frozen=True, slots=True)
class AddAddress:
    link: str
    address: IPv4Interface


@dataclass(frozen=True, slots=True)
class DropAddress:
    link: str
    address: IPv4Interface


Step = AddAddress | DropAddress


def wanted(config: RouterConfig) -> State:
    """One address per network, and the one on the internet side."""
    found = {network.bridge: frozenset({network.address}) for network in config.networks}
    if config.wan and config.wan.static:
        found[config.wan.port] = frozenset({config.wan.static.address})
    return found


def owned(present: State, scope: State) -> State:
    """The addresses that `scope` names, on the links where it names them."""
    return {link: present[link] & addresses for link, addresses in scope.items() if link in present}


def steps(wanted: State, present: State) -> tuple[Step, ...]:
    """List the steps from `present` to `wanted`, additions first; () means nothing to do."""
    nothing: frozenset[IPv4Interface] = frozenset()
    adds = [
        AddAddress(link, address)
        for link in sorted(wanted)
        for address in sorted(wanted[link] - present.get(link, nothing))
    ]
    drops = [
        DropAddress(link, address)
        for link in sorted(present)
        for address in sorted(present[link] - wanted.get(link, nothing))
    ]
    return (*adds, *drops)
