"""Is the wall clock to be believed?

A board without a battery starts in 1970, one with a dead battery anywhere.  What was known last is
kept on disk: a clock before that, or before this program was written, is wrong, and so is one far
in the future.  A wrong clock is believed again when an NTP server has set it.
"""

from dataclasses import dataclass

WRITTEN = 1_767_225_600.0  # 2026-01-01, Unix seconds
FAR_SECONDS = 10 * 365 * 86_400
"""A router that was switched off for longer than this asks before it believes its clock."""
STEP_SECONDS = 600
"""How exactly the floor is kept: each step is a write to the disk."""


@dataclass(frozen=True, slots=True)
class Clock:
    """What is known of the wall clock; `floor` is a time that is over for certain."""

    trusted: bool
    floor: float


def started(now: float, floor: float) -> Clock:
    """The clock as it is found at the start, `floor` as it was kept; Unix seconds.

    >>> started(0.0, 1_800_000_000.0).trusted, started(1_800_000_100.0, 1_800_000_000.0).trusted
    (False, True)
    """
    known = max(floor, WRITTEN)
    return Clock(known <= now < known + FAR_SECONDS, known)


def looked(clock: Clock, now: float, *, synchronised: bool) -> Clock:
    """What is known after another look; `synchronised`: an NTP server set the clock."""
    if synchronised:
        return Clock(trusted=True, floor=_step(now))
    if not clock.trusted or now < clock.floor - STEP_SECONDS:
        return Clock(trusted=False, floor=clock.floor)
    return Clock(trusted=True, floor=max(clock.floor, _step(now)))


def believed(clock: Clock, now: float) -> float:
    """The best that can be said of the time: a certificate of 1970 would be good for nobody.

    >>> believed(Clock(trusted=False, floor=1_800_000_000.0), 60.0)
    1800000000.0
    """
    return now if clock.trusted and started(now, clock.floor).trusted else max(clock.floor, WRITTEN)


def _step(now: float) -> float:
    return now - now % STEP_SECONDS
