"""The speed of the way out, held by the router itself, so that no queue grows at the provider.

Whoever holds the slowest place holds the queue, and a queue of ours is short and fair: each device
gets its share first, then each of its conversations (CAKE, Høiland-Jørgensen et al. 2018).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from appliance.model.limits import STRICT, Between, Matches

SLOWEST_KBIT: Final = 64
FASTEST_KBIT: Final = 10_000_000
ETHERNET: Final = "ethernet"


@dataclass(frozen=True, slots=True)
class Medium:
    """What a line adds to each packet (tc-cake(8), "Overhead compensation parameters").

    `overhead` and `least` are bytes; `cells` is "", "atm" or "ptm".
    """

    words: str
    overhead: int
    least: int = 0
    cells: str = ""


MEDIA: Mapping[str, Medium] = {
    ETHERNET: Medium("Fibre, or Ethernet of another kind", 38, 84),
    "cable": Medium("Television cable (DOCSIS)", 18, 64),
    "vdsl": Medium("VDSL", 22, cells="ptm"),
    "adsl": Medium("ADSL", 32, cells="atm"),
}
"""The word in a configuration to what it means; a tag adds its four bytes."""

Kbit = Annotated[int, Between(SLOWEST_KBIT, FASTEST_KBIT)]
Line = Annotated[str, Matches("|".join(MEDIA), "ethernet, cable, vdsl or adsl")]


@dataclass(frozen=True, slots=True)
class Shaping:
    """How fast the way out is, in thousand bits a second; None leaves a direction alone."""

    __pydantic_config__ = STRICT

    down_kbit: Kbit | None = None
    up_kbit: Kbit | None = None
    line: Line = ETHERNET

    def __post_init__(self) -> None:
        if self.down_kbit is None and self.up_kbit is None:
            raise ValueError("give the speed of at least one direction")
