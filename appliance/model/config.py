"""RouterConfig: everything that can lock the owner out, plus names and reservations.

Read from JSON once, at the border (`read.py`, or pydantic in web); frozen from then on.  Standard
library only: `net` reads it too.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from typing import Annotated

from appliance.model.limits import STRICT, Between, Matches
from appliance.model.names import MAC_TEXT, MACHINE_NAME, NETWORK_NAME

SCHEMA = 1
LINK = r"[A-Za-z0-9][A-Za-z0-9_.\-]{0,14}"

NetworkName = Annotated[str, Matches(NETWORK_NAME.pattern, "guest-2")]
MachineName = Annotated[str, Matches(MACHINE_NAME.pattern, "ember-2")]
LinkName = Annotated[str, Matches(LINK, "br-lan")]
Mac = Annotated[str, Matches(MAC_TEXT.pattern, "52:54:00:12:34:56")]
Port = Annotated[str, Matches(f"{LINK}|{MAC_TEXT.pattern}", "eth0 or 52:54:00:12:34:56")]


@dataclass(frozen=True, slots=True)
class Pool:
    """Addresses handed out on one network; both ends included."""

    __pydantic_config__ = STRICT

    first: IPv4Address
    last: IPv4Address
    lease_seconds: Annotated[int, Between(60, 2_592_000)] = 43_200

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


@dataclass(frozen=True, slots=True)
class Network:
    """One L3 segment behind a bridge of ours."""

    __pydantic_config__ = STRICT

    name: NetworkName
    bridge: LinkName
    ports: tuple[Port, ...]  # by name, or by MAC so that a renamed card is still found
    address: IPv4Interface
    dhcp: Dhcp | None = None
    netboot: bool = True


@dataclass(frozen=True, slots=True)
class Wan:
    """The way out.  This release knows a static address; DHCP and PPPoE come with `wan`."""

    __pydantic_config__ = STRICT

    port: Port
    address: IPv4Interface
    gateway: IPv4Address


@dataclass(frozen=True, slots=True)
class Dns:
    """Names: ours answered here, the rest forwarded."""

    __pydantic_config__ = STRICT

    upstreams: tuple[IPv4Address, ...] = ()


@dataclass(frozen=True, slots=True)
class RouterConfig:
    """The whole router.  `check.py` finds what fields alone cannot show."""

    __pydantic_config__ = STRICT

    networks: tuple[Network, ...]
    wan: Wan | None = None
    dns: Dns = Dns()
    hostname: MachineName = "nixie"
    domain: Annotated[str, Matches(r"[a-z0-9]([a-z0-9.\-]{0,62}[a-z0-9])?", "home.example")] = "lan"
    schema: Annotated[int, Between(SCHEMA, SCHEMA)] = SCHEMA
