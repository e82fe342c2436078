"""Everything Nixie raises on purpose.

NixieError
├── Refused        the request is wrong: show it beside the field that caused it
├── NotConverged   applied, read back, still different: put back, then say what is left
└── Unreachable    the kernel, nix or the disk did not answer: try again later
"""

from collections.abc import Sequence
from dataclasses import dataclass


class NixieError(Exception):
    """Base of every deliberate error; anything else reaching the top is a bug."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a request, placed where the form can show it."""

    where: tuple[str | int, ...]  # ("networks", 0, "pool")
    what: str  # a full sentence for the person at the keyboard


class Refused(NixieError):
    """The request has problems; nothing was changed."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(" ".join(problem.what for problem in problems))
        self.problems = problems


class NotConverged(NixieError):
    """Every step was carried out, yet `left` would still be needed."""

    def __init__(self, left: Sequence[object]) -> None:
        super().__init__(f"{len(left)} steps are still needed: {', '.join(map(str, left))}")
        self.left = tuple(left)


class Unreachable(NixieError):
    """Something outside did not answer; the message says what, why and what to do."""
