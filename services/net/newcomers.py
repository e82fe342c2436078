"""Who is no newcomer on the networks of a configuration that hold newcomers back."""

from collections.abc import Callable, Iterable

from appliance.model.config import RouterConfig
from appliance.model.newcomers import QUARANTINE, Admitted


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
