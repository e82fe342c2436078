"""Waiting for a fact instead of sleeping."""

import time
from collections.abc import Callable
from typing import TypeVar

Found = TypeVar("Found")


def until(fact: Callable[[], Found], what: str, seconds: float = 20) -> Found:
    """Ask until `fact` is true; its value.  Fails with `what` after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        found = fact()
        if found:
            return found
        assert time.monotonic() < end, f"still not true after {seconds} s: {what}"
        time.sleep(0.02)
