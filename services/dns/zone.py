"""The names that are ours: machines, reservations and leases, forwards and backwards.

Who wins a name: the router, then a reservation, then a machine of the inventory, then what a
client calls itself.  A client cannot take a name that somebody has, nor one that redirects others
(CERT VU#598349).  Private reverse zones and special names are answered here and go nowhere
(RFC 6303, RFC 6761, RFC 6762).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network

import dnslib

from appliance.model.names import MACHINE_NAME
from appliance.model.slices import DnsNetwork, DnsSlice
from appliance.store.leases import LeaseRow
from services.dns.wire import (
    AA,
    AAAA,
    HEADER,
    NOERROR,
    NS,
    NXDOMAIN,
    PTR,
    SOA,
    A,
    Query,
    question_end,
)

LOCAL_SECONDS = 60
NEGATIVE_SECONDS = 1
"""A machine that has just come up is found a second later, also by who asked too early."""

UNTAKEABLE = frozenset({"localhost", "wpad", "isatap", "local", "invalid", "test", "onion"})
SPECIAL = ("local", "invalid", "test", "onion", "home.arpa", "localhost")
"""Domains that are never asked of anybody else."""
LOOPBACK = IPv4Address("127.0.0.1")
PRIVATE = tuple(
    map(
        IPv4Network,
        (
            "10.0.0.0/8",
            "172.16.0.0/12",
            "192.168.0.0/16",
            "100.64.0.0/10",
            "169.254.0.0/16",
            "127.0.0.0/8",
            "0.0.0.0/8",
            "255.255.255.255/32",
        ),
    )
)
"""Reverse zones that stay at home (RFC 6303 §4, RFC 7793)."""


@dataclass(frozen=True, slots=True)
class Names:
    """Single labels to addresses, and addresses to single labels."""

    forward: Mapping[str, tuple[IPv4Address, ...]]
    reverse: Mapping[IPv4Address, str]


@dataclass(frozen=True, slots=True)
class Local:
    """An answer of our own: header bits, record counts, and the bytes after the question."""

    flags: int
    counts: tuple[int, int, int]
    records: bytes


def names(slice_: DnsSlice, leases: Iterable[LeaseRow]) -> Names:
    """Give every name to whom it belongs; `leases` are the bound ones.

    Several leases with one name: the same machine's operating system wins over its boot stages;
    between machines the lowest address keeps it.
    """
    forward: dict[str, tuple[IPv4Address, ...]] = {
        slice_.hostname: tuple(network.address.ip for network in slice_.networks)
    }
    ours = (one for network in slice_.networks for one in (network.address, *network.stays))
    reverse = {one.ip: slice_.hostname for one in ours}
    for network in slice_.networks:
        for one in network.reservations:
            if one.name and one.name not in forward:
                forward[one.name] = (one.address,)
                reverse[one.address] = one.name
    held = sorted(leases, key=lambda lease: (lease.stage != "os", lease.address))
    machines = dict(slice_.machines)
    for own, label in ((True, machines.get), (False, None)):
        for lease in held:
            name = label(lease.mac) if own and label else lease.hostname.lower()
            if name and _may_have(name) and name not in forward and lease.address not in reverse:
                forward[name] = (lease.address,)
                reverse[lease.address] = name
    return Names(forward, reverse)


def _may_have(name: str) -> bool:
    return name not in UNTAKEABLE and MACHINE_NAME.fullmatch(name) is not None


class Zone:
    """Everything of ours at one moment; made anew when leases or the slice change."""

    def __init__(self, slice_: DnsSlice, found: Names) -> None:
        self.names = found
        self._networks = {network.name: network for network in slice_.networks}
        self._domain = slice_.domain
        self._router = f"{slice_.hostname}.{slice_.domain}."
        self._hostname = slice_.hostname
        homes = (slice_.domain, "in-addr.arpa", *SPECIAL)
        self._ends = tuple(map(_wire, homes))  # most names are nobody's here: see that in bytes

    def answer(self, query: Query, network: str) -> Local | None:
        """Our answer for a client on `network`; None when the name is not ours."""
        if query.name[0] + 2 != len(query.name) and not query.name.endswith(self._ends):
            return None
        labels = _labels(query.name)
        text = ".".join(labels)
        if len(labels) > 2 and labels[-2:] == ["in-addr", "arpa"]:
            return self._reverse(query, labels[:-2])
        if text == self._domain:
            return self._apex(query)
        if text.endswith(f".{self._domain}"):
            return self._host(query, text[: -len(self._domain) - 1], network, self._domain)
        if special := next((one for one in SPECIAL if _below(text, one)), None):
            return self._special(query, special)
        if len(labels) == 1 and (text in self.names.forward or query.type in (A, AAAA)):
            return self._host(query, text, network, text)
        return None

    def _host(self, query: Query, label: str, network: str, zone: str) -> Local:
        addresses = self.names.forward.get(label)
        if addresses is None:
            return self._nothing(query, zone, NXDOMAIN)
        if query.type != A:
            return self._nothing(query, zone, NOERROR)
        own = self._networks.get(network)
        if own and label == self._hostname:  # the side that the client is on comes first
            addresses = tuple(sorted(addresses, key=lambda one: one != own.address.ip))
        return self._records(query, [(A, dnslib.A(str(one))) for one in addresses])

    def _apex(self, query: Query) -> Local:
        if query.type == SOA:
            return self._records(query, [(SOA, self._authority())])
        if query.type == NS:
            return self._records(query, [(NS, dnslib.NS(self._router))])
        return self._nothing(query, self._domain, NOERROR)

    def _special(self, query: Query, zone: str) -> Local:
        if zone == "localhost" and query.type == A:
            return self._records(query, [(A, dnslib.A(str(LOOPBACK)))])
        return self._nothing(query, zone, NOERROR if zone == "localhost" else NXDOMAIN)

    def _reverse(self, query: Query, labels: list[str]) -> Local | None:
        """Answer below in-addr.arpa when the address is ours or private."""
        octets = _octets(labels)
        if octets is None:
            return None
        network = IPv4Network((int.from_bytes(bytes(octets).ljust(4, b"\0")), 8 * len(octets)))
        home = (*PRIVATE, *(one.address.network for one in self._networks.values()))
        zone = next((one for one in home if network.subnet_of(one)), None)
        if zone is None:
            return None
        name = self.names.reverse.get(network.network_address) if len(octets) == 4 else None
        if name is None:
            return self._nothing(query, _reverse_zone(zone), NXDOMAIN)
        if query.type != PTR:
            return self._nothing(query, _reverse_zone(zone), NOERROR)
        return self._records(query, [(PTR, dnslib.PTR(f"{name}.{self._domain}."))])

    def _records(self, query: Query, found: list[tuple[int, object]]) -> Local:
        message = _message(query)
        for kind, data in found:
            message.add_answer(dnslib.RR(message.q.qname, kind, rdata=data, ttl=LOCAL_SECONDS))
        return _cut(message, NOERROR)

    def _nothing(self, query: Query, zone: str, code: int) -> Local:
        message = _message(query)
        message.add_auth(dnslib.RR(f"{zone}.", SOA, rdata=self._authority(), ttl=NEGATIVE_SECONDS))
        return _cut(message, code)

    def _authority(self) -> dnslib.SOA:
        times = (1, 3600, 600, 86_400, NEGATIVE_SECONDS)  # serial, refresh, retry, expire, minimum
        return dnslib.SOA(self._router, f"hostmaster.{self._domain}.", times)


def _message(query: Query) -> dnslib.DNSRecord:
    label = dnslib.DNSLabel(tuple(one.encode("latin-1") for one in _labels(query.name)))
    return dnslib.DNSRecord(dnslib.DNSHeader(qr=1), q=dnslib.DNSQuestion(label, query.type))


def _cut(message: dnslib.DNSRecord, code: int) -> Local:
    """The records of a packed message: their pointers aim at a question of the same length."""
    packed = bytes(message.pack())
    _, _, _, answers, authorities, additional = HEADER.unpack_from(packed)
    records = packed[question_end(packed) :]
    return Local(AA | code, (answers, authorities, additional), records)


def _labels(name: bytes) -> list[str]:
    """The labels of a name in wire form, without the root; any byte is one character."""
    found = []
    at = 0
    while size := name[at]:
        found.append(name[at + 1 : at + 1 + size].decode("latin-1"))
        at += size + 1
    return found


def _wire(name: str) -> bytes:
    """A name in wire form.

    >>> _wire("a.lan")
    b'\\x01a\\x03lan\\x00'
    """
    labels = name.encode().split(b".")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _below(text: str, zone: str) -> bool:
    return text == zone or text.endswith(f".{zone}")


def _octets(labels: list[str]) -> list[int] | None:
    """The address, or the beginning of one, that reversed labels name; None when they do not."""
    if len(labels) > 4 or not all(one.isascii() and one.isdigit() for one in labels):
        return None
    octets = [int(one) for one in reversed(labels) if len(one) <= 3]
    return octets if len(octets) == len(labels) and max(octets) < 256 else None


def _reverse_zone(network: IPv4Network) -> str:
    """The zone of a network, at the octet boundary above it.

    >>> _reverse_zone(IPv4Network("10.77.0.0/23"))
    '77.10.in-addr.arpa'
    """
    octets = str(network.network_address).split(".")[: max(1, network.prefixlen // 8)]
    return ".".join((*reversed(octets), "in-addr", "arpa"))


def network_of(slice_: DnsSlice, link: str) -> DnsNetwork | None:
    """The network behind a link."""
    return next((one for one in slice_.networks if one.link == link), None)
