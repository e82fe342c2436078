"""The names that are ours: own records, machines, reservations and leases, forwards and backwards.

Who wins a name: the router, then the owner's records, then a reservation, then a machine of the
inventory, then what a client calls itself.  A client cannot take a name that somebody has, nor one
that redirects others (CERT VU#598349).  Private reverse zones and special names are answered here
and go nowhere (RFC 6303, RFC 6761, RFC 6762, RFC 9462), unless the owner forwards them.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

import dnslib

from appliance.model.dns import Record, full_name
from appliance.model.ipv6 import joined
from appliance.model.names import MACHINE_NAME
from appliance.model.slices import DnsNetwork, DnsSlice, FixedAddress
from appliance.store.leases import LeaseRow
from appliance.store.verified import Pair
from services.dns.labels import name_in_bytes, parts, suffixes
from services.dns.records import Stored, alias, rdata
from services.dns.wire import (
    AA,
    AAAA,
    CNAME,
    DNSKEY,
    DS,
    HEADER,
    NOERROR,
    NS,
    NXDOMAIN,
    PTR,
    SERVFAIL,
    SOA,
    A,
    Query,
    question_end,
)

Address = IPv4Address | IPv6Address
Subnet = IPv4Network | IPv6Network

LOCAL_SECONDS = 60
NEGATIVE_SECONDS = 1
"""A machine that has just come up is found a second later, also by who asked too early."""
LONGEST_CHAIN = 8
"""Aliases of aliases; a longer chain is a circle."""

UNTAKEABLE = frozenset({"localhost", "wpad", "isatap", "local", "invalid", "test", "onion"})
SPECIAL = (
    "local",
    "invalid",
    "test",
    "onion",
    "internal",
    "home.arpa",
    "localhost",
    "resolver.arpa",  # RFC 9462 §4: nobody else may say that this router speaks TLS
    "use-application-dns.net",  # Mozilla's canary: browsers ask us, not somebody over HTTPS
)
"""Domains that are never asked of anybody else."""
OF_THE_ROOT = frozenset({NS, SOA, DS, DNSKEY})
"""Types by which a single label is a domain of the internet and not a machine."""
LOOPBACK: Mapping[int, str] = {A: "127.0.0.1", AAAA: "::1"}
HOSTS: Mapping[int, tuple[int, type[dnslib.RD]]] = {A: (4, dnslib.A), AAAA: (6, dnslib.AAAA)}
"""What is asked for an address of which IP version."""
PRIVATE: tuple[Subnet, ...] = (
    *map(
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
    ),
    *map(IPv6Network, ("::/127", "fc00::/7", "fe80::/10", "2001:db8::/32")),
)
"""Reverse zones that stay at home (RFC 6303 §4, RFC 7793)."""


@dataclass(frozen=True, slots=True)
class Names:
    """Single labels to addresses, and addresses to whole names."""

    forward: Mapping[str, tuple[Address, ...]]
    reverse: Mapping[Address, str]


@dataclass(frozen=True, slots=True)
class Local:
    """An answer of our own: header bits, record counts, and the bytes after the question."""

    flags: int
    counts: tuple[int, int, int]
    records: bytes


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """A name of ours that is another name for one of the internet: `target`, in wire form."""

    chain: tuple[Stored, ...]
    target: bytes


@dataclass(frozen=True, slots=True)
class Found:
    """What a name of ours has of the type that was asked for; the zone is whose SOA says no."""

    records: tuple[Stored, ...]
    zone: str
    code: int = NOERROR


def names(slice_: DnsSlice, leases: Iterable[LeaseRow], answered: Collection[Pair] = ()) -> Names:
    """Give every name to whom it belongs; `leases` are the bound ones, `answered` the IPv6
    addresses that devices made of their MACs, and that they answer at.

    Several leases with one name: the same machine's operating system wins over its boot stages;
    between machines the lowest address keeps it.
    """
    domain = slice_.domain
    taken = {full_name(one.name, domain) for one in slice_.settings.records}
    forward: dict[str, tuple[Address, ...]] = {
        slice_.hostname: tuple(one for network in slice_.networks for one in _ours(network))
    }
    stays = (one.ip for network in slice_.networks for one in network.stays)
    reverse: dict[Address, str] = dict.fromkeys(
        (*forward[slice_.hostname], *stays), slice_.hostname
    )
    for network in slice_.networks:
        for one in network.reservations:
            if one.name and one.name not in forward and f"{one.name}.{domain}" not in taken:
                six = (*_suffixed(network, one), *_made(network, one.mac, answered))
                forward[one.name] = (one.address, *dict.fromkeys(six))
                reverse |= dict.fromkeys(forward[one.name], one.name)
    fixed = frozenset(reverse)
    held = sorted(leases, key=lambda lease: (lease.stage != "os", lease.address))
    machines = dict(slice_.machines)
    for own, label in ((True, machines.get), (False, None)):
        for lease in held:
            name = label(lease.mac) if own and label else lease.hostname.lower()
            if not name or not _may_have(name) or f"{name}.{domain}" in taken:
                continue
            if name not in forward and lease.address not in reverse:
                home = network_called(slice_, lease.network)
                forward[name] = (lease.address, *_made(home, lease.mac, answered))
                reverse |= {one: name for one in forward[name] if one not in reverse}
    whole = {address: f"{name}.{domain}" for address, name in reverse.items()}
    said = dict(reversed(list(_backwards(slice_.settings.records, domain))))
    return Names(forward, {**whole, **{at: name for at, name in said.items() if at not in fixed}})


def _ours(network: DnsNetwork) -> tuple[Address, ...]:
    """The router's addresses on a network."""
    return (network.address.ip, *(one.ip for one in network.six))


def _suffixed(network: DnsNetwork, device: FixedAddress) -> tuple[Address, ...]:
    """A device's addresses by its suffix, one in each prefix of its network."""
    if device.suffix is None:
        return ()
    return tuple(joined(one.network, device.suffix) for one in network.six)


def _made(
    network: DnsNetwork | None, mac: str, answered: Collection[Pair]
) -> tuple[IPv6Address, ...]:
    """A device's addresses that it made of its MAC, in the prefixes of its network."""
    prefixes = [one.network for one in network.six] if network else []
    mine = (address for owner, address in answered if owner == mac)
    return tuple(sorted(one for one in mine if any(one in prefix for prefix in prefixes)))


def network_called(slice_: DnsSlice, name: str) -> DnsNetwork | None:
    """The network of that name."""
    return next((one for one in slice_.networks if one.name == name), None)


def _may_have(name: str) -> bool:
    return name not in UNTAKEABLE and MACHINE_NAME.fullmatch(name) is not None


def _backwards(records: Iterable[Record], domain: str) -> Iterator[tuple[Address, str]]:
    """The addresses of the owner's records with their names."""
    kinds: Mapping[str, type[IPv4Address] | type[IPv6Address]] = {
        "A": IPv4Address,
        "AAAA": IPv6Address,
    }
    for one in records:
        if one.kind in kinds:
            yield kinds[one.kind](one.value), full_name(one.name, domain)


class Zone:
    """Everything of ours at one moment; made anew when leases or the slice change."""

    def __init__(self, slice_: DnsSlice, found: Names) -> None:
        self.names = found
        self._networks = {network.name: network for network in slice_.networks}
        self._domain = slice_.domain
        self._router = f"{slice_.hostname}.{slice_.domain}."
        self._hostname = slice_.hostname
        self._own: dict[bytes, list[Stored]] = {}
        for one in slice_.settings.records:
            name = full_name(one.name, slice_.domain)
            stored = Stored(name, *rdata(one), one.seconds)
            self._own.setdefault(name_in_bytes(name), []).append(stored)
        homes = (slice_.domain, "in-addr.arpa", "ip6.arpa", *SPECIAL)
        self._ends = tuple(map(name_in_bytes, homes))
        self._forwarded = frozenset(
            name_in_bytes(one.domain) for one in slice_.settings.forwardings
        )

    def answer(self, query: Query, network: str) -> Local | Elsewhere | None:
        """Our answer for a client on `network`; None when the name is not ours."""
        name = query.name
        # most names are nobody's here, and have more than one label
        if name not in self._own and name[0] + 2 != len(name) and not name.endswith(self._ends):
            return None
        chain: list[Stored] = []
        while name in self._own and (other := self._other_name(name, query.type)) is not None:
            chain.append(other)
            if len(chain) > LONGEST_CHAIN:
                return self._local(query, [], Found((), self._domain, SERVFAIL))
            name = name_in_bytes(alias(other))
        found = self._found(name, query.type, network)
        if found is not None:
            return self._local(query, chain, found)
        return Elsewhere(tuple(chain), name) if chain else None

    def _other_name(self, name: bytes, kind: int) -> Stored | None:
        """The CNAME that the owner gave to `name`, unless that is what was asked for."""
        if kind == CNAME:
            return None
        return next((one for one in self._own.get(name, ()) if one.kind == CNAME), None)

    def _found(self, name: bytes, kind: int, network: str) -> Found | None:
        if (own := self._own.get(name)) is not None:
            return Found(tuple(one for one in own if one.kind == kind), self._zone_of(own[0].name))
        found = self._at_home(_labels(name), kind, network)
        if (
            found
            and found.code == NXDOMAIN
            and any(map(self._forwarded.__contains__, suffixes(name)))
        ):
            return None
        return found

    def _at_home(self, labels: list[str], kind: int, network: str) -> Found | None:
        text = ".".join(labels)
        if text == self._domain:
            return self._apex(kind)
        if text.endswith(f".{self._domain}"):
            return self._host(text[: -len(self._domain) - 1], kind, network, self._domain)
        if labels[-2:] in (["in-addr", "arpa"], ["ip6", "arpa"]):
            return self._backwards(labels, kind)
        if special := next((one for one in SPECIAL if _below(text, one)), None):
            return _special(kind, special)
        if len(labels) == 1 and (text in self.names.forward or kind not in OF_THE_ROOT):
            return self._host(text, kind, network, text)
        return None

    def _host(self, label: str, kind: int, network: str, zone: str) -> Found:
        addresses = self.names.forward.get(label)
        if addresses is None:
            return Found((), zone, NXDOMAIN)
        if kind not in HOSTS:
            return Found((), zone)
        version, data = HOSTS[kind]
        own = self._networks.get(network)
        if own and label == self._hostname:  # the side that the client is on comes first
            near = _ours(own)
            addresses = tuple(sorted(addresses, key=lambda one: one not in near))
        name = label if zone == label else f"{label}.{zone}"
        fit = [one for one in addresses if one.version == version]
        return Found(tuple(Stored(name, kind, data(str(one)), LOCAL_SECONDS) for one in fit), zone)

    def _apex(self, kind: int) -> Found:
        data = {SOA: self._authority(), NS: dnslib.NS(self._router)}
        if kind not in data:
            return Found((), self._domain)
        return Found((Stored(self._domain, kind, data[kind], LOCAL_SECONDS),), self._domain)

    def _backwards(self, labels: list[str], kind: int) -> Found | None:
        """Answer below in-addr.arpa or ip6.arpa when the address is ours or private."""
        network = _subnet(labels)
        if network is None:
            return None
        home: tuple[Subnet, ...] = (
            *PRIVATE,
            *(one.address.network for one in self._networks.values()),
            *(it.network for one in self._networks.values() for it in one.six),
        )
        zone = next((one for one in home if _inside(network, one)), None)
        whole = network.prefixlen == network.max_prefixlen
        name = self.names.reverse.get(network.network_address) if whole else None
        if name is None:
            return Found((), _reverse_zone(zone), NXDOMAIN) if zone else None
        text = ".".join(labels)
        if kind != PTR:
            return Found((), _reverse_zone(zone) if zone else text)
        return Found((Stored(text, PTR, dnslib.PTR(f"{name}."), LOCAL_SECONDS),), text)

    def _zone_of(self, name: str) -> str:
        return self._domain if _below(name, self._domain) else name

    def _local(self, query: Query, chain: list[Stored], found: Found) -> Local:
        label = dnslib.DNSLabel(parts(query.name))
        question = dnslib.DNSQuestion(label, query.type)
        message = dnslib.DNSRecord(dnslib.DNSHeader(qr=1), q=question)
        for one in (*chain, *found.records):
            message.add_answer(one.in_message())
        if not found.records and found.code in (NOERROR, NXDOMAIN):
            soa = dnslib.RR(f"{found.zone}.", SOA, rdata=self._authority(), ttl=NEGATIVE_SECONDS)
            message.add_auth(soa)
        return _cut(message, found.code)

    def _authority(self) -> dnslib.SOA:
        times = (1, 3600, 600, 86_400, NEGATIVE_SECONDS)  # serial, refresh, retry, expire, minimum
        return dnslib.SOA(self._router, f"hostmaster.{self._domain}.", times)


def _special(kind: int, zone: str) -> Found:
    if zone != "localhost":
        return Found((), zone, NXDOMAIN)
    if kind not in HOSTS:
        return Found((), zone)
    _, data = HOSTS[kind]
    return Found((Stored(zone, kind, data(LOOPBACK[kind]), LOCAL_SECONDS),), zone)


def _cut(message: dnslib.DNSRecord, code: int) -> Local:
    """The records of a packed message: their pointers aim at a question of the same length."""
    packed = bytes(message.pack())
    _, _, _, answers, authorities, additional = HEADER.unpack_from(packed)
    records = packed[question_end(packed) :]
    return Local(AA | code, (answers, authorities, additional), records)


def _labels(name: bytes) -> list[str]:
    """The labels of a name in wire form; any byte is one character."""
    return [one.decode("latin-1") for one in parts(name)]


def _below(text: str, zone: str) -> bool:
    return text == zone or text.endswith(f".{zone}")


def _inside(network: Subnet, outer: Subnet) -> bool:
    if isinstance(network, IPv4Network) and isinstance(outer, IPv4Network):
        return network.subnet_of(outer)
    if isinstance(network, IPv6Network) and isinstance(outer, IPv6Network):
        return network.subnet_of(outer)
    return False


def _subnet(labels: list[str]) -> Subnet | None:
    """The address, or the beginning of one, that labels below arpa name; None when they do not.

    >>> _subnet(["77", "10", "in-addr", "arpa"]), _subnet(["d", "f", "ip6", "arpa"])
    (IPv4Network('10.77.0.0/16'), IPv6Network('fd00::/8'))
    """
    parts = list(reversed(labels[:-2]))
    if labels[-2] == "ip6":
        if not 0 < len(parts) <= 32 or not all(one in _NIBBLES for one in parts):
            return None
        return IPv6Network((int("".join(parts).ljust(32, "0"), 16), 4 * len(parts)))
    if not 0 < len(parts) <= 4 or not all(one in _OCTETS for one in parts):
        return None
    return IPv4Network((int.from_bytes(bytes(map(int, parts)).ljust(4, b"\0")), 8 * len(parts)))


_OCTETS = frozenset(map(str, range(256)))
_NIBBLES = frozenset("0123456789abcdef")


def _reverse_zone(network: Subnet) -> str:
    """The zone of a network, at the label above it.

    >>> _reverse_zone(IPv4Network("10.77.0.0/23")), _reverse_zone(IPv6Network("fd00::/8"))
    ('77.10.in-addr.arpa', 'd.f.ip6.arpa')
    """
    if isinstance(network, IPv6Network):
        nibbles = network.network_address.exploded.replace(":", "")
        return ".".join((*reversed(nibbles[: max(1, network.prefixlen // 4)]), "ip6", "arpa"))
    octets = str(network.network_address).split(".")[: max(1, network.prefixlen // 8)]
    return ".".join((*reversed(octets), "in-addr", "arpa"))


def network_of(slice_: DnsSlice, link: str) -> DnsNetwork | None:
    """The network behind a link."""
    return next((one for one in slice_.networks if one.link == link), None)
