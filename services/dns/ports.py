"""The source ports that questions leave from: many, drawn by the kernel, and none for long.

A roster without sockets: the door opens and closes what it names.
"""

PORTS = 32  # as many as divide a byte of chance evenly
USES = 256
"""A port is left after this many questions: one that an attacker found is soon worth nothing."""
LINGER_SECONDS = 6.0
"""A port that was left listens on for late answers."""


class Ports:
    """Which slot is used next, and which are to be opened and closed."""

    def __init__(self) -> None:
        self.is_short = True  # there are slots to open
        self._slots: list[int] = []
        self._uses: dict[int, int] = {}  # of each open slot: the questions it has left
        self._left: list[tuple[float, int]] = []
        self._next = 0
        self._picked, self._picked_at = -1, -1.0

    def missing(self) -> range:
        """Slots to open now; they are in use from here on."""
        fresh = range(self._next, self._next + PORTS - len(self._slots))
        self._next = fresh.stop
        self._slots.extend(fresh)
        self._uses.update(dict.fromkeys(fresh, USES))
        self.is_short = False
        return fresh

    def pick(self, chance: int, now: float) -> int:
        """One of the open slots by `chance`, any byte.

        Questions of one moment leave from one port, so that their answers are heard in one go.  To
        who guesses, each of them is as likely to be at any port as if they were strewn.
        """
        slot = self._picked
        if self._picked_at != now:
            slot = self._picked = self._slots[chance % len(self._slots)]
            self._picked_at = now
        left = self._uses[slot] = self._uses[slot] - 1
        if left <= 0 and len(self._slots) > 1:
            self._leave(slot, now)
        return slot

    def _leave(self, slot: int, now: float) -> None:
        self.is_short, self._picked_at = True, -1.0
        self._slots.remove(slot)
        del self._uses[slot]
        self._left.append((now + LINGER_SECONDS, slot))

    def leave(self, now: float) -> None:
        """Leave every port: our address may have changed under them."""
        self.is_short, self._picked_at = True, -1.0
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
        self._slots, self._left = [], []
        self._uses.clear()
        self.is_short, self._picked_at = True, -1.0
        return every
