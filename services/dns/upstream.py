"""Questions on their way to one upstream, as a machine: ids, slots, deadlines, and who waits.

Against forged answers (RFC 5452): a random id on a random one of many source ports, and the
question echoed letter by letter in a random case.  That a question is in flight once, however many
clients ask it, is the races' part (`race.py`).
"""

from collections.abc import Callable
from itertools import takewhile
from typing import Generic, TypeVar

from services.dns.reply import Reply, read_reply
from services.dns.wire import HEADER_SIZE, TC, Malformed, Query, ask, question_of, scrambled

TRY_SECONDS = (0.8, 1.6, 2.4)
"""How long each try may take; together a little less than a stub resolver's patience of 5 s."""
MOST_IN_FLIGHT = 4_096
FOLDS = 8
"""After so many answers that repeat the question in a case of their own, and that TCP confirms, an
upstream is one that folds letters: nothing can be read from their case."""

Waiter = TypeVar("Waiter")
Told = Callable[[Waiter, Reply | None, float], None]
"""Called once for each who waits, with the reply, None when there is none, and with the time it is
then.  Who waits is a value: one function hears of all of them, and none is made for each."""


class Flight(Generic[Waiter]):
    """One question on its way."""

    __slots__ = (
        "done", "doubted", "place", "query", "question", "tries", "waiter", "wants_tcp"
    )  # fmt: skip

    place: tuple[int, bytes]  # slot and id
    question: bytes  # as it was sent; doubted is an answer that has it in another letter case
    wants_tcp: bool  # its answer was cut short, or may be forged: it must be asked again by TCP

    def __init__(self, query: Query, waiter: Waiter) -> None:
        self.query, self.waiter = query, waiter
        self.tries = 0
        self.doubted = self.done = False


class Upstream(Generic[Waiter]):
    """All questions in flight.  A slot is a source port, numbered by the door.

    Nothing is held of a flight that has landed: under a flood of questions that nobody asked before
    those of the last seconds would be most of our memory.
    """

    def __init__(self, told: Told[Waiter]) -> None:
        self._told = told
        self._by_id: dict[tuple[int, bytes], Flight[Waiter]] = {}
        self._by_tcp: set[Flight[Waiter]] = set()
        self._folds = 0
        # those of each try with their deadlines, the next one first
        self._due: tuple[dict[Flight[Waiter], float], ...] = tuple({} for _ in TRY_SECONDS)

    def __len__(self) -> int:
        return len(self._by_id) + len(self._by_tcp)

    @property
    def wake_at(self) -> float | None:
        """When to call `woken`; None while nothing is in flight."""
        return min((next(iter(due.values())) for due in self._due if due), default=None)

    def ask(self, query: Query, waiter: Waiter, now: float, slot: int, dice: bytes) -> bytes | None:
        """The message to send from `slot`; None when the waiter was sent off.

        `dice` are two random bytes for the id, two for another one, and one for each letter.
        """
        if len(self._by_id) >= MOST_IN_FLIGHT:
            self._told(waiter, None, now)
            return None
        return self._send(Flight(query, waiter), now, slot, dice)

    def heard(self, slot: int, message: bytes) -> tuple[Flight[Waiter], Reply] | None:
        """Match an answer to its question; None for what nobody asked, or cannot be read.

        An unreadable answer is not the end of the question: the real one may still come.
        """
        flight = self._by_id.get((slot, message[:2]))
        if flight is None:
            return None
        question = flight.question
        is_ours = message.startswith(question, HEADER_SIZE)
        if not is_ours and question_of(message) != flight.query.key[:-1]:
            return None
        try:
            reply = read_reply(message, HEADER_SIZE + len(question))
        except Malformed:
            return None
        flight.doubted = doubted = not is_ours and self._folds < FOLDS
        flight.wants_tcp = doubted or reply.flags & TC != 0
        return flight, reply

    def confirmed(self, flight: Flight[Waiter]) -> None:
        """TCP gave the answer: when it was doubted for its letters, they are folded over there."""
        if flight.doubted:
            self._folds += 1

    def landed(self, flight: Flight[Waiter], reply: Reply | None, now: float) -> None:
        """End a flight: who waited is told."""
        if flight.done:
            return
        self._forget(flight)
        flight.done = True
        self._told(flight.waiter, reply, now)

    def by_tcp(self, flight: Flight[Waiter]) -> None:
        """The answer was cut short: the door asks again by TCP, and no clock runs meanwhile."""
        self._forget(flight)
        self._by_tcp.add(flight)

    def refused(self, slot: int) -> list[Flight[Waiter]]:
        """The flights that left from a slot whose upstream says that nobody listens."""
        return [flight for (number, _), flight in self._by_id.items() if number == slot]

    def woken(self, now: float) -> tuple[list[Flight[Waiter]], list[Flight[Waiter]]]:
        """Who has to be sent again (with `again`), and whose time is over (with `landed`)."""
        late: list[Flight[Waiter]] = []
        over: list[Flight[Waiter]] = []
        for number, due in enumerate(self._due, start=1):
            ripe = [flight for flight, _ in takewhile(lambda one: one[1] <= now, due.items())]
            (late if number < len(TRY_SECONDS) else over).extend(ripe)
            for flight in ripe:
                del due[flight]
        return late, over

    def again(self, flight: Flight[Waiter], now: float, slot: int, dice: bytes) -> bytes | None:
        """The message to send once more, from another place and under another id."""
        self._forget(flight)
        return self._send(flight, now, slot, dice)

    def clear(self, now: float) -> None:
        """Send everybody off: the upstream changed."""
        for flight in (*self._by_id.values(), *self._by_tcp):
            self.landed(flight, None, now)

    def _send(self, flight: Flight[Waiter], now: float, slot: int, dice: bytes) -> bytes | None:
        place = slot, dice[:2]
        if place in self._by_id:
            place = slot, dice[2:4]
            if place in self._by_id:  # twice taken: this waiter asks again
                flight.done = True
                self._told(flight.waiter, None, now)
                return None
        flight.place = place
        question = flight.query.question
        if self._folds < FOLDS:
            question = scrambled(question, dice)  # of which its letters take the last ones
        flight.question = question
        self._by_id[place] = flight
        tries = flight.tries
        self._due[tries][flight] = now + TRY_SECONDS[tries]
        flight.tries = tries + 1
        return ask(place[1], flight.query, question)

    def _forget(self, flight: Flight[Waiter]) -> None:
        if self._by_tcp:
            self._by_tcp.discard(flight)
        self._by_id.pop(flight.place, None)
        self._due[flight.tries - 1].pop(flight, None)
