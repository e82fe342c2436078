"""A time that nobody sets, by which leases are judged.

It is Unix seconds as the clock had them when the role began, counted on by the machine's uptime
(CLOCK_BOOTTIME).  What is stored has to be right by the clock, which others read it by: when the
clock is set, by NTP or by hand, all that is stored moves along, in one transaction with the note of
how the clock stood (`Frame`).  So a role that died in between, or while the clock was set, finds
out at its next start.

How long a machine was switched off nobody knows for certain, for its clock may be of 1970.  That
time is not counted: a lease may last longer than its client believes, never shorter.
"""

from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import Final

STEP_SECONDS: Final = 2.0
"""What is less may be time that passed between two looks at two clocks."""
NOTE_SECONDS: Final = 600.0
"""How exactly it is known when the machine was switched off: each note is a write to the disk."""


@dataclass(frozen=True, slots=True)
class Frame:
    """How the clock stood when what is stored was right.

    `ahead` is by how much it was ahead of the uptime of `boot`, one run of the machine; `at` is the
    clock when that was noted last.
    """

    boot: str
    ahead: float
    at: float


class Steady:
    """That time, and by how much the clock is ahead of it (`step`, seconds)."""

    def __init__(self, uptime: float, wall: float) -> None:
        self._began = wall - uptime
        self.step = 0.0

    @property
    def ahead(self) -> float:
        """By how much the clock is ahead of the uptime, as far as it was found out."""
        return self._began + self.step

    def now(self, uptime: float) -> float:
        """The time at this uptime."""
        return self._began + uptime

    def moved(self, uptime: float, wall: float) -> float:
        """By how many seconds the clock was set since the last time; 0.0 when it was not."""
        found = wall - self.now(uptime) - self.step
        if abs(found) < STEP_SECONDS:
            return 0.0
        self.step += found
        return found


class Watched:
    """A clock that many threads read, and what is stored by it."""

    def __init__(self, uptime: Callable[[], float], wall: Callable[[], float]) -> None:
        self._uptime, self._wall, self._lock = uptime, wall, Lock()
        self._steady = Steady(uptime(), wall())

    def follow(self, move: Callable[[float], None]) -> None:
        """When the clock was set since the last time, have what is stored moved by so many seconds;
        others wait for that."""
        with self._lock:
            if moved := self._steady.moved(self._uptime(), self._wall()):
                move(moved)


def missed(frame: Frame | None, boot: str, uptime: float, wall: float) -> float:
    """By how many seconds what is stored has to be moved at the start.

    >>> frame = Frame("a", 1_000.0, 1_500.0)
    >>> missed(frame, "a", 600.0, 1_600.0), missed(frame, "a", 600.0, 9_600.0)
    (0.0, 8000.0)
    >>> missed(frame, "b", 5.0, 60.0), missed(None, "b", 5.0, 60.0)
    (-1440.0, 0.0)
    """
    if frame is None:
        return 0.0
    if frame.boot != boot:
        return wall - frame.at
    found = wall - uptime - frame.ahead
    return found if abs(found) >= STEP_SECONDS else 0.0
