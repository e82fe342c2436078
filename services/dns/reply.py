"""An upstream's answer, cut so that it can be kept, aged and given to any client.

Nothing in it is trusted: a length is checked before it is used, and what cannot be read is
`Malformed` (RFC 1035 §4.1, RFC 2308).
"""

from collections.abc import Mapping

from services.dns.private import WITH_ADDRESSES
from services.dns.wire import (
    AD,
    CLEAR,
    HEAD,
    NOERROR,
    OPT,
    QR,
    RCODE,
    RECORD_SIZE,
    SHORTEST,
    SOA,
    TC,
    TTL,
    Malformed,
    question_end,
    record_at,
)

GIVEN_ON = RCODE | AD | TC
SOA_TAIL = 20  # serial, refresh, retry, expire, minimum


class Reply:
    """One answer of an upstream, cut so that it can be sent to any client.

    `records` are all records but OPT, with their TTLs at `ttls`: (offset in the message, seconds).
    The offsets hold for every client, because the questions they asked are of one length: the
    records begin at `start`.  Of `flags` there are what is given on, and whether it was cut short.
    """

    __slots__ = ("counts", "flags", "private", "records", "seconds", "start", "ttls")

    def __init__(
        self,
        flags: int,
        counts: tuple[int, int, int],
        start: int,
        records: bytes,
        ttls: tuple[tuple[int, int], ...],
        seconds: int,
        private: bool = False,
    ) -> None:
        self.flags, self.counts, self.start = flags, counts, start
        self.records, self.ttls = records, ttls
        self.seconds = seconds  # how long it may be kept, 0 for not at all
        self.private = private  # it has an address that nobody on the internet may give out


def read_reply(message: bytes, start: int = 0) -> Reply:
    """Read an upstream's answer; `start` is where its question ends, when that is known.

    Raises Malformed.
    """
    head = HEAD.unpack_from(message, 2) if len(message) >= SHORTEST else NO_HEAD
    flags, questions, answers, authorities, additional = head
    if questions != 1 or not flags & QR:
        raise Malformed("not an answer to one question")
    start = at = start or question_end(message)
    ttls: list[tuple[int, int]] = []
    shortest = LONGEST_SECONDS
    minimum = stop = None
    private = False
    for number in range(answers + authorities + additional):
        kind, _, ttl, fixed, after = record_at(message, at)
        if stop is not None or kind == OPT:
            stop = stop or at  # what follows is dropped too: pointers may not be moved
        else:
            seconds = ttl if ttl <= LONGEST_SECONDS else _seconds(ttl)
            ttls.append((fixed + TTL_AT, seconds))
            if seconds < shortest:
                shortest = seconds
            if not private and (leads_home := WITH_ADDRESSES.get(kind)):
                private = leads_home(message[fixed + RECORD_SIZE : after])
            elif kind == SOA and answers <= number < answers + authorities:
                minimum = _minimum(message, fixed, after, ttl)
        at = after
    counts = (answers, authorities, additional)
    if stop is not None:
        counts = _kept(len(ttls), answers, authorities)
    return Reply(
        flags & GIVEN_ON,
        USUAL.get(counts, counts),
        start,
        message[start : stop or at],
        tuple(ttls),
        _keepable(flags, counts[0], shortest if ttls else 0, minimum),
        private,
    )


NO_HEAD = (0, 0, 0, 0, 0)
Counts = tuple[int, int, int]
USUAL: Mapping[Counts, Counts] = {
    one: one for one in ((number, no, 0) for number in range(9) for no in range(2))
}
"""Counts of most answers, each held once for all of them."""
LONGEST_SECONDS = 86_400
"""Nothing is kept longer than a day, whatever it says."""
TTL_AT = 4  # after a record's type and class


def _seconds(ttl: int) -> int:
    """A long TTL as it is counted; with the highest bit it is none (RFC 2181 §8)."""
    return LONGEST_SECONDS if ttl < 1 << 31 else 0


def _kept(number: int, answers: int, authorities: int) -> tuple[int, int, int]:
    """How many of the first `number` records are in each section of a message with so many.

    >>> _kept(2, 1, 3), _kept(5, 1, 3)
    ((1, 1, 0), (1, 3, 1))
    """
    first = min(number, answers)
    second = min(number - first, authorities)
    return first, second, number - first - second


def _minimum(message: bytes, fixed: int, after: int, ttl: int) -> int | None:
    """How long an SOA allows a "no" to be kept; None when it is cut short (RFC 2308 §3)."""
    if after - fixed < RECORD_SIZE + SOA_TAIL:
        return None
    return min(ttl, int.from_bytes(message[after - 4 : after]))


NEGATIVE_SECONDS = 3_600
"""RFC 2308 §5 advises one to three hours as the most for a name that does not exist."""


def _keepable(flags: int, answers: int, shortest: int, minimum: int | None) -> int:
    """Seconds this answer may be kept (RFC 2308 §2, §5): 0 when cut short or without an SOA.

    `shortest` is the lowest of its TTLs.
    """
    code = flags & RCODE
    if flags & TC or code not in CLEAR:
        return 0
    if code == NOERROR and answers:
        return shortest
    if minimum is None:
        return 0
    return min(minimum, shortest, NEGATIVE_SECONDS)


def renewed(reply: Reply, seconds: int) -> Reply:
    """The same answer, good for `seconds` from now whatever it said."""
    records, start = bytearray(reply.records), reply.start
    for at, _ in reply.ttls:
        TTL.pack_into(records, at - start, seconds)
    return Reply(
        flags=reply.flags,
        counts=reply.counts,
        start=reply.start,
        records=bytes(records),
        ttls=tuple((at, seconds) for at, _ in reply.ttls),
        seconds=seconds,
    )


def without_records(reply: Reply, seconds: int) -> Reply:
    """An answer that says nothing: the name is there, and has nothing of that type."""
    return Reply(
        flags=NOERROR,
        counts=(0, 0, 0),
        start=reply.start,
        records=b"",
        ttls=(),
        seconds=seconds,
        private=reply.private,
    )


def aged(reply: Reply, seconds: int) -> bytes:
    """The records of `reply` with every TTL `seconds` lower, never below zero."""
    if not seconds or not reply.ttls:
        return reply.records
    copy, start = bytearray(reply.records), reply.start
    for at, ttl in reply.ttls:
        TTL.pack_into(copy, at - start, max(ttl - seconds, 0))
    return bytes(copy)
