"""Questions and answers as bytes, made by dnslib: a codec that is not ours."""

import dnslib

from services.dns.reply import Reply, read_reply
from services.dns.wire import Query, read_query


def question(
    name: str = "www.example.com", kind: str = "A", *, edns: int = 0, do: bool = False
) -> bytes:
    """A stub resolver's question; `edns` is the UDP size it takes, 0 for none."""
    made = dnslib.DNSRecord.question(name, kind)
    made.header.id = 0x1234
    if edns:
        made.add_ar(dnslib.EDNS0(udp_len=edns, flags="do" if do else ""))
    return bytes(made.pack())


def query(name: str = "www.example.com", kind: str = "A", *, edns: int = 0) -> Query:
    return read_query(question(name, kind, edns=edns))


def answer_to(
    asked: bytes,
    *zone: str,
    code: str = "NOERROR",
    authority: str = "",
    edns: bool = False,
    cut: bool = False,
) -> bytes:
    """What an upstream says; `zone` and `authority` are records in zone-file form."""
    parsed = dnslib.DNSRecord.parse(asked)
    made = dnslib.DNSRecord(
        dnslib.DNSHeader(
            id=parsed.header.id, qr=1, ra=1, rd=1, tc=int(cut), rcode=getattr(dnslib.RCODE, code)
        ),
        q=parsed.q,
    )
    for line in zone:
        made.add_answer(*dnslib.RR.fromZone(line))
    for line in filter(None, [authority]):
        made.add_auth(*dnslib.RR.fromZone(line))
    if edns:
        made.add_ar(dnslib.EDNS0(udp_len=1232))
    return bytes(made.pack())


def reply(*zone: str, name: str = "www.example.com", kind: str = "A", **words: str) -> Reply:
    return read_reply(answer_to(question(name, kind), *zone, **words))  # type: ignore[arg-type]


def parsed(message: bytes) -> dnslib.DNSRecord:
    return dnslib.DNSRecord.parse(message)


def addresses(message: bytes) -> list[str]:
    """The data of an answer's records."""
    return [str(one.rdata) for one in parsed(message).rr]


def code(message: bytes) -> str:
    return str(dnslib.RCODE.get(parsed(message).header.rcode))
