"""Who is no newcomer on the networks of a configuration that hold newcomers back."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from appliance.model.config import Network, RouterConfig
from appliance.model.facts import Facts
from appliance.model.newcomers import QUARANTINE, Admitted
from appliance.model.vlan import link_name
from appliance.plan.devices import Apart


def held_on(config: RouterConfig) -> tuple[str, ...]:
    """The networks that hold newcomers back."""
    return tuple(one.name for one in config.networks if one.newcomers == QUARANTINE)


def admitted(
    config: RouterConfig, settled: Callable[[str], frozenset[str]], machines: Iterable[str]
) -> Admitted:
    """Whom each of them lets through: who is `settled` there or was let in, whoever has a fixed
    address, and the MACs of the `machines`."""
    if not held_on(config):
        return {}
    fixed = {one.mac for network in config.networks if network.dhcp
             for one in network.dhcp.reservations}  # fmt: skip
    known = fixed.union(machines)
    return {name: settled(name) | known for name in held_on(config)}


def with_admitted(
    facts: Facts,
    config: RouterConfig,
    settled: Callable[[str], frozenset[str]],
    machines: Iterable[str],
) -> Facts:
    """The facts that a configuration leads by, with whom it lets through."""
    return replace(facts, admitted=admitted(config, settled, machines))


def kept_apart(config: RouterConfig, known: Admitted) -> tuple[Apart, ...]:
    """What the bridges are told of a located config, and of whom it lets through."""
    return tuple(
        Apart(one.name, _links(one), known.get(one.name, frozenset()))
        for one in config.networks
        if one.newcomers == QUARANTINE
    )


def _links(network: Network) -> tuple[str, ...]:
    return (*network.ports, *(link_name(one.port, one.vlan) for one in network.tagged))
