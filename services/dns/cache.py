"""Answers kept for as long as they say, in bytes.

Two layers.  `Answers` maps the question as it came (all bytes after the id, letter case included)
to the whole answer, for clients that ask again what is known: one look-up, no parsing.  When it is
full it forgets everything.  `Cache` maps what was meant to the records, from which an answer is
composed for any client; when it is full it forgets the oldest.  It keeps what is over for a day:
while no upstream answers, an old answer is better than none (RFC 8767).
"""

from collections import OrderedDict

from services.dns.reply import Reply, renewed
from services.dns.wire import NOERROR, NXDOMAIN, RCODE, TTL

MOST_BYTES = 4 << 20
"""Of each layer: some 5,000 answers."""
STALE_SECONDS = 86_400.0
"""How long after its end an answer may still be given; RFC 8767 §5 advises one to three days."""
STALE_TTL = 30
"""What a stale answer says, and how long nobody is asked again (RFC 8767 §4, §5)."""
ENTRY_BYTES = 740
"""What an entry costs beside its bytes."""

Key = tuple[bytes, bool]


class Cache:
    """Upstream answers by (question, wants signatures)."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        # ordered: a dict looks for its oldest entry at every place that one was taken from
        self._kept: OrderedDict[Key, tuple[float, float, Reply, float, int]] = OrderedDict()
        self._bytes, self._most = 0, most_bytes

    def put(self, key: Key, reply: Reply, now: float, seconds: int | None = None) -> None:
        """Keep `reply` for the seconds it allows, or for `seconds`."""
        keep = reply.seconds if seconds is None else seconds
        if keep <= 0:
            return
        good = reply.flags & RCODE in (NOERROR, NXDOMAIN)
        self._store(key, now, now + keep, reply, now + keep + (STALE_SECONDS if good else 0))

    def found(self, key: Key, now: float) -> tuple[float, float, Reply] | None:
        """(born, ends, reply) when it is still good."""
        entry = self._kept.get(key)
        if entry is None or now >= entry[1]:
            return None
        return entry[:3]

    def has_stale(self, key: Key, now: float) -> bool:
        """Is there an answer that was good once?"""
        entry = self._kept.get(key)
        return entry is not None and now < entry[3] and entry[3] > entry[1]

    def stale(self, key: Key, now: float) -> Reply | None:
        """An answer that was good once, renewed for a moment; None when there is none."""
        return renewed(self._kept[key][2], STALE_TTL) if self.has_stale(key, now) else None

    def keep_stale(self, key: Key, now: float) -> Reply | None:
        """Give the stale answer for STALE_TTL from now: nobody answers; None when there is none."""
        reply = self.stale(key, now)
        if reply is not None:
            self._store(key, now, now + STALE_TTL, reply, self._kept[key][3])
        return reply

    def clear(self) -> None:
        """Forget everything: the upstream changed."""
        self._kept.clear()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def _store(self, key: Key, born: float, ends: float, reply: Reply, over: float) -> None:
        before = self._kept.pop(key, None)
        if before is not None:
            self._bytes -= before[4]
        cost = len(key[0]) + len(reply.records) + 16 * len(reply.ttls) + ENTRY_BYTES
        self._kept[key] = born, ends, reply, over, cost
        self._bytes += cost
        while self._bytes > self._most:
            self._bytes -= self._kept.popitem(last=False)[1][4]


class Answers:
    """Whole answers by whole questions, both without their ids; one per link."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._kept: dict[bytes, tuple[float, float, bytes, tuple[tuple[int, int], ...]]] = {}
        self._bytes, self._most = 0, most_bytes

    def put(
        self,
        question: bytes,
        answer: bytes,
        ttls: tuple[tuple[int, int], ...],
        born: float,
        ends: float,
    ) -> None:
        """Keep `answer` (both with their ids) until `ends`; `ttls` are (offset, seconds)."""
        self._kept[question[2:]] = (born, ends, answer[2:], ttls)
        self._bytes += len(question) + len(answer) + 16 * len(ttls) + ENTRY_BYTES
        if self._bytes > self._most:
            self.clear()

    def get(self, question: bytes, now: float) -> bytes | None:
        """The answer under this question's id with its TTLs aged, or None."""
        entry = self._kept.get(question[2:])
        if entry is None:
            return None
        born, ends, body, ttls = entry
        if now >= ends:
            del self._kept[question[2:]]
            return None
        age = int(now - born)
        if not age or not ttls:
            return question[:2] + body
        copy = bytearray(question[:2] + body)
        for at, ttl in ttls:
            TTL.pack_into(copy, at, max(ttl - age, 0))
        return bytes(copy)

    def clear(self) -> None:
        """Forget everything: it refills itself from what is behind it."""
        self._kept.clear()
        self._bytes = 0
