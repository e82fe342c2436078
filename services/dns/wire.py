"""DNS messages as bytes: no object per record, nothing trusted (RFC 1035 §4.1, RFC 6891).

A length is checked before it is used, a compression pointer is only ever stepped over, and what
cannot be read is refused by name: `Malformed`.
"""

import struct
from struct import Struct

HEADER = Struct("!6H")
HEAD = Struct("!5H")  # without its id: flags, and how many records of each kind
RECORD = Struct("!HHIH")  # type, class, TTL, length
RECORD_SIZE = RECORD.size
TTL = Struct("!I")
HEADER_SIZE = 12
SHORTEST = 17  # header, root name, type, class
LONGEST_LABEL = 63
POINTER = 192  # the two highest bits of a length: a compressed name ends here

QR, AA, TC, RD, RA, AD, CD = 0x8000, 0x0400, 0x0200, 0x0100, 0x0080, 0x0020, 0x0010
IS_ANSWER, IS_CUT = QR >> 8, TC >> 8  # in a message's third byte
ANSWERED, ECHOED = QR | RA, RD | CD
"""Bits that each of our answers has, and those that it has from its question."""
OPCODE, RCODE = 0x7800, 0x000F
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
CLEAR = frozenset({NOERROR, NXDOMAIN})
"""Who says so knows of the name whether it is there."""
BADVERS = 16

A, NS, CNAME, SOA, PTR, MX, TXT, AAAA, SRV = 1, 2, 5, 6, 12, 15, 16, 28, 33
OPT, DS, DNSKEY, SVCB, HTTPS, TSIG, AXFR, ANY = 41, 43, 48, 64, 65, 250, 252, 255
IN = b"\0\1"  # the class, as it ends a question
DO = 0x8000  # of the OPT record's TTL field: wants signatures

OWN_SIZE = 1232
"""The largest UDP message we send or ask for: it fits every path (DNS flag day 2020)."""
PLAIN_SIZE = 512  # without EDNS
LONGEST = 65_535  # over TCP
OUR_OPT = b"\0" + RECORD.pack(OPT, OWN_SIZE, 0, 0)
OUR_OPT_DO = b"\0" + RECORD.pack(OPT, OWN_SIZE, DO, 0)


class Malformed(ValueError):
    """The message cannot be read; its text says where it breaks."""


class Query:
    """One question of a client.  Plain slots: one is made for every packet off the hot path."""

    __slots__ = (
        "edns", "end", "flags", "id", "key", "limit", "name", "question", "type", "version",
        "wants_do",
    )  # fmt: skip

    def __init__(
        self, message: bytes, flags: int, name: bytes, end: int, opt: "tuple[int, int] | None"
    ) -> None:
        self.id, self.flags = message[:2], flags
        self.name = name  # wire form, lower case, with the root's zero
        self.question = question = message[HEADER_SIZE:end]  # as asked: its letter case is echoed
        self.type = question[-4] << 8 | question[-3]
        self.end = end  # where the records begin, in this message and in every answer to it
        if opt is None:
            self.edns = self.wants_do = False
            self.limit, self.version = PLAIN_SIZE, 0
        else:
            size, ttl = opt
            self.edns, self.wants_do = True, bool(ttl & DO)
            self.limit, self.version = min(max(size, PLAIN_SIZE), OWN_SIZE), ttl >> 16 & 0xFF
        # what an answer depends on: name, type, class, and whether signatures are wanted
        self.key = name + question[-4:] + (b"\1" if self.wants_do else b"\0")

    def about(self, name: bytes) -> "tuple[bytes, tuple[int, int] | None]":
        """The same client's question about another name, in wire form: the message, its OPT."""
        message = b"".join((self.id, bytes(HEAD.size), name, self.question[-4:]))
        return message, (self.limit, DO if self.wants_do else 0) if self.edns else None


def read_query(message: bytes) -> Query:
    """Read a question: exactly one, of class IN or not, with whatever records follow it.

    Raises Malformed.  The caller looked at the header first (`refusable`).
    """
    if len(message) < SHORTEST:
        raise Malformed("shorter than a header and the shortest question")
    flags, questions, answers, authorities, additional = HEAD.unpack_from(message, 2)
    if questions != 1 or answers or authorities:
        raise Malformed("not exactly one question")
    end = question_end(message)
    opt = _opt(message, end, additional) if additional or end != len(message) else None
    return Query(message, flags, message[HEADER_SIZE : end - 4].lower(), end, opt)


def _opt(message: bytes, at: int, number: int) -> tuple[int, int] | None:
    """Size and TTL of the OPT among the last `number` records, from `at` on.  Raises Malformed."""
    opt = None
    for _ in range(number):
        owner = at
        kind, size, ttl, _, at = record_at(message, at)
        if kind == OPT:
            if opt is not None or message[owner]:
                raise Malformed("two OPT records, or one with a name")
            opt = size, ttl
    if at != len(message):
        raise Malformed("bytes after the last record")
    return opt


def question_end(message: bytes) -> int:
    """The offset after the first question, whose name must not be compressed.

    Raises Malformed.
    """
    at = HEADER_SIZE
    try:
        while size := message[at]:
            if size > LONGEST_LABEL:
                raise Malformed("a label longer than 63, or a pointer in the question")
            at += size + 1
    except IndexError:
        raise Malformed("the question's name does not end") from None
    if at - HEADER_SIZE > 254:
        raise Malformed("a name longer than 255")
    if at + 5 > len(message):
        raise Malformed("the question is cut short")
    return at + 5


def _name(message: bytes, at: int) -> int:
    """Step over a name, compressed or not; the offset after it.  Raises Malformed."""
    try:
        while True:
            size = message[at]
            if size >= POINTER:
                if at + 2 > len(message):
                    raise Malformed("a pointer is cut short")
                return at + 2
            if size > LONGEST_LABEL:
                raise Malformed("a label of unknown kind")
            at += size + 1
            if not size:
                return at
    except IndexError:
        raise Malformed("a record's name does not end") from None


def record_at(message: bytes, at: int) -> tuple[int, int, int, int, int]:
    """One record's type, class and TTL, the offset of its type, and the one after it.

    Raises Malformed.
    """
    try:  # most names are a pointer to one that was there before
        fixed = at + 2 if message[at] >= POINTER else _name(message, at)
        kind, family, ttl, length = RECORD.unpack_from(message, fixed)
    except (IndexError, struct.error):
        raise Malformed("a record is cut short") from None
    after = fixed + RECORD_SIZE + length
    if after > len(message):
        raise Malformed("a record's data is cut short")
    return kind, family, ttl, fixed, after


def refusal(message: bytes, code: int) -> bytes | None:
    """Say no to a message of which only the header can be trusted.

    None when even that is missing, or when it is an answer itself: two servers must not end up
    answering each other.
    """
    if len(message) < HEADER_SIZE:
        return None
    flags = int.from_bytes(message[2:4])
    if flags & QR:
        return None
    return message[:2] + HEADER.pack(0, QR | flags & (OPCODE | RD) | code, 0, 0, 0, 0)[2:]


def failure(query: Query, code: int, *, authoritative: bool = False) -> bytes:
    """An answer without records."""
    return compose(query, code | (AA if authoritative else 0), (0, 0, 0), b"")


def compose(query: Query, flags: int, counts: tuple[int, int, int], records: bytes) -> bytes:
    """The message for this client: its id, its question, these records, an OPT if it sent one.

    `flags` are the answer's own bits; those that echo the question are added.  A message that is
    too long for the client is cut to its question with TC set.
    """
    opt = (OUR_OPT_DO if query.wants_do else OUR_OPT) if query.edns else b""
    size = query.end + len(records) + len(opt)
    if size > query.limit:
        flags, counts, records = flags | TC, (0, 0, 0), b""
    answers, authorities, additional = counts
    flags |= ANSWERED | query.flags & ECHOED
    head = HEAD.pack(flags, 1, answers, authorities, additional + 1 if opt else additional)
    return b"".join((query.id, head, query.question, records, opt))


BLOCKED_SECONDS = 10
"""How long a client remembers that a name is blocked: a pause is noticed soon."""
BLOCKED = 15  # RFC 8914 §4.16
REASON_OPT = b"\0" + RECORD.pack(OPT, OWN_SIZE, 0, 6) + b"\0\x0f\0\2"


def no_such_name(query: Query, reason: int = BLOCKED) -> bytes:
    """NXDOMAIN for a name that is kept back, with the reason for who can read it (RFC 8914)."""
    times = struct.pack("!5I", 1, 3600, 600, 86_400, BLOCKED_SECONDS)
    data = b"\xc0\x0c" + b"\0" + times  # the name itself is its zone; nobody is its hostmaster
    soa = b"\xc0\x0c" + RECORD.pack(SOA, 1, BLOCKED_SECONDS, len(data)) + data
    opt = REASON_OPT + reason.to_bytes(2) if query.edns else b""
    flags = QR | RA | query.flags & (RD | CD) | NXDOMAIN
    head = HEADER.pack(0, flags, 1, 0, 1, 1 if opt else 0)
    return b"".join((query.id, head[2:], query.question, soa, opt))


def bad_version(query: Query) -> bytes:
    """BADVERS: its upper bits are in the OPT record's TTL (RFC 6891 §6.1.3)."""
    opt = b"\0" + RECORD.pack(OPT, OWN_SIZE, BADVERS >> 4 << 24, 0)
    head = HEADER.pack(0, QR | query.flags & RD, 1, 0, 0, 1)
    return b"".join((query.id, head[2:], query.question, opt))


def question_of(message: bytes) -> bytes | None:
    """Name in lower case, type and class of an answer's question; None when it cannot be read."""
    try:
        end = question_end(message)
    except Malformed:
        return None
    return message[HEADER_SIZE : end - 4].lower() + message[end - 4 : end]


def ask(identity: bytes, query: Query, question: bytes) -> bytes:
    """The same question to an upstream, under our own id, with our own EDNS.

    `question` is the query's own, in whatever letter case.
    """
    head = ASKING_UNCHECKED if query.flags & CD else ASKING
    opt = OUR_OPT_DO if query.wants_do else OUR_OPT
    return identity + head + question + opt


ASKING = HEAD.pack(RD, 1, 0, 0, 1)
ASKING_UNCHECKED = HEAD.pack(RD | CD, 1, 0, 0, 1)


LETTERS = bytes(32 if chr(byte).isascii() and chr(byte).isalpha() else 0 for byte in range(256))
"""For each byte the bit that changes a letter's case; lengths of labels are no letters."""


def scrambled(question: bytes, dice: bytes) -> bytes:
    """The question with its letters in a case that `dice`, the last of so many bytes, decide.

    A forger would have to guess it: an answer repeats the question as it was (draft-vixie-dnsext-
    dns0x20).
    """
    letters = int.from_bytes(question[:-4].translate(LETTERS)) << 32  # type and class are none
    flipped = letters & int.from_bytes(dice)
    return (int.from_bytes(question) ^ flipped).to_bytes(len(question))
