"""One supervised process, as a machine: started, ready, silent, ended, paused.

Time is an argument, in seconds of a clock that stands still while the computer sleeps.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Literal

from appliance.backoff import counted, pause_seconds

Due = Literal["start", "kill"]


class State(Enum):
    """Where a process is."""

    WAITING = "waits for what it needs"
    STARTING = "is starting"
    READY = "runs"
    ENDING = "is being stopped"
    PAUSED = "failed and is started again soon"


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a process may be silent."""

    ready_seconds: float = 30.0  # from its start to READY=1
    beat_seconds: float = 10.0  # from one WATCHDOG=1 to the next
    still_seconds: float = 1.0  # stopped by a signal
    quiet_seconds: float = 3.0  # without a sign of life: it may be busy, or hang
    away_seconds: float = 2.0  # until others answer for it; it answers itself what waited so long


class Child:
    """What is known of one process, and what is due."""

    def __init__(self, name: str, patience: Patience, *, beats: bool = True) -> None:
        self.name = name
        self.state = State.WAITING
        self.pid: int | None = None
        self.failures = 0
        self.restarts = 0
        self.why = ""  # the last failure, as a sentence
        self._patience = patience
        self._beats = beats
        self._began = 0.0
        self._heard = 0.0
        self._again_at = 0.0
        self._still_since: float | None = None
        self._silent = ""
        self._words = ""

    @property
    def alive(self) -> bool:
        """Is there a process?"""
        return self.pid is not None

    def serves(self, now: float) -> bool:
        """Does it do its work, as far as its signs of life tell?"""
        return self.state is State.READY and now - self._heard <= self._patience.quiet_seconds

    def started(self, pid: int, now: float) -> None:
        """It was started."""
        self.pid = pid
        self.state = State.STARTING if self._beats else State.READY
        self._began = self._heard = now
        self._still_since = None
        self._silent = self._words = ""

    def heard(self, *, ready: bool, now: float) -> bool:
        """A sign of life came; True when it just became ready."""
        self._heard = now
        if ready and self.state is State.STARTING:
            self.state = State.READY
            return True
        return False

    def seen(self, *, stopped: bool, now: float) -> None:
        """Somebody looked whether a signal stopped it: then it is no slow role, but none."""
        if not stopped:
            self._still_since = None
        elif self._still_since is None:
            self._still_since = now

    def said(self, words: str) -> None:
        """It said how it stands; should it end now, that is why."""
        self._words = words

    def retire(self) -> None:
        """It is being stopped on purpose; its end is no failure."""
        if self.alive:
            self.state = State.ENDING

    def silenced(self) -> str:
        """It is being killed for its silence; returns why, as a sentence."""
        if self._still_since is not None:
            seconds, what = self._patience.still_seconds, "It had been stopped by a signal"
        elif self.state is State.STARTING:
            seconds, what = self._patience.ready_seconds, "It had not become ready"
        else:
            seconds, what = self._patience.beat_seconds, "It had not given a sign of life"
        self._silent = f"{what} for {seconds:g} s and was killed."
        return self._silent

    def ended(self, code: int, now: float, line: str = "") -> int | None:
        """The process is gone; returns the pause in seconds, None when it was stopped on purpose.

        The first time it comes back at once, and only then later and later.  `line` is the last
        one in its log: why it ended, where it said nothing else.
        """
        self.pid = None
        if self.state is State.ENDING:
            self.state = State.WAITING
            return None
        self.failures = counted(self.failures, now - self._began)
        self.restarts += 1
        self.why = self._silent or self._words or ending(code, line)
        pause = pause_seconds(self.failures - 1) if self.failures > 1 else 0
        self._again_at = now + pause
        self.state = State.PAUSED
        return pause

    def due(self, now: float) -> Due | None:
        """What must be done now, if anything; "start" only says that nothing forbids it."""
        if not self.alive:
            return "start" if self.state is State.WAITING or now >= self._again_at else None
        if self.state is State.ENDING:
            return None
        return "kill" if self._is_stopped(now) or (self._beats and self._is_silent(now)) else None

    def _is_stopped(self, now: float) -> bool:
        since = self._still_since
        return since is not None and now - since >= self._patience.still_seconds

    def _is_silent(self, now: float) -> bool:
        starting = self.state is State.STARTING
        allowed = self._patience.ready_seconds if starting else self._patience.beat_seconds
        return now - self._heard > allowed


def ending(code: int, line: str = "") -> str:
    """An exit status as a sentence; what was killed did not choose its last `line`.

    >>> ending(137, "serving"), ending(1, "ValueError: no")
    ('It was ended by signal 9.', 'It ended with status 1: ValueError: no')
    """
    if code > 128:
        return f"It was ended by signal {code - 128}."
    return f"It ended with status {code}: {line}" if line else f"It ended with status {code}."
