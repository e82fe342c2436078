"""How full a disk may get: from where on it is told, from where on no build begins or goes on.

Bytes in, a state and a sentence out.  On a small disk the bounds are parts of it.
"""

from dataclasses import dataclass

from appliance.model.storage import FULL, ROOMY, TIGHT
from services.nix.shortage import UNITS, amount

GIBIBYTE = UNITS["GiB"]
AGAIN = 1.1
"""A disk that was full has room again once it has so many times the bound: no flapping."""


@dataclass(frozen=True, slots=True)
class Disk:
    """A disk with what is free for everybody on it."""

    name: str  # "store" or "state directory", for a sentence
    free: int
    size: int


def tight_below(size: int) -> int:
    """From here on its owner is told."""
    return min(8 * GIBIBYTE, size * 15 // 100)


def full_below(size: int) -> int:
    """From here on no build begins."""
    return min(2 * GIBIBYTE, size * 5 // 100)


def stop_below(size: int) -> int:
    """From here on the build that runs is ended: the rest is the router's own."""
    return min(GIBIBYTE // 2, size * 2 // 100)


def state(disk: Disk, before: str) -> str:
    """How it stands; `before` is how it stood."""
    slack = AGAIN if before == FULL else 1.0
    if disk.free < full_below(disk.size) * slack:
        return FULL
    slack = AGAIN if before != ROOMY else 1.0
    return TIGHT if disk.free < tight_below(disk.size) * slack else ROOMY


def sentence(disk: Disk, stands: str) -> str:
    """Why builds wait, or soon will; "" while there is room."""
    left = f"{amount(disk.free)} of {amount(disk.size)} are free on the disk of the {disk.name}"
    if stands == FULL:
        return (
            f"{left}, too little to build on: builds wait, what is published is served. Let go of "
            "old generations under Storage, or plug in a larger disk; builds then go on by "
            "themselves."
        )
    if stands == TIGHT:
        least = amount(full_below(disk.size))
        return f"{left}. Below {least} builds wait. Let go of old generations under Storage."
    return ""


def not_begun(free: int) -> str:
    """Why nothing is fetched or evaluated on a disk that others filled."""
    return (
        f"{amount(free)} are left on the disk of the store, which the router needs itself: nothing "
        "is fetched or evaluated until there is room. Let go of old generations under Storage, or "
        "give it more, then look again."
    )


def ended(free: int, used: int) -> str:
    """Why a fetch or an evaluation was ended while `used` bytes went."""
    return (
        f"The disk of the store is full. {amount(used)} went while this was fetched or evaluated, "
        f"and it was stopped while {amount(free)} were left, which the router needs itself. Make "
        "room on it or give it more, then look again."
    )


def stopped(free: int, used: int) -> str:
    """Why a build was ended that took `used` bytes."""
    return (
        f"The disk of the store is full. The build took {amount(used)} and was stopped while "
        f"{amount(free)} were left, which the router needs itself; nothing else was lost. Make "
        "room on it or give it more, then build again."
    )
