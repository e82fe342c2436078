"""What is said of a name that was looked up: what would be answered, and why."""

from collections.abc import Sequence

import dnslib

from services.dns.wire import HEADER, RCODE, RD

CODES = {2: "a failure", 3: "“no such name”", 5: "a refusal"}
MOST_SHOWN = 8
"""Records in the sentence."""


def question(name: bytes, kind: int) -> bytes:
    """A stub resolver's question; `name` in wire form."""
    return HEADER.pack(1, RD, 1, 0, 0, 0) + name + kind.to_bytes(2) + b"\0\1"


def sentence(name: str, record: str, how: str, message: bytes, lists: Sequence[str] = ()) -> str:
    """`message` in words; `how` says where it came from.

    >>> sentence("a.example", "A", "", b"", ["https://lists.example/hosts"])
    'a.example is blocked by https://lists.example/hosts.'
    """
    if lists:
        return f"{name} is blocked by {', '.join(lists)}."
    said = answer_said(message, record)
    if said is None:
        return f"The answer about {name} cannot be read, {how}."
    return f"{name} is answered with {said}, {how}."


def answer_said(message: bytes, record: str) -> str | None:
    """An answer in words; None when it cannot be read."""
    try:
        told = dnslib.DNSRecord.parse(message)
    except dnslib.DNSError:
        return None
    code = int.from_bytes(message[2:4]) & RCODE
    shown = ", ".join(f"{dnslib.QTYPE.get(one.rtype)} {one.rdata}" for one in told.rr[:MOST_SHOWN])
    more = f" and {len(told.rr) - MOST_SHOWN} more" if len(told.rr) > MOST_SHOWN else ""
    if code:
        return CODES.get(code, f"the failure {code}")
    return f"{shown}{more}" if shown else f"nothing of type {record}"
