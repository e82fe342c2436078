"""What differs between the IPv6 of two configurations, in sentences; `compare.py` calls this."""

from collections.abc import Iterator

from appliance.model.config import Network, RouterConfig
from appliance.model.prefixes import numbers


def sites(before: RouterConfig, after: RouterConfig) -> Iterator[str]:
    """The prefix of our own."""
    if before.ula != after.ula:
        yield (
            f"The networks have addresses of {after.ula} among themselves."
            if after.ula
            else f"The networks lose their own IPv6 prefix {before.ula}."
        )


def renumbered(before: RouterConfig, after: RouterConfig) -> Iterator[tuple[str, str]]:
    """Networks with another number, each with its sentence; one that came or went may be why."""
    old, new = numbers(before), numbers(after)
    was = {one.name: one.ipv6.subnet for one in before.networks if one.ipv6}
    for network in after.networks:
        name = network.name
        if network.ipv6 is None or name not in old:
            continue
        if old[name] != new[name]:
            yield (
                name,
                f"{name} takes number {new[name]} among the IPv6 networks (was {old[name]}): the "
                "router and its devices get other IPv6 addresses there.",
            )
        elif network.ipv6.subnet != was[name]:
            yield (
                name,
                f"{name} keeps number {new[name]} among the IPv6 networks, whatever others there "
                "are."
                if network.ipv6.subnet is not None
                else f"{name} takes the lowest number that is free among the IPv6 networks.",
            )


def networks(before: Network, after: Network) -> Iterator[str]:
    """IPv6 on one network."""
    name, old, new = after.name, before.ipv6, after.ipv6
    if old == new:
        return
    if old is None or new is None:
        yield f"{name} {'gets' if new else 'loses'} IPv6."
        return
    if old.suffix != new.suffix:
        yield f"The router's IPv6 addresses on {name} end in {new.suffix} (was {old.suffix})."
