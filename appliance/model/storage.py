"""The disk that images lie on: how full it is, what stays on it, and what could go.

`build` writes it, pages and the API show it; standard library only.  Sizes are bytes.
"""

from dataclasses import dataclass

USUAL = 5
"""How many generations of each host stay until the owner says otherwise."""
MOST = 100
CHOICES = (1, 2, 3, 5, 10, 20)

ROOMY, TIGHT, FULL = "roomy", "tight", "full"
STATES: tuple[str, ...] = (ROOMY, TIGHT, FULL)
"""There is room; it gets less; builds wait."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What keeping so many generations of each host would let go."""

    keep: int
    generations: int
    bytes: int  # that nothing else needs
    what: str  # whose they are, "" for none


@dataclass(frozen=True, slots=True)
class Storage:
    """How the disk of the store stands; `garbage` is what nothing keeps."""

    state: str = ROOMY
    what: str = ""  # a sentence while it is not roomy
    free: int = 0
    size: int = 0
    garbage: int = 0
    choices: tuple[Choice, ...] = ()
    weighed_at: float | None = None  # Unix seconds; garbage and choices are as of then
