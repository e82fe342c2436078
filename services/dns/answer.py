"""What to say to a question: an answer, a question to the upstream, or nothing."""

from enum import StrEnum

from services.dns.blocked import Blocked
from services.dns.cache import Cache, Kept
from services.dns.records import Stored, spliced
from services.dns.reply import Reply, aged, without_records
from services.dns.wire import (
    AD,
    ANY,
    AXFR,
    FORMERR,
    HEADER_SIZE,
    IN,
    IS_ANSWER,
    IS_CUT,
    NOTIMP,
    OPCODE,
    RCODE,
    RD,
    REFUSED,
    SERVFAIL,
    Malformed,
    Query,
    bad_version,
    compose,
    failure,
    no_such_name,
    read_query,
    refusal,
)
from services.dns.zone import Local, Zone

LOCAL_HELD_SECONDS = 3_600.0
"""Local answers are held until the zone changes; this is only the end of an old entry."""
META_TYPES = frozenset(range(AXFR - 1, ANY + 1))  # IXFR, AXFR, MAILB, MAILA, ANY


class Why(StrEnum):
    """Where an answer came from."""

    REFUSED = "refused"
    LOCAL = "local"
    CACHE = "cache"
    UPSTREAM = "upstream"
    STALE = "stale"  # an old one, because nobody answered
    PRIVATE = "private"  # it led into the LAN, and was left out
    FAILED = "failed"  # nobody answered


class Answer:
    """A message to send.  `ttls` are (offset, seconds); it may be given again, aged, to the very
    same question from `born` until `ends`.  `why` is where it came from, a word."""

    __slots__ = ("blocked", "born", "ends", "message", "ttls", "why")

    def __init__(
        self,
        message: bytes,
        ttls: tuple[tuple[int, int], ...] = (),
        born: float = 0.0,
        ends: float = 0.0,
        why: Why = Why.CACHE,
        blocked: bool = False,
    ) -> None:
        self.message, self.ttls, self.born, self.ends = message, ttls, born, ends
        self.blocked, self.why = blocked, why


class Behind(Query):
    """A question about what a `chain` of our own aliases leads to, and the `client`'s own."""

    __slots__ = ("chain", "client")

    def __init__(self, client: Query, chain: tuple[Stored, ...], target: bytes) -> None:
        """`target` is in wire form."""
        message, opt = client.about(target)
        super().__init__(message, client.flags, target, len(message), opt)
        self.client, self.chain = client, chain


class Silence:
    """Nothing is sent, and why."""

    __slots__ = ("why",)

    def __init__(self, why: str) -> None:
        self.why = why


def answer(
    message: bytes,
    network: str | None,
    zone: Zone | None,
    cache: Cache,
    now: float,
    blocked: Blocked | None = None,
    limit: int = 0,
) -> Answer | Query | Silence:
    """Decide on one message from a client on `network`, None for a client of none of ours.  A Query
    is what an upstream has to be asked.

    `blocked` says which names are not answered; None while blocking pauses, or for its exemptions.
    An answer has at most `limit` bytes, 0 for what the client can take over UDP.
    """
    if len(message) < HEADER_SIZE or message[2] & IS_ANSWER:
        return Silence("no header, or an answer")
    if network is None or zone is None:
        return Answer(refusal(message, REFUSED) or b"", why=Why.REFUSED)
    if message[2] & OPCODE >> 8:  # UPDATE, NOTIFY, STATUS: RFC 2136 §2.2
        return Answer(refusal(message, NOTIMP) or b"", why=Why.REFUSED)
    try:
        query = read_query(message)
    except Malformed:
        return Answer(refusal(message, FORMERR) or b"", why=Why.REFUSED)
    if limit:
        query.limit = limit
    if query.version or query.type in META_TYPES or query.question[-2:] != IN:
        return Answer(_refused(query), why=Why.REFUSED)
    local = zone.answer(query, network)
    if isinstance(local, Local):
        said = compose(query, local.flags, local.counts, local.records)
        return Answer(said, (), now, now + LOCAL_HELD_SECONDS, why=Why.LOCAL)
    # of the world the name itself is asked, or what one of ours is an alias for
    asks = Behind(query, local.chain, local.target) if local else query
    return _from_the_world(asks, cache, now, blocked)


def _refused(query: Query) -> bytes:
    """What is said to a question of a kind that nobody answers here."""
    if query.version:
        return bad_version(query)
    return failure(query, REFUSED)  # RFC 8482 §4.1 allows it for ANY


def _from_the_world(
    query: Query, cache: Cache, now: float, blocked: Blocked | None
) -> Answer | Query:
    """A name that is not ours: blocked, from the cache, or an upstream has to be asked."""
    if blocked is not None and blocked.lists_with(query.name):
        return Answer(no_such_name(_asked(query)), blocked=True)
    kept = cache.found(query.key, now)
    if kept and isinstance(query, Behind):
        return answered(query, renewed_by_age(kept, now), now, int(kept[1] - now))
    if kept:
        return from_reply(query, kept[2], now, kept[0], kept[1])
    if not query.flags & RD:
        # only what is here was asked for: it is not
        return Answer(failure(_asked(query), REFUSED), why=Why.REFUSED)
    return query


def _asked(query: Query) -> Query:
    """What the client asked."""
    return query.client if isinstance(query, Behind) else query


def answered(query: Query, reply: Reply, now: float, seconds: int, why: Why = Why.CACHE) -> Answer:
    """The answer to who asked, from a reply that is good for `seconds` from now."""
    if isinstance(query, Behind):
        try:
            reply = spliced(query.chain, reply, query.question, query.client)
        except Malformed:
            reply = failed(query.client)
        query = query.client
    return from_reply(query, reply, now, now, now + seconds, why)


def renewed_by_age(kept: Kept, now: float) -> Reply:
    """A kept reply with the time it has left."""
    born, _, reply, _ = kept
    age = int(now - born)
    return Reply(
        flags=reply.flags,
        counts=reply.counts,
        start=reply.start,
        records=aged(reply, age),
        ttls=tuple((at, max(ttl - age, 0)) for at, ttl in reply.ttls),
        seconds=reply.seconds,
        private=reply.private,
    )


def from_reply(
    query: Query, reply: Reply, now: float, born: float, ends: float, why: Why = Why.CACHE
) -> Answer:
    """An upstream's reply, which is good from `born` until `ends`, for this client."""
    if reply.private and not reply.records:
        why = Why.PRIVATE
    flags = reply.flags & RCODE
    if query.flags & AD or query.wants_do:
        flags |= reply.flags & AD  # RFC 6840 §5.7
    records = reply.records if now == born else aged(reply, int(now - born))
    said = compose(query, flags, reply.counts, records)
    if said[2] & IS_CUT:
        return Answer(said, why=why)
    return Answer(said, reply.ttls, born, ends, why)


PRIVATE_SECONDS = 60
"""How long the answer is kept from which private addresses were taken."""


def kept_out(reply: Reply) -> Reply:
    """Instead of a reply that would lead from the internet into the LAN (DNS rebinding)."""
    return without_records(reply, PRIVATE_SECONDS)


FAILURE_SECONDS = 1
"""RFC 9520 §3.2: a failure is kept for at least a second, so that a storm asks once."""


def failed(query: Query) -> Reply:
    """What is given out when no upstream answered."""
    return Reply(
        flags=SERVFAIL,
        counts=(0, 0, 0),
        start=query.end,
        records=b"",
        ttls=(),
        seconds=FAILURE_SECONDS,
    )


def keepable(reply: Reply) -> int:
    """Seconds to keep a reply; failures for a moment."""
    if reply.flags & RCODE == SERVFAIL:
        return FAILURE_SECONDS
    return reply.seconds
