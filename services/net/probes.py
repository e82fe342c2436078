"""The router's own checks of a change on trial: what is asked, and what an answer is worth.

A check that fails undoes nothing by itself: the owner sees it beside the button.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from ipaddress import IPv4Address

from appliance.model.config import RouterConfig

ADMIN_PORT, NAMES_PORT = 443, 53


class Kind(Enum):
    """What is asked; the door has a way for each."""

    GATEWAY = "does the gateway of the default route answer ARP"
    NAME = "is a name of ours answered at an address of ours"
    WORLD = "is the root of all names answered"
    OFFER = "would a stranger be offered an address"
    ADMIN = "does the admin take a connection at an address of ours"


@dataclass(frozen=True, slots=True)
class Probe:
    """One question.  `link` and `address` say where, `question` which name."""

    name: str
    kind: Kind
    link: str
    network: str = ""
    address: IPv4Address | None = None
    question: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """An answer; `ok` is None while it is not known."""

    ok: bool | None
    figure: str


def probes(config: RouterConfig) -> tuple[Probe, ...]:
    """What is asked while a located config is on trial."""
    return (*_outside(config), *_inside(config))


def _outside(config: RouterConfig) -> Iterator[Probe]:
    if config.wan is None:
        return
    yield Probe("Internet", Kind.GATEWAY, config.wan.link)
    for network in config.networks[:1]:
        name, address = network.name, network.address.ip
        yield Probe("Names of the internet", Kind.WORLD, network.bridge, name, address)


def _inside(config: RouterConfig) -> Iterator[Probe]:
    own = f"{config.hostname}.{config.domain}"
    for network in config.networks:
        link, name, address = network.bridge, network.name, network.address.ip
        yield Probe(f"Names on {name}", Kind.NAME, link, name, address, own)
        if network.dhcp:
            yield Probe(f"{name} hands out addresses", Kind.OFFER, link, name, address)
        yield Probe(f"The admin at {address}", Kind.ADMIN, link, name, address)


def took(seconds: float) -> Found:
    """It answered after so long.

    >>> took(0.0042), took(0.0001)
    (Found(ok=True, figure='4 ms'), Found(ok=True, figure='under 1 ms'))
    """
    whole = round(seconds * 1000)
    return Found(ok=True, figure=f"{whole} ms" if whole else "under 1 ms")


def gateway(routes: str, link: str) -> IPv4Address | None:
    """The gateway of the default route through `link`, by /proc/net/route; None without one.

    >>> gateway("Iface Destination Gateway\\nup0 00000000 010200C0 0003\\n", "up0")
    IPv4Address('192.0.2.1')
    """
    for line in routes.splitlines()[1:]:
        name, destination, hop, *_ = line.split()
        if (name, destination) == (link, "00000000") and hop != "00000000":
            return IPv4Address(bytes.fromhex(hop)[::-1])
    return None


def is_neighbour(table: str, address: IPv4Address, link: str) -> bool:
    """Does /proc/net/arp know who has `address`?

    >>> row = "192.0.2.1 0x1 0x2 52:54:00:00:00:01 * up0"
    >>> is_neighbour(f"IP HW Flags MAC Mask Device\\n{row}\\n", IPv4Address("192.0.2.1"), "up0")
    True
    """
    rows = (line.split() for line in table.splitlines()[1:])
    complete = 0x2  # ATF_COM, if_arp.h
    return any(
        (row[0], row[-1]) == (str(address), link) and int(row[2], 16) & complete for row in rows
    )


def name_query(name: str, kind: int, ident: int) -> bytes:
    """A DNS question; "" is the root.

    >>> name_query("", 2, 1).hex()
    '0001010000010000000000000000020001'
    """
    labels = [one.encode() for one in name.split(".") if one]
    wire = b"".join(bytes((len(one),)) + one for one in labels) + b"\0"
    head = ident.to_bytes(2, "big") + bytes((1, 0, 0, 1, 0, 0, 0, 0, 0, 0))
    return head + wire + kind.to_bytes(2, "big") + b"\0\1"


def name_answer(query: bytes, reply: bytes, seconds: float) -> Found:
    """What a reply to it is worth (RFC 1035 §4.1.1)."""
    if reply[:2] != query[:2] or len(reply) < 12:
        return Found(ok=False, figure="another answer")
    code, answers = reply[3] & 0x0F, int.from_bytes(reply[6:8], "big")
    if code:
        return Found(ok=False, figure=REFUSALS.get(code, f"refused with code {code}"))
    return took(seconds) if answers else Found(ok=False, figure="an empty answer")


def world_answer(query: bytes, reply: bytes, seconds: float) -> Found:
    """The same of the root of all names: a name server that will not tell it may know all others.

    Only when nobody could answer it is known that names do not work.
    """
    found = name_answer(query, reply, seconds)
    answered = reply[:2] == query[:2] and len(reply) >= 12 and reply[3] & 0x0F != NOBODY_COULD
    return Found(ok=None, figure=found.figure) if answered and not found.ok else found


NOBODY_COULD = 2  # SERVFAIL
REFUSALS = {2: "nobody could answer", 3: "no such name", 5: "refused"}
