"""What is wrong with the tags of a configuration, which no single field shows."""

from collections.abc import Iterator

from appliance.errors import Problem
from appliance.model.cards import NAME, known_by
from appliance.model.config import RouterConfig
from appliance.model.vlan import Tagged, link_name

Place = tuple[str | int, ...]


def vlan_problems(config: RouterConfig) -> Iterator[Problem]:
    """A tag on a port has one place only, and so has the interface made for it."""
    yield from _twice(config)
    yield from _beside_internet(config)
    yield from _names(config)


def _tags(config: RouterConfig) -> Iterator[tuple[Place, Tagged]]:
    """Every tag with its place, the internet's last."""
    for at, network in enumerate(config.networks):
        for number, one in enumerate(network.tagged):
            yield ("networks", at, "tagged", number), one
    if config.wan and config.wan.vlan is not None:
        yield ("wan", "vlan"), Tagged(config.wan.port, config.wan.vlan)


def _twice(config: RouterConfig) -> Iterator[Problem]:
    seen: set[Tagged] = set()
    for place, one in _tags(config):
        if one in seen:
            what = f"The tag {one.vlan} on {one.port} is used twice; it belongs to one network."
            yield Problem(place, what)
        seen.add(one)


def _beside_internet(config: RouterConfig) -> Iterator[Problem]:
    """The provider must not reach a network by leaving a tag away, or by writing one."""
    wan = config.wan
    if wan is None or wan.vlan is not None:
        return
    for at, network in enumerate(config.networks):
        for number, one in enumerate(network.tagged):
            if one.port == wan.port:
                what = (
                    f"{one.port} leads to the internet. A network may share that cable only when "
                    "the internet has a tag of its own there, too."
                )
                yield Problem(("networks", at, "tagged", number, "port"), what)


def _names(config: RouterConfig) -> Iterator[Problem]:
    """Interfaces of ours for tags must not be called like a bridge or a port."""
    called = {network.bridge for network in config.networks}
    called |= {port for network in config.networks for port in network.ports}
    called |= {config.wan.port} if config.wan else set()
    for place, one in _tags(config):
        made = link_name(one.port, one.vlan)
        if known_by(one.port) == NAME and made in called:
            what = f"The interface for this tag is {made}, which is used already."
            yield Problem(place, what)
