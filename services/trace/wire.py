"""What the kernel tells of a marked packet, and the names of its rules.

Layouts: linux/netfilter/nf_tables.h; numbers in attributes are in network order.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from services.netlink.wire import FAMILY_BYTES, asked, attributes

GET_RULE, NEW_RULE, GENERATION, TRACE = (10 << 8 | one for one in (7, 6, 15, 17))  # NFT_MSG_*
GROUPS = 1 << 6 | 1 << 8  # NFNLGRP_NFTABLES, which tells of each new ruleset, and NFNLGRP_NFTRACE
RULE_TABLE, RULE_HANDLE, RULE_WORDS = 1, 3, 7  # NFTA_RULE_*
TABLE, CHAIN, HANDLE, TYPE, VERDICT, ID = 1, 2, 3, 4, 5, 6  # NFTA_TRACE_*
NETWORK, TRANSPORT, POLICY = 8, 9, 16
CODE = 1  # NFTA_VERDICT_CODE
COMMENT = 0  # NFTNL_UDATA_RULE_COMMENT, of libnftnl
BY_POLICY, BY_RULE = 1, 3  # NFT_TRACETYPE_*
DROP, ACCEPT, JUMP, GOTO = 0, 1, -3, -4  # NF_*, NFT_*
FAMILIES: Mapping[int, str] = {1: "inet", 2: "ip", 5: "netdev", 6: "arp", 7: "bridge", 10: "ip6"}

SENDERS_OWN: Mapping[int, slice] = {6: slice(4, 16), 17: slice(4, 6)}
"""What the sender of tcp and udp wrote, between the ports and the checksum."""
ELSE = slice(4, 8)  # of an echo its identifier and its number

Address = IPv4Address | IPv6Address
Key = tuple[str, str, int]
"""A rule's family, table and handle: within one table no handle is ever given twice."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that became of a packet.  `verdict` is DROP, ACCEPT, JUMP, GOTO or another.

    `packet` is the kernel's number of it: the next one may have the same, and one may have several
    on its way.  The first step in each chain has the packet's headers: its ends, the sender's
    `port`, and `print`, what is the same of one packet whomever it is sent on to; others have none.
    """

    packet: int
    family: str
    table: str
    chain: str
    handle: int
    by: int  # BY_POLICY, BY_RULE or another
    verdict: int
    source: Address | None
    destination: Address | None
    port: int | None
    print: bytes

    @property
    def rule(self) -> Key:
        """Whose rule it is."""
        return self.family, self.table, self.handle


def rules_asked() -> bytes:
    """The question for every rule of every table."""
    return asked(GET_RULE, bytes(FAMILY_BYTES))


def rule(body: bytes | memoryview) -> tuple[Key, str]:
    """A rule and its comment, "" for none."""
    told = dict(attributes(body, FAMILY_BYTES))
    key = _family(body), _text(told, RULE_TABLE), int.from_bytes(told.get(RULE_HANDLE, b""))
    words, at = told.get(RULE_WORDS, b""), 0
    while at + 2 <= len(words):
        kind, length = words[at : at + 2]
        if kind == COMMENT:
            return key, words[at + 2 : at + 2 + length].rstrip(b"\0").decode(errors="replace")
        at += 2 + length
    return key, ""


def step(body: bytes | memoryview) -> Step | None:
    """One step; None when it says nothing of whose or where it is."""
    told = dict(attributes(body, FAMILY_BYTES))
    if not {ID, TABLE, CHAIN, TYPE} <= told.keys():
        return None
    by = int.from_bytes(told[TYPE])
    code = told.get(POLICY) if by == BY_POLICY else _code(told.get(VERDICT, b""))
    network, transport = told.get(NETWORK, b""), told.get(TRANSPORT, b"")
    source, destination, protocol = _network(network)
    own = SENDERS_OWN.get(protocol)
    return Step(
        packet=int.from_bytes(told[ID]),
        family=_family(body),
        table=_text(told, TABLE),
        chain=_text(told, CHAIN),
        handle=int.from_bytes(told.get(HANDLE, b"")),
        by=by,
        verdict=int.from_bytes(code, signed=True) if code else ACCEPT,
        source=source,
        destination=destination,
        port=int.from_bytes(transport[:2]) if own and len(transport) >= 4 else None,
        print=_print(source, network, transport[:2] + transport[own or ELSE]),
    )


def _family(body: bytes | memoryview) -> str:
    return FAMILIES.get(body[0], str(body[0])) if body else ""


def _text(told: Mapping[int, bytes], kind: int) -> str:
    return told.get(kind, b"").rstrip(b"\0").decode(errors="replace")


def _code(verdict: bytes) -> bytes:
    return dict(attributes(verdict)).get(CODE, b"")


def _network(header: bytes) -> tuple[Address | None, Address | None, int]:
    """Sender, receiver and protocol (RFC 791 §3.1, RFC 8200 §3)."""
    if len(header) >= 20 and header[0] >> 4 == 4:
        return IPv4Address(header[12:16]), IPv4Address(header[16:20]), header[9]
    if len(header) >= 40 and header[0] >> 4 == 6:
        return IPv6Address(header[8:24]), IPv6Address(header[24:40]), header[6]
    return None, None, 0


def _print(source: Address | None, network: bytes, own: bytes) -> bytes:
    if source is None:
        return b""
    identification = network[4:6] if source.version == 4 else b""
    return source.packed + identification + own
