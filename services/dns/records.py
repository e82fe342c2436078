"""Records of ours, and an alias of ours spliced in front of somebody else's answer."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address

import dnslib

from appliance.model.dns import Data, Record, data
from services.dns.labels import parts
from services.dns.reply import Reply, read_reply
from services.dns.wire import (
    AAAA,
    CNAME,
    HEADER,
    MX,
    QR,
    RCODE,
    SRV,
    TXT,
    A,
    Malformed,
    Query,
)

TEXT_BYTES = 255
"""The longest string in a TXT record; a longer text is several (RFC 7208 §3.3)."""


@dataclass(frozen=True, slots=True)
class Stored:
    """One record of ours; `name` has no dot at its end."""

    name: str
    kind: int
    data: dnslib.RD
    seconds: int

    def in_message(self) -> dnslib.RR:
        """As dnslib packs it."""
        label = dnslib.DNSLabel(tuple(one.encode("latin-1") for one in self.name.split(".")))
        return dnslib.RR(label, self.kind, rdata=self.data, ttl=self.seconds)


KINDS: Mapping[str, tuple[int, Callable[[Data], dnslib.RD]]] = {
    "A": (A, lambda found: dnslib.A(found.rest)),
    "AAAA": (AAAA, lambda found: dnslib.AAAA(tuple(IPv6Address(found.rest).packed))),
    "CNAME": (CNAME, lambda found: dnslib.CNAME(found.rest)),
    "MX": (MX, lambda found: dnslib.MX(found.rest, *found.numbers)),
    "TXT": (TXT, lambda found: dnslib.TXT(_strings(found.rest))),
    "SRV": (SRV, lambda found: dnslib.SRV(*found.numbers, found.rest)),
}
"""Kind to its number and how its data is made."""


def rdata(record: Record) -> tuple[int, dnslib.RD]:
    """The type's number and the data of one of the owner's records."""
    number, make = KINDS[record.kind]
    return number, make(data(record.kind, record.value))


def alias(record: Stored) -> str:
    """What a CNAME points to, without the dot at its end."""
    return str(record.data.label).rstrip(".").lower()


def spliced(chain: Iterable[Stored], reply: Reply, about: bytes, asked: Query) -> Reply:
    """`reply` to the question `about` the end of `chain`, as the answer to what was `asked`.

    Written anew, because its names point into a question of another length.  Raises Malformed.
    """
    head = HEADER.pack(0, QR | reply.flags, 1, *reply.counts)
    try:
        told = dnslib.DNSRecord.parse(head + about + reply.records)
        question = dnslib.DNSQuestion(
            dnslib.DNSLabel(parts(asked.question[:-4])), asked.type, asked.question[-1]
        )
        made = dnslib.DNSRecord(dnslib.DNSHeader(qr=1), q=question)
        made.header.rcode = reply.flags & RCODE
        for one in (*(each.in_message() for each in chain), *told.rr):
            made.add_answer(one)
        made.add_auth(*told.auth)
        return read_reply(bytes(made.pack()))
    except dnslib.DNSError as error:
        raise Malformed(f"the answer to an alias cannot be written anew: {error}") from error


def _strings(text: str) -> list[bytes]:
    raw = text.encode()
    return [raw[at : at + TEXT_BYTES] for at in range(0, len(raw), TEXT_BYTES)]
