"""What the filter held back, as `net` tells it from memory (recall/open.py)."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Drop:
    """One packet; `arrived` and `leaves` are links, "" for none, `port` is None without one."""

    at: float
    by: str  # the id of the rule that decided
    arrived: str
    leaves: str
    mac: str  # of who sent it on that link
    source: str
    destination: str
    protocol: str
    port: int | None


def drops(told: list[Any] | None) -> list[Drop] | None:
    """What net told of its memory."""
    return None if told is None else [Drop(**one) for one in told]
