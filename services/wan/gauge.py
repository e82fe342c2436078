"""The watch on the gateway: does it answer, how fast, how much is lost.

Asked by ARP, which every gateway answers and no filter eats.  Times are CLOCK_BOOTTIME seconds.
"""

from collections import deque
from typing import Final

CALM_SECONDS: Final = 15.0  # between two questions while it answers: four a minute
HASTY_SECONDS: Final = 2.0  # while it does not
LATE_SECONDS: Final = 1.0  # an answer after this is none
LOST_IN_A_ROW: Final = 3  # then it is silent
REMEMBERED: Final = 20  # questions that latency and loss are taken from


class Gauge:
    """One gateway's record; it forgets nothing but by age."""

    def __init__(self, now: float) -> None:
        self.wake_at = now
        self._asked_at: float | None = None
        self._answers: deque[float | None] = deque(maxlen=REMEMBERED)  # seconds, None for lost
        self._lost = 0

    @property
    def heard(self) -> bool | None:
        """Does it answer?  None while that is not known yet."""
        if self._lost >= LOST_IN_A_ROW:
            return False
        return True if any(one is not None for one in self._answers) else None

    @property
    def milliseconds(self) -> float | None:
        """The middle one of the newest answers, None without any."""
        found = sorted(one for one in self._answers if one is not None)
        return round(found[len(found) // 2] * 1000, 1) if found else None

    @property
    def lost_percent(self) -> int | None:
        """Of the newest questions; None before the first is over."""
        if not self._answers:
            return None
        return round(100 * sum(one is None for one in self._answers) / len(self._answers))

    def woken(self, now: float) -> bool:
        """Should it be asked now?  What was asked and not answered is lost."""
        if now < self.wake_at:
            return False
        if self._asked_at is not None:
            self._asked_at = None
            self._answers.append(None)
            self._lost += 1
            if self.heard is False:
                self.wake_at = now + HASTY_SECONDS - LATE_SECONDS
                return False
        self._asked_at = now
        self.wake_at = now + LATE_SECONDS
        return True

    def answered(self, now: float) -> None:
        """It answered."""
        if self._asked_at is None:
            return
        self._answers.append(now - self._asked_at)
        self._asked_at, self._lost = None, 0
        self.wake_at = now + CALM_SECONDS

    def look_now(self, now: float) -> None:
        """Something changed: ask at once."""
        self._asked_at, self.wake_at = None, now
