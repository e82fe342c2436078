"""When a channel sends: at once after a quiet while, then less and less often.

What happens within GATHER_SECONDS goes together.  As long as it goes on, each message waits twice
as long as the one before, an hour at most; after a quiet stretch of that length it begins again.
So a connection that flaps all night makes some dozen messages.  What fails is tried again after
30 s, then twice as long each time, an hour at most.  Times are monotonic seconds.
"""

GATHER_SECONDS = 5.0
SHORTEST_SECONDS, LONGEST_SECONDS = 60.0, 3_600.0
FIRST_RETRY_SECONDS = 30.0


class Pace:
    """The memory of one channel."""

    def __init__(self) -> None:
        self._apart = SHORTEST_SECONDS
        self._sent_at: float | None = None
        self._retry = FIRST_RETRY_SECONDS
        self.wake_at: float | None = None

    def came(self, now: float) -> None:
        """There is something to send."""
        if self.wake_at is None:
            self.wake_at = max(now + GATHER_SECONDS, self._free_at())

    def due(self, now: float) -> bool:
        """Is it time?"""
        return self.wake_at is not None and now >= self.wake_at

    def sent(self, now: float) -> None:
        """The server took it."""
        quiet = self._sent_at is None or now - self._sent_at >= 2 * self._apart
        self._apart = SHORTEST_SECONDS if quiet else min(self._apart * 2, LONGEST_SECONDS)
        self._sent_at, self._retry, self.wake_at = now, FIRST_RETRY_SECONDS, None

    def failed(self, now: float) -> None:
        """It did not; it is tried again."""
        self.wake_at = now + self._retry
        self._retry = min(self._retry * 2, LONGEST_SECONDS)

    def _free_at(self) -> float:
        return 0.0 if self._sent_at is None else self._sent_at + self._apart
