"""What a machine runs, against what its host serves: one word.

A system says with its phone-home what it booted, and later whenever somebody switches it to
another one by hand.
"""

from collections.abc import Iterable
from typing import Protocol

STANDS = ("in sync", "behind", "ahead", "drifted")
"""`ahead`: its host went back to an earlier generation.  `drifted`: it runs what nobody served."""


class Runs(Protocol):
    """What was heard of a machine."""

    @property
    def generation(self) -> int:
        """Of its host, as served to it."""

    @property
    def served(self) -> str:
        """The top-level store path of that."""

    @property
    def toplevel(self) -> str:
        """The one that it runs."""


def stand(runs: Runs, gets: int | None) -> str:
    """One of STANDS; `gets` is the number of the generation that it would get now, if any."""
    if runs.toplevel != runs.served:
        return "drifted"
    if gets is None or gets == runs.generation:
        return "in sync"
    return "behind" if gets > runs.generation else "ahead"


def behind(runs: Runs, gets: int | None, numbers: Iterable[int]) -> int:
    """By how many of its host's generations, which have these numbers, it is behind."""
    return sum(runs.generation < number <= (gets or 0) for number in numbers)
