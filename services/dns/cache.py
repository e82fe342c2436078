"""Answers kept for as long as they say, in bytes.

Two layers.  `Answers` maps the question as it came (all bytes after the id, letter case included)
to the whole answer, for clients that ask again what is known: one look-up, no parsing.  When it is
full it forgets everything.  `Cache` maps what was meant to the records, from which an answer is
composed for any client; when it is full it forgets the oldest.  It keeps what is over for a day:
while no upstream answers, an old answer is better than none (RFC 8767).
"""

from collections import OrderedDict

from services.dns.reply import Reply, renewed
from services.dns.wire import CLEAR, RCODE, TTL

MOST_BYTES = 5_400_000
"""Of what was meant: some 10,000 answers of one record, as many as dnsmasq keeps on a Pi-hole."""
MOST_WHOLE_BYTES = 4 << 20
"""Of the answers as they are sent: some 5,000."""
STALE_SECONDS = 86_400.0
"""How long after its end an answer may still be given; RFC 8767 §5 advises one to three days."""
STALE_TTL = 30
"""What a stale answer says, and how long nobody is asked again (RFC 8767 §4, §5)."""
ENTRY_BYTES, RECORD_BYTES = 385, 96
"""What an entry of the cache costs beside its bytes, and each of its records."""
WHOLE_BYTES = 740
"""What a whole answer costs beside its bytes."""

Key = bytes
"""Of a question: name in lower case, type, class, and 1 when signatures are wanted."""
Kept = tuple[float, float, Reply, float]
"""A reply, since and until when it is given, and when it was over first."""


class Cache:
    """Upstream answers by their questions."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        # ordered: a dict looks for its oldest entry at every place that one was taken from
        self._kept: OrderedDict[Key, Kept] = OrderedDict()
        self.knows = self._kept.__contains__  # was there ever an answer, however old?
        self._bytes, self._most = 0, most_bytes

    def put(self, key: Key, reply: Reply, now: float, seconds: int | None = None) -> None:
        """Keep `reply` for the seconds it allows, or for `seconds`."""
        keep = reply.seconds if seconds is None else seconds
        if keep > 0:
            ends = now + keep
            self._store(key, (now, ends, reply, ends))

    def found(self, key: Key, now: float) -> Kept | None:
        """(born, ends, reply, …) when it is still good."""
        entry = self._kept.get(key)
        if entry is None or now >= entry[1]:
            return None
        return entry

    def has_stale(self, key: Key, now: float) -> bool:
        """Is there an answer that was good once?"""
        entry = self._kept.get(key)
        if entry is None or entry[2].flags & RCODE not in CLEAR:
            return False
        return now < entry[3] + STALE_SECONDS

    def stale(self, key: Key, now: float) -> Reply | None:
        """An answer that was good once, renewed for a moment; None when there is none."""
        return renewed(self._kept[key][2], STALE_TTL) if self.has_stale(key, now) else None

    def keep_stale(self, key: Key, now: float) -> Reply | None:
        """Give the stale answer for STALE_TTL from now: nobody answers; None when there is none."""
        reply = self.stale(key, now)
        if reply is not None:
            self._store(key, (now, now + STALE_TTL, reply, self._kept[key][3]))
        return reply

    def clear(self) -> None:
        """Forget everything: the upstream changed."""
        self._kept.clear()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def _store(self, key: Key, entry: Kept) -> None:
        kept, weight = self._kept, self._bytes
        if key in kept:
            weight -= _weight(key, kept.pop(key)[2])
        kept[key] = entry
        reply = entry[2]
        weight += ENTRY_BYTES + len(key) + len(reply.records) + RECORD_BYTES * len(reply.ttls)
        while weight > self._most:
            oldest, (_, _, gone, _) = kept.popitem(last=False)
            weight -= ENTRY_BYTES + len(oldest) + len(gone.records) + RECORD_BYTES * len(gone.ttls)
        self._bytes = weight


def _weight(key: Key, reply: Reply) -> int:
    """Bytes of memory that an entry takes."""
    return ENTRY_BYTES + len(key) + len(reply.records) + RECORD_BYTES * len(reply.ttls)


class Answers:
    """Whole answers by whole questions, both without their ids; one per link."""

    def __init__(self, most_bytes: int = MOST_WHOLE_BYTES) -> None:
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
        self._bytes += len(question) + len(answer) + 16 * len(ttls) + WHOLE_BYTES
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
