"""When a source is looked at again, and which builds may run.  Time and chance are arguments."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import tzinfo

from appliance.model.look_times import next_at, read

SPREAD = 0.1
"""Part of the interval by which a check comes early or late: sources do not march in step."""

SHORTEST_SECONDS = 60
LOOK_BYTES = 2 << 30
"""What evaluating a real host takes."""
LOOKS_AT_ONCE = 8


def next_check(now: float, interval: int, chance: float) -> float | None:
    """When to look again (`chance` 0 to 1); None for a source that is only checked when asked."""
    if interval <= 0:
        return None
    every = max(interval, SHORTEST_SECONDS)
    return now + every * (1 + SPREAD * (2 * chance - 1))


def fits(interval: int, checked: float | None, following: float | None) -> bool:
    """The check that is planned is one that `interval` gives, not that of an interval before."""
    if checked is None or following is None:
        return interval <= 0 and following is None
    first, last = (next_check(checked, interval, chance) for chance in (0.0, 1.0))
    return first is not None and last is not None and first - 1 <= following <= last + 1


def planned(
    interval: int,
    schedule: str,
    where: tzinfo,
    checked: float | None,
    following: float | None,
    now: float,
    chance: float,
) -> float | None:
    """When a source is looked at by itself: on its days and times by the clock of `where`, or by
    its interval.  `following` was planned before, and stays while it fits.

    What was missed while the router was off is made up for at once.
    """
    if schedule:
        return next_at(read(schedule), now if checked is None else checked, where)
    if fits(interval, checked, following):
        return following
    return next_check(now if checked is None else checked, interval, chance)


def grant(
    available: int, granted: Collection[int], processors: int, asked: int | None = None
) -> int | None:
    """The memory limit of an evaluation that wants to begin, in bytes; None when it must wait.

    `granted` are the limits of those that run, of all sources; they count whole, though part of
    them may be taken out of `available` already.  `asked` is what the owner gives each; without it
    it is its share, between 2 and 4 GiB.  The first never waits.
    """
    least = asked or LOOK_BYTES
    free = available - sum(granted)
    places = min(processors, LOOKS_AT_ONCE) - len(granted)
    if granted and (places < 1 or free < least):
        return None
    share = free // max(1, min(free // least, places))
    return asked or max(LOOK_BYTES, min(share, 2 * LOOK_BYTES))


@dataclass(frozen=True, slots=True)
class Waiting:
    """A build in the queue, oldest first."""

    build: str
    host: str


def startable(
    waiting: Sequence[Waiting], running: Collection[Waiting], at_once: int
) -> tuple[Waiting, ...]:
    """Which builds to start now: in order, never two of one host."""
    free = at_once - len(running)
    busy = {one.host for one in running}
    chosen: list[Waiting] = []
    for one in waiting:
        if len(chosen) >= free:
            break
        if one.host not in busy:
            chosen.append(one)
            busy.add(one.host)
    return tuple(chosen)
