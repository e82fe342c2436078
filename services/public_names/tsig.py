"""Signatures of DNS messages by a shared key: TSIG (RFC 8945), over bytes.

A signature is one more record at the end of a message; what it covers is the message as it was
before, and the record's own fields (§4.3).  An answer's covers the question's as well.
"""

import hmac
import struct
from dataclasses import dataclass

from appliance.model.public_names import ALGORITHMS
from services.dns.labels import name_in_bytes
from services.dns.wire import HEADER, HEADER_SIZE, POINTER, RECORD, TSIG, Malformed

ANY_CLASS = 255
FUDGE_SECONDS = 300  # §10: recommended
BADSIG, BADKEY, BADTIME, BADTRUNC = 16, 17, 18, 22
TIMES = struct.Struct("!HIH")  # 48 bits of seconds, and the fudge
TAIL = struct.Struct("!HH")  # error, and the length of what is said besides
LENGTH = struct.Struct("!H")
OF_TIME = 6  # bytes of "other data" that say the server's time (§5.2.3)
LONGEST_NAME = 255
HIGH = 1 << 32


@dataclass(frozen=True, slots=True)
class Key:
    """A shared key: its name and `algorithm` as in `ALGORITHMS`, and the secret's bytes."""

    name: str
    algorithm: str
    secret: bytes

    @property
    def owner(self) -> bytes:
        """The name in wire form, lower case (§4.3.3)."""
        return name_in_bytes(self.name.lower())

    @property
    def kind(self) -> bytes:
        """The algorithm's name in wire form."""
        return name_in_bytes(self.algorithm)

    def mac(self, covered: bytes) -> bytes:
        """The keyed digest."""
        return hmac.digest(self.secret, covered, ALGORITHMS[self.algorithm])


@dataclass(frozen=True, slots=True)
class Signature:
    """The TSIG record of a message; `signed_at` is in Unix seconds."""

    owner: bytes
    algorithm: bytes
    signed_at: int
    fudge: int
    mac: bytes
    original_id: int
    error: int
    other: bytes

    @property
    def server_time(self) -> int | None:
        """What the server's clock says, where it said that ours is wrong."""
        return int.from_bytes(self.other) if len(self.other) == OF_TIME else None


def signed(message: bytes, key: Key, now: float) -> tuple[bytes, bytes]:
    """The message with its signature at the end, and the MAC, which the answer's covers."""
    seconds = int(now)
    times = TIMES.pack(seconds // HIGH, seconds % HIGH, FUDGE_SECONDS)
    mac = key.mac(message + _fields(key.owner, key.kind, times, 0, b""))
    told = key.kind + times + LENGTH.pack(len(mac)) + mac + message[:2] + TAIL.pack(0, 0)
    record = key.owner + RECORD.pack(TSIG, ANY_CLASS, 0, len(told)) + told
    return _with_additional(message, 1) + record, mac


def split(message: bytes) -> tuple[bytes, Signature | None]:
    """A message as it was signed, and its signature; None where its last record is none.

    Raises Malformed.
    """
    if len(message) < HEADER_SIZE:
        raise Malformed("shorter than a header")
    _, _, questions, answers, authorities, additional = HEADER.unpack_from(message)
    at = HEADER_SIZE
    for _ in range(questions):
        at = _after_name(message, at) + 4
    start = at
    for _ in range(answers + authorities + additional):
        start, at = at, _after_record(message, at)
    if at > len(message):
        raise Malformed("a question ends behind the message")
    if not additional or _type_at(message, start) != TSIG:
        return message, None
    found = _read(message, start)
    before = found.original_id.to_bytes(2) + message[2:start]
    return _with_additional(before, -1), found


def verified(message: bytes, found: Signature, key: Key, asked_mac: bytes) -> bool:
    """Is this the answer of somebody with the key, to the message that had `asked_mac`?

    `message` is without its signature.
    """
    if (found.owner, found.algorithm) != (key.owner, key.kind):
        return False
    times = TIMES.pack(found.signed_at // HIGH, found.signed_at % HIGH, found.fudge)
    fields = _fields(key.owner, key.kind, times, found.error, found.other)
    covered = LENGTH.pack(len(asked_mac)) + asked_mac + message + fields
    return hmac.compare_digest(found.mac, key.mac(covered))


def _fields(owner: bytes, algorithm: bytes, times: bytes, error: int, other: bytes) -> bytes:
    """The record's own part of what is covered (§4.3.3)."""
    head = struct.pack("!HI", ANY_CLASS, 0)
    return owner + head + algorithm + times + TAIL.pack(error, len(other)) + other


def _with_additional(message: bytes, more: int) -> bytes:
    count = int.from_bytes(message[10:12]) + more
    return message[:10] + count.to_bytes(2) + message[12:]


def _after_name(message: bytes, at: int) -> int:
    """Where a name ends; a compression pointer ends it and is not followed."""
    while at < len(message) and message[at]:
        length = message[at]
        if length >= POINTER:
            return at + 2
        if length >= POINTER >> 1:
            raise Malformed("a label of no known kind")
        at += 1 + length
    if at >= len(message):
        raise Malformed("a name ends behind the message")
    return at + 1


def _after_record(message: bytes, at: int) -> int:
    head = _after_name(message, at)
    if head + RECORD.size > len(message):
        raise Malformed("a record ends behind the message")
    end: int = head + RECORD.size + RECORD.unpack_from(message, head)[3]
    if end > len(message):
        raise Malformed("a record ends behind the message")
    return end


def _type_at(message: bytes, at: int) -> int:
    kind: int = RECORD.unpack_from(message, _after_name(message, at))[0]
    return kind


def _read(message: bytes, at: int) -> Signature:
    """The record at that place; its names must not be compressed (§4.2).  Raises Malformed."""
    owner, head = _plain_name(message, at)
    algorithm, at = _plain_name(message, head + RECORD.size)
    end = head + RECORD.size + RECORD.unpack_from(message, head)[3]
    try:
        high, low, fudge = TIMES.unpack_from(message, at)
        (size,) = LENGTH.unpack_from(message, at + TIMES.size)
        at += TIMES.size + LENGTH.size
        mac, at = message[at : at + size], at + size
        original, error, told = struct.unpack_from("!3H", message, at)
    except struct.error as wrong:
        raise Malformed("a signature ends behind the message") from wrong
    other = message[at + 6 : at + 6 + told]
    if at + 6 + told != end:
        raise Malformed("a signature is of another length than it says")
    return Signature(owner, algorithm, high * HIGH + low, fudge, mac, original, error, other)


def _plain_name(message: bytes, at: int) -> tuple[bytes, int]:
    """A name without compression, lower case, and where it ends."""
    end = _after_name(message, at)
    name = message[at:end]
    if name[-1] or len(name) > LONGEST_NAME:
        raise Malformed("a signature's name is compressed, or too long")
    return name.lower(), end
