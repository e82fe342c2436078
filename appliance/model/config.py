"""RouterConfig: everything that can lock the owner out, plus names and reservations.

Read from JSON once, at the border (`read.py`, or pydantic in web); frozen from then on.  Standard
library only: `net` reads it too.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Network
from typing import Annotated, Final

from appliance.model.dns import Dns
from appliance.model.firewall import LAN, ZONES, Forward, Rule, StaticRoute, Zone, ZoneName
from appliance.model.ipv6 import Ipv6, is_suffix
from appliance.model.lan_cache import BY_ZONE, LanCache, serves
from appliance.model.limits import STRICT, Between, Matches
from appliance.model.newcomers import TELL, Newcomers
from appliance.model.time import Time
from appliance.model.vlan import Tagged
from appliance.model.wan import Wan
from appliance.model.words import LinkName, Mac, MachineName, NetworkName, Port, VendorClass

SCHEMA = 2
LONGEST_LEASE_SECONDS: Final = 2_592_000
PLAIN: Final = "plain"
UNICAST: Final = "unicast"
LATE: Final = "late"
QUIRKS: Mapping[str, str] = {
    PLAIN: "its PXE firmware is not told that we are a PXE server",  # neither option 60 nor 43
    UNICAST: "its firmware is answered by unicast",  # whatever its broadcast flag says
    LATE: "its firmware is answered after two seconds",  # a ROM or a switch that loses early offers
}
"""What the owner may say of firmware that cannot be told apart by its packets."""

Quirk = Annotated[str, Matches("|".join(QUIRKS), "plain, unicast or late")]


@dataclass(frozen=True, slots=True)
class Pool:
    """Addresses handed out on one network; both ends included."""

    __pydantic_config__ = STRICT

    first: IPv4Address
    last: IPv4Address
    lease_seconds: Annotated[int, Between(60, LONGEST_LEASE_SECONDS)] = 43_200

    def __post_init__(self) -> None:
        if self.first > self.last:
            raise ValueError(f"the pool starts at {self.first}, after its end {self.last}")


@dataclass(frozen=True, slots=True)
class Reservation:
    """A fixed address and name for one device."""

    __pydantic_config__ = STRICT

    mac: Mac
    address: IPv4Address
    name: MachineName | None = None
    quirks: tuple[Quirk, ...] = ()
    suffix: IPv6Address | None = None  # the last 64 bits of its IPv6 address, like ::42

    def __post_init__(self) -> None:
        if self.suffix is not None and not is_suffix(self.suffix):
            raise ValueError(f"{self.suffix} is not the end of an IPv6 address; write it like ::42")


@dataclass(frozen=True, slots=True)
class DhcpOption:
    """One option the owner adds to every answer; `value` is hex."""

    __pydantic_config__ = STRICT

    code: Annotated[int, Between(1, 254)]
    value: Annotated[str, Matches(r"([0-9a-f]{2}){1,255}", "0a0b")]


@dataclass(frozen=True, slots=True)
class Dhcp:
    """What DHCP does on one network."""

    __pydantic_config__ = STRICT

    pool: Pool
    reservations: tuple[Reservation, ...] = ()
    options: tuple[DhcpOption, ...] = ()
    answer_beside_others: bool = False  # the owner's decision when a foreign server is heard
    vendor_classes: tuple[VendorClass, ...] = ()  # option 60 begins so: it asks to boot by PXE, too


@dataclass(frozen=True, slots=True)
class Network:
    """One L3 segment behind a bridge of ours."""

    __pydantic_config__ = STRICT

    name: NetworkName
    bridge: LinkName
    ports: tuple[Port, ...]  # each by name, MAC or slot (`cards.py`)
    address: IPv4Interface
    dhcp: Dhcp | None = None
    netboot: bool = True
    ipv6: Ipv6 | None = None
    zone: ZoneName = LAN
    tagged: tuple[Tagged, ...] = ()  # on these its frames bear a tag; on `ports` they bear none
    newcomers: Newcomers = TELL
    filtered: bool = True  # what dns blocks is blocked for its devices
    cache: LanCache = BY_ZONE

    @property
    def caches(self) -> bool:
        """Is the router a binary cache on it?"""
        return serves(self.cache, self.zone)

    @property
    def members(self) -> tuple[str, ...]:
        """Where it can be plugged in, as people read it."""
        return (*self.ports, *map(str, self.tagged))


@dataclass(frozen=True, slots=True)
class RouterConfig:
    """The whole router.  `check.py` finds what fields alone cannot show."""

    __pydantic_config__ = STRICT

    networks: tuple[Network, ...]
    wan: Wan | None = None
    dns: Dns = field(default_factory=Dns)
    time: Time = field(default_factory=Time)
    ula: IPv6Network | None = None  # RFC 4193: our own /48, made at the first start
    hostname: MachineName = "nixie"
    zones: tuple[Zone, ...] = ZONES
    rules: tuple[Rule, ...] = ()  # the first that fits decides, before the zones
    forwards: tuple[Forward, ...] = ()
    routes: tuple[StaticRoute, ...] = ()
    time_zone: Annotated[str, Matches(r"[A-Za-z0-9_+/\-]{1,64}", "Europe/Helsinki")] = "UTC"
    domain: Annotated[str, Matches(r"[a-z0-9]([a-z0-9.\-]{0,62}[a-z0-9])?", "home.example")] = "lan"
    schema: Annotated[int, Between(SCHEMA, SCHEMA)] = SCHEMA
