"""Dynamic updates of a zone (RFC 2136), as bytes: the addresses of one name are replaced.

The message is so small that no packet library is needed for it: a zone, no prerequisites, and for
each family "delete what is there" and "add this one".  What a server answers is believed when it is
signed by the key; only what cannot be signed (an unknown key) is told without.
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from ipaddress import ip_address

from services.dns.labels import name_in_bytes
from services.dns.wire import AAAA, HEADER, RCODE, RECORD, SOA, A, Malformed
from services.public_names.tsig import BADKEY, BADSIG, BADTIME, BADTRUNC, Key, split, verified
from services.public_names.verdict import Then, Verdict

UPDATE = 5 << 11  # the opcode, in its place
ANY_CLASS, IN_CLASS = 255, 1
QR, OPCODE = 0x8000, 0x7800
NOERROR, SERVFAIL, NOTIMP, REFUSED, NOTAUTH = 0, 2, 4, 5, 9
MEANINGS: Mapping[int, tuple[Then, str]] = {
    1: (Then.STOP, "cannot read the update (FORMERR). Report this."),
    SERVFAIL: (Then.LATER, "has trouble of its own (SERVFAIL). Look into its log."),
    3: (Then.STOP, "says that there is no such name (NXDOMAIN). Look at the zone there."),
    NOTIMP: (Then.STOP, "takes no updates (NOTIMP). Write the primary server of the zone."),
    REFUSED: (
        Then.STOP,
        "does not let this key change this name (REFUSED). Allow it there: in BIND by "
        "update-policy, in Knot by an acl of the zone.",
    ),
    NOTAUTH: (
        Then.STOP,
        "is not the primary server of this zone (NOTAUTH). Look at the zone’s name and server.",
    ),
    10: (Then.STOP, "says that the name is not in this zone (NOTZONE). Write another zone."),
}
"""Response codes (RFC 2136 §2.2) → what is done, and the sentence after the server's name."""
KEY_MEANINGS: Mapping[int, str] = {
    BADSIG: "does not accept the key’s secret (BADSIG). Type it once more.",
    BADKEY: "does not know this key (BADKEY). Compare its name and its algorithm there.",
    BADTRUNC: "wants a longer signature (BADTRUNC). Choose another algorithm there.",
}
"""Errors of signatures (RFC 8945 §3), which stop."""


def update(ident: int, zone: str, name: str, ttl: int, addresses: tuple[str, ...]) -> bytes:
    """The message that gives `name` these addresses, each family's in the place of what it had."""
    records = b"".join(_replaced(name_in_bytes(name), ttl, text) for text in addresses)
    head = HEADER.pack(ident, UPDATE, 1, 0, 2 * len(addresses), 0)
    return head + name_in_bytes(zone) + SOA.to_bytes(2) + IN_CLASS.to_bytes(2) + records


def verdict(server: str, answer: bytes, asked: bytes, key: Key, mac: bytes, now: float) -> Verdict:
    """What an answer to the signed message `asked` means; `mac` is that message's."""
    try:
        plain, found = split(answer)
        ident, flags, *_ = HEADER.unpack_from(answer)
    except Malformed as wrong:
        return Verdict(Then.LATER, f"{server} answers something that is no answer: {wrong}.")
    if ident != int.from_bytes(asked[:2]) or not flags & QR or flags & OPCODE != UPDATE:
        return Verdict(Then.LATER, f"{server} answers another question than was asked.")
    code = flags & RCODE
    if found is not None and found.error == BADTIME:
        return _other_time(server, found.server_time, now)
    if found is not None and found.error in KEY_MEANINGS:
        return Verdict(Then.STOP, f"{server} {KEY_MEANINGS[found.error]}")
    good = found is not None and verified(plain, found, key, mac)
    if code == NOERROR:
        return _done(server, good=good)
    then, what = MEANINGS.get(code, (Then.LATER, f"refuses with code {code}. Look into its log."))
    return Verdict(then, f"{server} {what}")


def _replaced(name: bytes, ttl: int, text: str) -> bytes:
    """Delete the set, then add the address to it (RFC 2136 §2.5.2 and §2.5.1)."""
    address = ip_address(text)
    kind = A if address.version == 4 else AAAA
    gone = name + RECORD.pack(kind, ANY_CLASS, 0, 0)
    return gone + name + RECORD.pack(kind, IN_CLASS, ttl, len(address.packed)) + address.packed


def _done(server: str, *, good: bool) -> Verdict:
    if good:
        return Verdict(Then.PUBLISHED, f"{server} published it.")
    what = "said yes without the key’s signature, so it may have been somebody else."
    return Verdict(Then.LATER, f"{server} {what}")


def _other_time(server: str, told: int | None, now: float) -> Verdict:
    """Two clocks that differ by more than five minutes: it may be ours, which will be set."""
    times = list(_clocks(told, now))
    differ = f" ({', '.join(times)})" if times else ""
    what = (
        f"{server} says that this router’s clock is wrong (BADTIME){differ}. "
        "It is tried again; compare the time on both."
    )
    return Verdict(Then.AGAIN, what)


def _clocks(told: int | None, now: float) -> Iterator[str]:
    for whose, seconds in (("there", told), ("here", int(now))):
        if seconds is not None and seconds < 1 << 35:  # the year 3058
            yield f"{whose} it is {datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
