"""What becomes of an upstream's word: it is kept for whoever asks next, and answers who asked."""

from collections.abc import Callable

from services.dns.answer import (
    Answer,
    Behind,
    Why,
    answered,
    failed,
    from_reply,
    keepable,
    kept_out,
    renewed_by_age,
)
from services.dns.cache import Cache, Key
from services.dns.counts import Counts
from services.dns.reply import Reply
from services.dns.wire import CLEAR, RCODE, Query


class Landing:
    """Where replies come down; with the cache that keeps them.

    `may_be_private` says of a name whether it may lead to an address of the LAN.
    """

    def __init__(
        self, cache: Cache, counts: Counts, may_be_private: Callable[[bytes], bool]
    ) -> None:
        self._cache, self._counts, self._may_be_private = cache, counts, may_be_private
        self._newest: Key = b""

    def answer(self, query: Query, reply: Reply | None, now: float) -> Answer:
        """The answer for one of those who waited; `reply` is None when nobody said a word."""
        # who waits for the same is told in one go: what one of them kept, the next ones find
        key = query.key
        if key == self._newest and (kept := self._cache.found(key, now)):
            return answered(query, renewed_by_age(kept, now), now, int(kept[1] - now))
        self._newest = key
        if reply is None or reply.flags & RCODE not in CLEAR:
            self._counts.failed += 1
            old = self._cache.keep_stale(key, now)
            if old is not None:
                return self._old(query, old, now, old.seconds)
        why = Why.UPSTREAM if reply else Why.FAILED
        reply = reply or failed(query)
        if reply.private and not self._may_be_private(query.name):
            self._counts.private += 1
            reply, why = kept_out(reply), Why.PRIVATE
        seconds = reply.seconds or keepable(reply)
        self._cache.put(key, reply, now, seconds)
        if isinstance(query, Behind):
            return answered(query, reply, now, seconds, why)
        return from_reply(query, reply, now, now, now + seconds, why)

    def stale(self, query: Query, now: float) -> Answer | None:
        """An old answer for who has waited long enough; None when there is none."""
        old = self._cache.stale(query.key, now)
        return None if old is None else self._old(query, old, now, 0)

    def _old(self, query: Query, old: Reply, now: float, seconds: int) -> Answer:
        self._counts.stale += 1
        return answered(query, old, now, seconds, Why.STALE)
