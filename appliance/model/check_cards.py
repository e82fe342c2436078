"""One card by two words: what a configuration says of it by its MAC, slot and name together.

Which words mean which card is the box's to say, so `check.py` alone cannot see it.
"""

from collections.abc import Iterator, Mapping

from appliance.errors import Problem
from appliance.model.cards import named
from appliance.model.check import problems
from appliance.model.config import RouterConfig


def hidden(config: RouterConfig, names: Mapping[str, str]) -> Iterator[Problem]:
    """What is wrong only because two words mean one card; `names` are cards.names of this box."""
    seen = problems(config)
    yield from (one for one in problems(named(config, names)) if one not in seen)
