"""The source ports that questions leave from: many, drawn by the kernel, and none for long.

A roster without sockets: the door opens and closes what it names.
"""

PORTS = 32
USES = 256
"""A port is left after this many questions: one that an attacker found is soon worth nothing."""
LINGER_SECONDS = 6.0
"""A port that was left listens on for late answers."""


class Ports:
    """Which slot is used next, and which are to be opened and closed."""

    def __init__(self) -> None:
        self._slots: list[int] = []
        self._uses: dict[int, int] = {}
        self._left: list[tuple[float, int]] = []
        self._next = 0
        self._picked: tuple[float, int] | None = None  # when, and at which place

    @property
    def is_short(self) -> bool:
        """Are there slots to open?"""
        return len(self._slots) < PORTS

    def missing(self) -> range:
        """Slots to open now; they are in use from here on."""
        fresh = range(self._next, self._next + PORTS - len(self._slots))
        self._next = fresh.stop
        self._slots.extend(fresh)
        self._uses.update(dict.fromkeys(fresh, 0))
        return fresh

    def pick(self, chance: int, now: float) -> int:
        """One of the open slots by `chance`, any number.

        Questions of one moment leave from one port, so that their answers are heard in one go.  To
        who guesses, each of them is as likely to be at any port as if they were strewn.
        """
        if self._picked is None or self._picked[0] != now:
            self._picked = now, chance % len(self._slots)
        place = self._picked[1]
        slot = self._slots[place]
        self._uses[slot] += 1
        if self._uses[slot] >= USES and len(self._slots) > 1:
            self._picked = None
            self._slots[place] = self._slots[-1]
            self._slots.pop()
            del self._uses[slot]
            self._left.append((now + LINGER_SECONDS, slot))
        return slot

    def leave(self, now: float) -> None:
        """Leave every port: our address may have changed under them."""
        self._picked = None
        self._left.extend((now + LINGER_SECONDS, slot) for slot in self._slots)
        self._slots.clear()
        self._uses.clear()

    def worn(self, now: float) -> list[int]:
        """Slots to close now."""
        gone = [slot for at, slot in self._left if at <= now]
        self._left = [one for one in self._left if one[0] > now]
        return gone

    def close(self) -> list[int]:
        """Every slot, to be closed; the roster starts again."""
        every = [*self._slots, *(slot for _, slot in self._left)]
        self._slots, self._left, self._picked = [], [], None
        self._uses.clear()
        return every
