"""Who asked for which name, what was answered and why: in memory, while it is switched on.

Off, a question costs nothing more.  On, every question goes the long way (`none_known`), so that
where its answer came from is known.  Read only when somebody looks: nothing is taken apart before.
"""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

import dnslib

from services.dns.answer import Answer, Why
from services.dns.asking.driver import Ways
from services.dns.blocked import Blocked
from services.dns.looked import answer_said
from services.dns.wire import Malformed, read_query
from services.recall.ring import Ring

MOST = 2_000
"""Questions remembered: the oldest go first."""
LONGEST_BYTES = 1_500
"""Of an answer that is remembered whole; of a longer one only that it was long."""
BLOCKED = "blocked"
SHOWN = 200
"""Told at once when nobody says how many."""


def none_known(question: bytes, now: float) -> None:
    """In place of the answers that are known whole: every question goes the long way."""
    del question, now


class Asked:
    """One question with its answer; `by` is who blocked it, or who was asked."""

    __slots__ = ("answer", "at", "by", "client", "question", "why")

    def __init__(
        self, at: float, client: str, question: bytes, answer: bytes, why: Why | None, by: str
    ) -> None:
        self.at, self.client, self.question = at, client, question
        self.answer, self.why, self.by = answer, why, by


class Questions:
    """The questions of late; `on` says whether there are any."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` gives Unix seconds."""
        self.on = False
        self._now = now
        self._asked: Ring[Asked] = Ring(MOST)
        self._before = 0  # what came to rings that are gone

    def switch(self, *, on: bool) -> None:
        """Begin with nothing, or forget everything."""
        if on != self.on:
            self.on = on
            self._before += self._asked.came + 1
            self._asked = Ring(MOST)

    def put(
        self, client: str, message: bytes, said: Answer, blocked: Blocked | None, ways: Ways[Any]
    ) -> None:
        """`client` was given this answer."""
        kept = said.message if len(said.message) <= LONGEST_BYTES else b""
        why = None if said.blocked else said.why
        by = _by(message, said, blocked, ways)
        self._asked.put(Asked(self._now(), client, message[:LONGEST_BYTES], kept, why, by))

    def grown(self) -> int:
        """Grows whenever there is something else to see."""
        return self._before + self._asked.came

    def told(self, question: Mapping[str, Any]) -> list[Any]:
        """The newest `most` questions, of the addresses in `of` alone when there are any."""
        of = frozenset(question.get("of") or ())
        wanted = (one for one in self._asked.newest() if not of or one.client in of)
        return [_row(one) for one in islice(wanted, int(question.get("most", SHOWN)))]


def _by(message: bytes, said: Answer, blocked: Blocked | None, ways: Ways[Any]) -> str:
    """The lists that block it, or the server that answered."""
    if not said.blocked and said.why is not Why.UPSTREAM:
        return ""
    try:
        name = read_query(message).name
    except Malformed:
        return ""
    if said.blocked:
        return ", ".join(blocked.lists_with(name)) if blocked else ""
    return ways.heard(name)


def _row(one: Asked) -> dict[str, Any]:
    """As web is told."""
    name, record = _asked_for(one.question)
    said = answer_said(one.answer, record) if one.answer else "a long answer"
    return {
        "at": one.at,
        "client": one.client,
        "name": name,
        "record": record,
        "said": said or "what cannot be read",
        "why": one.why or BLOCKED,
        "by": one.by,
    }


def _asked_for(message: bytes) -> tuple[str, str]:
    try:
        question = dnslib.DNSRecord.parse(message).q
    except (dnslib.DNSError, ValueError):
        return "", ""
    return str(question.qname).rstrip(".") or ".", str(dnslib.QTYPE.get(question.qtype))
