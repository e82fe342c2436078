"""What `net` publishes for each packet role after it applied a revision.

Standard library only: dhcp, dns and boot read these.  JSON is the wire form; addresses are text
there and values here.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    ip_interface,
)
from typing import Any, Final

from appliance.model import announced, read
from appliance.model.announced import Ipv6Slice
from appliance.model.dns import Dns

SERVED: Final = "served"
TRIED: Final = "tried"
HELD: Final = "held"
LEFT: Final = "left"
"""Whom a network's DHCP answers: everybody; everybody, while it is on trial; while its successor is
on trial, only who holds a lease here; once that is kept, nobody: holders are sent there at their
next renewal."""


@dataclass(frozen=True, slots=True)
class FixedAddress:
    """A reservation as dhcp and dns need it."""

    mac: str
    address: IPv4Address
    name: str | None
    quirks: tuple[str, ...] = ()
    suffix: IPv6Address | None = None  # the last 64 bits of its IPv6 addresses


@dataclass(frozen=True, slots=True)
class DhcpNetwork:
    """One network on which DHCP answers."""

    name: str
    link: str  # the bridge
    address: IPv4Interface  # ours on it
    first: IPv4Address
    last: IPv4Address
    lease_seconds: int
    domain: str
    netboot: bool
    answer_beside_others: bool = False
    reservations: tuple[FixedAddress, ...] = ()
    options: tuple[tuple[int, bytes], ...] = ()
    vendor_classes: tuple[str, ...] = ()  # of firmware that calls itself neither PXE nor HTTP
    stage: str = SERVED  # or TRIED; HELD or LEFT beside the one that took its place on this link


@dataclass(frozen=True, slots=True)
class DnsNetwork:
    """One network on which names are answered."""

    name: str
    link: str
    address: IPv4Interface
    reservations: tuple[FixedAddress, ...] = ()
    stays: tuple[IPv4Interface | IPv6Interface, ...] = ()  # ours from before that answer
    six: tuple[IPv6Interface, ...] = ()  # ours on it, one per prefix
    filtered: bool = True  # what is blocked is blocked for its clients

    @property
    def has_six(self) -> bool:
        """Do we answer on it by IPv6?"""
        return bool(self.six) or any(one.version == 6 for one in self.stays)


@dataclass(frozen=True, slots=True)
class DnsSlice:
    """The names the dns role answers for, and where the rest goes."""

    hostname: str
    domain: str
    networks: tuple[DnsNetwork, ...]
    settings: Dns
    machines: tuple[tuple[str, str], ...] = ()  # (MAC, name) from the inventory
    reached: tuple[str, ...] = ()  # servers at home that foreign code may know the address of


@dataclass(frozen=True, slots=True)
class BootNetwork:
    """One network on which the role boot answers: machines `boots` may, or the binary cache."""

    name: str
    link: str
    address: IPv4Interface
    boots: bool = True
    cache: bool = False


@dataclass(frozen=True, slots=True)
class TimeSlice:
    """The time.  `trusted`: is the wall clock to be believed?  `floor`: Unix seconds of a time that
    is over for certain (appliance/clock.py).  `zone` is the router's."""

    servers: tuple[str, ...] = ()
    serve: bool = False
    trusted: bool = True
    floor: float = 0.0
    zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class PppoeSlice:
    """A session over `cable`; `secret` is the name of the password's file, `mac` what the cable has
    instead of its own."""

    cable: str
    user: str
    secret: str
    service: str
    mtu: int  # bytes
    mac: str | None = None

    @property
    def name(self) -> str:
        """What a session is known by; where one of these words is another, so is the session."""
        mac, service = self.mac or "", self.service.replace(" ", "_")
        return "/".join((self.cable, str(self.mtu), mac, self.secret, self.user, service))


@dataclass(frozen=True, slots=True)
class WanSlice:
    """The way out: its link, and what the provider wrote on paper; by DHCP without any of it."""

    link: str
    address: IPv4Interface | None = None
    gateway: IPv4Address | None = None
    lans: tuple[tuple[str, IPv4Network], ...] = ()  # our networks, which nobody's may overlap
    mac: str | None = None  # the provider sees this one
    pppoe: PppoeSlice | None = None


@dataclass(frozen=True, slots=True)
class KernelSlice:
    """What this kernel was found to be able to; the default is one that nobody has tried yet."""

    vlan: bool = True
    cake: bool = True
    flowtable: bool | None = None


@dataclass(frozen=True, slots=True)
class Slices:
    """One revision, cut for its readers.  `revision` is the number `net` applied."""

    revision: int
    dhcp: tuple[DhcpNetwork, ...]
    dns: DnsSlice
    boot: tuple[BootNetwork, ...]
    wan: WanSlice | None = None
    ipv6: Ipv6Slice = field(default_factory=Ipv6Slice)
    time: TimeSlice = field(default_factory=TimeSlice)
    kernel: KernelSlice = field(default_factory=KernelSlice)

    @property
    def booting(self) -> tuple[BootNetwork, ...]:
        """Where machines may boot."""
        return tuple(one for one in self.boot if one.boots)


def to_json(slices: Slices) -> dict[str, Any]:
    """The form stored in net.db, one key per role."""
    return {
        "revision": slices.revision,
        "dhcp": [plain(network) for network in slices.dhcp],
        "dns": {
            "hostname": slices.dns.hostname,
            "domain": slices.dns.domain,
            "networks": [plain(network) for network in slices.dns.networks],
            "settings": read.to_json(slices.dns.settings),
            "machines": [[mac, name] for mac, name in slices.dns.machines],
            "reached": list(slices.dns.reached),
        },
        "boot": [plain(network) for network in slices.boot],
        "wan": _wan_plain(slices.wan) if slices.wan else None,
        "ipv6": announced.to_json(slices.ipv6),
        "time": {**asdict(slices.time), "servers": list(slices.time.servers)},
        "kernel": asdict(slices.kernel),
    }


def from_json(stored: Mapping[str, Any]) -> Slices:
    """Read what `to_json` wrote.  Raises KeyError or ValueError on anything else."""
    dns = stored["dns"]
    return Slices(
        revision=int(stored["revision"]),
        dhcp=tuple(dhcp_from_json(one) for one in stored["dhcp"]),
        dns=DnsSlice(
            hostname=str(dns["hostname"]),
            domain=str(dns["domain"]),
            networks=tuple(
                DnsNetwork(
                    str(one["name"]),
                    str(one["link"]),
                    IPv4Interface(one["address"]),
                    _reservations(one["reservations"]),
                    tuple(ip_interface(text) for text in one.get("stays", ())),
                    tuple(IPv6Interface(text) for text in one.get("six", ())),
                    bool(one.get("filtered", True)),
                )
                for one in dns["networks"]
            ),
            settings=read.part(Dns, dns["settings"]),
            machines=tuple((str(mac), str(name)) for mac, name in dns.get("machines", ())),
            reached=tuple(str(one) for one in dns.get("reached", ())),
        ),
        boot=tuple(
            BootNetwork(
                str(one["name"]),
                str(one["link"]),
                IPv4Interface(one["address"]),
                bool(one.get("boots", True)),
                bool(one.get("cache", False)),
            )
            for one in stored["boot"]
        ),
        wan=_wan(stored["wan"]) if stored.get("wan") else None,
        ipv6=announced.from_json(stored["ipv6"]) if "ipv6" in stored else Ipv6Slice(),
        time=_time(stored.get("time", {})),
        kernel=KernelSlice(**stored.get("kernel", {})),
    )


def _wan_plain(wan: WanSlice) -> dict[str, Any]:
    return {
        "link": wan.link,
        "address": str(wan.address) if wan.address else None,
        "gateway": str(wan.gateway) if wan.gateway else None,
        "lans": [[name, str(network)] for name, network in wan.lans],
        "mac": wan.mac,
        "pppoe": asdict(wan.pppoe) if wan.pppoe else None,
    }


def _wan(stored: Mapping[str, Any]) -> WanSlice:
    return WanSlice(
        link=str(stored["link"]),
        address=IPv4Interface(stored["address"]) if stored["address"] else None,
        gateway=IPv4Address(stored["gateway"]) if stored["gateway"] else None,
        lans=tuple((str(name), IPv4Network(network)) for name, network in stored["lans"]),
        mac=stored.get("mac"),
        pppoe=PppoeSlice(**stored["pppoe"]) if stored.get("pppoe") else None,
    )


def dhcp_from_json(one: Mapping[str, Any]) -> DhcpNetwork:
    """Read one network as `plain` wrote it.  Raises KeyError or ValueError on anything else."""
    return DhcpNetwork(
        name=str(one["name"]),
        link=str(one["link"]),
        address=IPv4Interface(one["address"]),
        first=IPv4Address(one["first"]),
        last=IPv4Address(one["last"]),
        lease_seconds=int(one["lease_seconds"]),
        domain=str(one["domain"]),
        netboot=bool(one["netboot"]),
        answer_beside_others=bool(one["answer_beside_others"]),
        reservations=_reservations(one["reservations"]),
        options=tuple((int(code), bytes.fromhex(raw)) for code, raw in one["options"]),
        vendor_classes=tuple(str(prefix) for prefix in one.get("vendor_classes", ())),
        stage=str(one.get("stage", SERVED)),
    )


def _time(stored: Mapping[str, Any]) -> TimeSlice:
    return TimeSlice(
        tuple(str(one) for one in stored.get("servers", ())),
        bool(stored.get("serve", False)),
        bool(stored.get("trusted", True)),
        float(stored.get("floor", 0.0)),
        str(stored.get("zone", "UTC")),
    )


def _reservations(stored: list[Mapping[str, Any]]) -> tuple[FixedAddress, ...]:
    return tuple(
        FixedAddress(
            str(one["mac"]),
            IPv4Address(one["address"]),
            one["name"],
            tuple(str(quirk) for quirk in one.get("quirks", ())),
            IPv6Address(one["suffix"]) if one.get("suffix") else None,
        )
        for one in stored
    )


def plain(network: DhcpNetwork | DnsNetwork | BootNetwork) -> dict[str, Any]:
    """One network, ready for json.dumps."""
    found: dict[str, Any] = {}
    for name in network.__dataclass_fields__:
        value = getattr(network, name)
        if name == "reservations":
            found[name] = [
                {
                    "mac": one.mac,
                    "address": str(one.address),
                    "name": one.name,
                    "quirks": list(one.quirks),
                    "suffix": str(one.suffix) if one.suffix else None,
                }
                for one in value
            ]
        elif name == "options":
            found[name] = [[code, raw.hex()] for code, raw in value]
        elif isinstance(value, tuple):
            found[name] = [str(one) for one in value]
        elif isinstance(value, bool | int):
            found[name] = value
        else:
            found[name] = str(value)
    return found
