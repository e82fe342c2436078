"""How far a source is trusted, and everything that differs by it: the one place where that stands.

What does not differ is not here: nobody's flake is evaluated with a network on this router,
nobody's `nixConfig` is taken, every build is in the sandbox, and what is fetched or built reaches
the internet only (`appliance/plan/egress.py`).
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

MINE: Final = "mine"
STRANGER: Final = "stranger"


class Treatment(NamedTuple):
    """What a source of one trust may have."""

    holed_nix: bool  # worked on by a Nix with known holes, with a warning
    building_looks: bool  # import from derivation, when its owner allows it
    keys: bool  # a token or deploy key
    own_network: bool  # inputs on the owner's network that nobody listed
    unasked: bool  # hosts are built before their owner asked for it once
    unwatched: bool  # going too far is told on its page only: most likely it is a mistake
    elsewhere: bool  # evaluated by a builder that does so, and evaluation there has a network


TREATMENTS: Final[Mapping[str, Treatment]] = {
    MINE: Treatment(*(True,) * len(Treatment._fields)),
    STRANGER: Treatment(*(False,) * len(Treatment._fields)),
}


def treatment(trust: str) -> Treatment:
    """How a source of that trust is treated; a word that is not known is a stranger's."""
    return TREATMENTS.get(trust, TREATMENTS[STRANGER])
