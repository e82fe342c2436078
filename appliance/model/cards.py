"""One card by two names: what a configuration says of it by its MAC and by its name together.

Which MAC is whose is the box's to say, so `check.py` alone cannot see it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from appliance.errors import Problem
from appliance.model.check import problems
from appliance.model.config import RouterConfig


def hidden(config: RouterConfig, names: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong only because MACs are cards of this box; `names` are these by MAC."""
    seen = problems(config)
    yield from (one for one in problems(named(config, names)) if one not in seen)


def named(config: RouterConfig, names: Mapping[str, str]) -> RouterConfig:
    """The same with every MAC that is a card's by its name."""
    wan = config.wan
    return replace(
        config,
        networks=tuple(
            replace(
                one,
                ports=tuple(names.get(port, port) for port in one.ports),
                tagged=tuple(replace(it, port=names.get(it.port, it.port)) for it in one.tagged),
            )
            for one in config.networks
        ),
        wan=wan and replace(wan, port=names.get(wan.port, wan.port)),
    )
