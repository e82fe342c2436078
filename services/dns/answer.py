"""What to say to a question: an answer, a question to the upstream, or nothing."""

from services.dns.cache import Cache
from services.dns.wire import (
    AD,
    ANY,
    AXFR,
    FORMERR,
    HEADER_SIZE,
    IN,
    NOTIMP,
    OPCODE,
    QR,
    RCODE,
    RD,
    REFUSED,
    SERVFAIL,
    TC,
    Malformed,
    Query,
    Reply,
    aged,
    bad_version,
    compose,
    failure,
    read_query,
    refusal,
)
from services.dns.zone import Zone

LOCAL_HELD_SECONDS = 3_600.0
"""Local answers are held until the zone changes; this is only the end of an old entry."""
META_TYPES = frozenset(range(AXFR - 1, ANY + 1))  # IXFR, AXFR, MAILB, MAILA, ANY


class Answer:
    """A message to send.  `ttls` are (offset after the id, seconds); it may be given again, aged,
    to the very same question from `born` until `ends`."""

    __slots__ = ("born", "ends", "message", "ttls")

    def __init__(
        self,
        message: bytes,
        ttls: tuple[tuple[int, int], ...] = (),
        born: float = 0.0,
        ends: float = 0.0,
    ) -> None:
        self.message, self.ttls, self.born, self.ends = message, ttls, born, ends


class Ask:
    """The upstream has to be asked."""

    __slots__ = ("query",)

    def __init__(self, query: Query) -> None:
        self.query = query


class Silence:
    """Nothing is sent, and why."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        self.why = why


def answer(
    message: bytes,
    *,
    network: str | None,
    zone: Zone | None,
    cache: Cache,
    now: float,
    tcp: bool = False,
) -> Answer | Ask | Silence:
    """Decide on one message from a client on `network`, None for a client of none of ours."""
    if len(message) < HEADER_SIZE or message[2] & QR >> 8:
        return Silence("no header, or an answer")
    if network is None or zone is None:
        return Answer(refusal(message, REFUSED) or b"")
    if message[2] & OPCODE >> 8:  # UPDATE, NOTIFY, STATUS: RFC 2136 §2.2
        return Answer(refusal(message, NOTIMP) or b"")
    try:
        query = read_query(message)
    except Malformed:
        return Answer(refusal(message, FORMERR) or b"")
    if refused := _refused(query):
        return Answer(refused)
    if local := zone.answer(query, network):
        said = compose(query, local.flags, local.counts, local.records, tcp=tcp)
        return Answer(said, (), now, now + LOCAL_HELD_SECONDS)
    return _from_the_world(query, cache, now, tcp=tcp)


def _refused(query: Query) -> bytes | None:
    """What is said to a question of a kind that nobody answers here."""
    if query.version:
        return bad_version(query)
    if query.type in META_TYPES or query.question[-2:] != IN:
        return failure(query, REFUSED)  # RFC 8482 §4.1 allows it for ANY
    return None


def _from_the_world(query: Query, cache: Cache, now: float, *, tcp: bool) -> Answer | Ask:
    """A name that is not ours: from the cache, or the upstream has to be asked."""
    kept = cache.found(query.key, now)
    if kept:
        return from_reply(query, kept[2], now, born=kept[0], ends=kept[1], tcp=tcp)
    if not query.flags & RD:
        return Answer(failure(query, REFUSED))  # only what is here was asked for, and it is not
    return Ask(query)


def from_reply(
    query: Query, reply: Reply, now: float, *, born: float, ends: float, tcp: bool = False
) -> Answer:
    """An upstream's reply for this client."""
    flags = reply.flags & RCODE
    if query.flags & AD or query.wants_do:
        flags |= reply.flags & AD  # RFC 6840 §5.7
    records = aged(reply.records, reply.ttls, int(now - born))
    said = compose(query, flags, reply.counts, records, tcp=tcp)
    if int.from_bytes(said[2:4]) & TC:
        return Answer(said)
    shift = 10 + len(query.question)
    return Answer(said, tuple((at + shift, ttl) for at, ttl in reply.ttls), born, ends)


FAILURE_SECONDS = 1
"""RFC 9520 §3.2: a failure is kept for at least a second, so that a storm asks once."""


def failed(query: Query) -> Reply:
    """What is given out when no upstream answered."""
    return Reply(
        flags=QR | SERVFAIL,
        counts=(0, 0, 0),
        question=query.question,
        records=b"",
        ttls=(),
        seconds=FAILURE_SECONDS,
    )


def keepable(reply: Reply) -> int:
    """Seconds to keep a reply; failures for a moment."""
    if reply.flags & RCODE == SERVFAIL:
        return FAILURE_SECONDS
    return reply.seconds
