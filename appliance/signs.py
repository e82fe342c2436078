"""How a role says that it lives, to whoever supervises it.

A role is ready when its files and sockets are open and what it serves is read; its beat comes from
inside the loop that does its work, so that a loop that stands still is silent.
"""

from collections.abc import Callable
from dataclasses import dataclass


def nobody_listens() -> None:
    """Nobody supervises us."""


@dataclass(frozen=True, slots=True)
class Signs:
    """`ready` is told once; `beat` may be told as often as the loop turns."""

    ready: Callable[[], None] = nobody_listens
    beat: Callable[[], None] = nobody_listens


NO_SIGNS = Signs()
