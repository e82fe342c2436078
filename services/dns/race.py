"""Several upstreams as one: the best is asked, after a short wait the next beside it.

A machine without sockets.  A question is in flight once, however many clients ask it (RFC 5452 §5).
An upstream that stays silent, or says that it failed, costs the time of a few questions; from then
on it rests, and is asked beside another one now and then, so that it costs nobody anything and is
found again when it is back.
"""

from collections.abc import Iterator, Sequence
from itertools import takewhile
from typing import Generic

from services.dns.cache import Key
from services.dns.reply import Reply
from services.dns.upstream import MOST_IN_FLIGHT, Told, Waiter
from services.dns.wire import CLEAR, RCODE, Query

MOST_WAITING = 128
"""For one question; who comes later asks again by himself."""
BESIDE_SECONDS = 0.2
"""How long the best one may take before the next is asked beside it."""
SILENCES = 3
"""After so many questions in a row without a word an upstream rests."""
SHORTEST_REST, LONGEST_REST = 1.0, 30.0
LOOK_SECONDS = 30.0
"""An upstream that nobody asks is asked beside another one this often: what it takes is known."""
SMOOTH = 0.2
"""How much the newest answer counts in what an upstream takes."""


ALONE: Sequence[int] = (0,)
"""Whom to ask where there is but one."""


class Health:
    """How one upstream does."""

    __slots__ = ("answered", "asked", "failed", "look_at", "rest", "seconds", "silences")

    def __init__(self) -> None:
        self.asked = self.answered = self.failed = 0
        self.seconds: float | None = None  # what an answer takes, None before the first
        self.silences = 0
        self.rest = 0.0  # seconds until the next look, 0 while it is well
        self.look_at = 0.0

    @property
    def well(self) -> bool:
        """Is it asked at all?"""
        return not self.rest

    def heard(self, seconds: float) -> None:
        """It answered."""
        self.answered += 1
        self.silences, self.rest = 0, 0.0
        known = self.seconds
        self.seconds = seconds if known is None else known + SMOOTH * (seconds - known)

    def silent(self, now: float) -> None:
        """It did not answer in time."""
        self.silences += 1
        if self.silences >= SILENCES:
            self._lie_down(now)

    def fell(self, now: float) -> None:
        """It cannot be reached, or its time was over."""
        self.failed += 1
        self.silences = max(self.silences, SILENCES - 1)
        self.silent(now)

    def put(self, now: float) -> None:
        """It is asked; one that rests rests longer, until it is heard."""
        self.asked += 1
        self.look_at = now + LOOK_SECONDS
        if self.rest:
            self.rest = min(self.rest * 2, LONGEST_REST)
            self.look_at = now + self.rest

    def _lie_down(self, now: float) -> None:
        if not self.rest:
            self.rest = SHORTEST_REST
            self.look_at = now + self.rest


class Race(Generic[Waiter]):
    """One question, and whom it was put to at what time."""

    __slots__ = ("asked", "done", "open", "poor", "query", "waiters")

    def __init__(self, query: Query, waiter: Waiter) -> None:
        self.query, self.waiters = query, [waiter]
        self.asked: dict[int, float] = {}
        self.open = 0
        self.poor: Reply | None = None  # a failure that somebody gave as an answer
        self.done = False


class Races(Generic[Waiter]):
    """The questions under way to `count` upstreams, which are numbered from 0 in their order."""

    def __init__(self, count: int, told: Told[Waiter]) -> None:
        self._told = told
        self.health: Sequence[Health] = tuple(Health() for _ in range(count))
        self._several, self._most = count > 1, MOST_IN_FLIGHT if count else 0
        self._by_key: dict[Key, Race[Waiter]] = {}
        self.last: int | None = None  # who said something last
        # when another is asked beside; the next one first
        self._due: dict[Race[Waiter], float] = {}

    def __len__(self) -> int:
        return len(self._by_key)

    @property
    def wake_at(self) -> float | None:
        """When to call `woken`; None while nobody waits for it."""
        return next(iter(self._due.values()), None)

    def ask(
        self, query: Query, waiter: Waiter, now: float
    ) -> tuple[Race[Waiter], Sequence[int]] | None:
        """Begin a race: whom to ask at once.  None when it runs already, or nobody can be asked."""
        by_key, key = self._by_key, query.key
        if key in by_key or len(by_key) >= self._most:
            self._joined(by_key.get(key), waiter, now)
            return None
        by_key[key] = race = Race(query, waiter)
        starters = ALONE
        if self._several:
            starters = self._starters(race, now)
            self._due[race] = now + BESIDE_SECONDS
        for number in starters:
            race.asked[number] = now
            self.health[number].put(now)
        race.open = len(starters)
        return race, starters

    def _joined(self, race: Race[Waiter] | None, waiter: Waiter, now: float) -> None:
        """Wait with those of a race that runs, if there is one, and room."""
        if race is not None and len(race.waiters) < MOST_WAITING:
            race.waiters.append(waiter)
        else:
            self._told(waiter, None, now)

    def told(self, race: Race[Waiter], number: int, reply: Reply | None, now: float) -> int | None:
        """What `number` said, None for nothing; whom to ask now because of that, None for nobody.

        It is told however late: what it says of itself is always worth knowing.
        """
        health = self.health[number]
        race.open -= 1
        if reply is None:
            health.fell(now)
        else:
            self.last = number
            health.heard(now - race.asked[number])
        if race.done:
            return None
        if reply is not None and reply.flags & RCODE in CLEAR:
            self._end(race, reply, now)
            return None
        race.poor = race.poor or reply
        after = self._next(race)
        if after is not None:
            self._put(race, after, now)
        elif not race.open:
            self._end(race, race.poor, now)
        return after

    def woken(self, now: float) -> Iterator[tuple[Race[Waiter], int]]:
        """Who is asked beside the one that takes so long."""
        for race, _ in list(takewhile(lambda one: one[1] <= now, self._due.items())):
            del self._due[race]
            for number, at in race.asked.items():
                if now - at >= BESIDE_SECONDS:
                    self.health[number].silent(now)
            after = self._next(race)
            if after is not None:
                self._put(race, after, now)
                self._due[race] = now + BESIDE_SECONDS
                yield race, after

    def clear(self, now: float) -> None:
        """Send everybody off."""
        for race in list(self._by_key.values()):
            self._end(race, None, now)

    def _next(self, race: Race[Waiter]) -> int | None:
        """The best that was not asked yet: well, and quick; who rests comes last."""
        best, rank = None, (0.0, 0.0)
        for number, one in enumerate(self.health):
            if number in race.asked:
                continue
            its = (one.rest, one.seconds or 0.0)  # an unknown one is tried first
            if best is None or its < rank:
                best, rank = number, its
        return best

    def _starters(self, race: Race[Waiter], now: float) -> Sequence[int]:
        """The best, and whoever is asked beside it to see how they do."""
        first = self._next(race)
        if first is None:
            return ()
        others = [at for at, one in enumerate(self.health) if now >= one.look_at and at != first]
        return [first, *others]

    def _put(self, race: Race[Waiter], number: int, now: float) -> None:
        race.asked[number] = now
        race.open += 1
        self.health[number].put(now)

    def _end(self, race: Race[Waiter], reply: Reply | None, now: float) -> None:
        race.done = True
        self._due.pop(race, None)
        self._by_key.pop(race.query.key, None)
        for waiter in race.waiters:
            self._told(waiter, reply, now)
