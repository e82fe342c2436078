"""Waiting for a fact instead of sleeping.

No bound here measures how fast something is: the computer that tests may be many times slower, and
busy with something else.  What must be fast is asked of the quickest of some tries.
"""

import time
from collections.abc import Callable
from typing import Literal, TypeVar

Found = TypeVar("Found")
PATIENCE_SECONDS = 120.0
TRIES = 16


def until(
    fact: Callable[[], Found | Literal[False] | None],
    what: str,
    seconds: float = PATIENCE_SECONDS,
) -> Found:
    """Ask until `fact` is true; its value.  Fails with `what` after `seconds`.

    What cannot be looked up yet (LookupError: a list is empty, a key is missing) is not true yet.
    """
    end = time.monotonic() + seconds
    while True:
        missing = ""
        try:
            if found := fact():
                return found
        except LookupError as error:
            missing = f" ({error!r})"
        assert time.monotonic() < end, f"still not true after {seconds} s: {what}{missing}"
        time.sleep(0.02)


def quickest(seconds: Callable[[], float], enough: float) -> float:
    """How long it took, by `seconds`, in the quickest of some tries; one that is below `enough` is
    the last."""
    tries: list[float] = []
    while len(tries) < TRIES and min(tries, default=enough) >= enough:
        tries.append(seconds())
    return min(tries)
