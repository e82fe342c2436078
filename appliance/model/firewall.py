"""Zones, rules, forwards and routes: who may begin a conversation with whom.

A *zone* is networks that are treated alike.  Two words are no zones but stand beside them:
`internet`, whatever is behind the way out, and `router`, this box itself.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from typing import Annotated, Final

from appliance.model.limits import STRICT, Between, Matches
from appliance.model.names import NETWORK_NAME
from appliance.model.week import WEEK
from appliance.model.words import Mac, MachineName

INTERNET: Final = "internet"
ROUTER: Final = "router"
LAN: Final = "lan"
GUEST: Final = "guest"
RESERVED_ZONES = frozenset({INTERNET, ROUTER})

ACCEPT: Final = "accept"
REJECT: Final = "reject"
DROP: Final = "drop"

ZoneName = Annotated[str, Matches(NETWORK_NAME.pattern, "guest")]
RuleId = Annotated[str, Matches(r"[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?", "bedtime-2")]
Note = Annotated[str, Matches(r"[^\x00-\x1f\x7f]{0,80}", "No games at night")]
PortNumber = Annotated[int, Between(1, 65_535)]
Instant = Annotated[int, Between(0, 253_402_300_799)]  # Unix seconds, up to the year 9999
Protocol = Annotated[str, Matches("any|tcp|udp|icmp", "any, tcp, udp or icmp")]
Carrier = Annotated[str, Matches("tcp|udp", "tcp or udp")]
Action = Annotated[str, Matches("accept|reject|drop", "accept, reject or drop")]
Weekday = Annotated[str, Matches("mon|tue|wed|thu|fri|sat|sun", "mon")]
Clock = Annotated[str, Matches(r"([01][0-9]|2[0-3]):[0-5][0-9]", "21:30")]

EVERYWHERE: Final = IPv4Network("0.0.0.0/0")
EVERYWHERE_SIX: Final = IPv6Network("::/0")
DEFAULT_METRIC: Final = 20
"""Lower wins.  Beats a DHCP client's usual 100 or 1024, and leaves metric 0 to whoever set it."""
ANNOUNCED_METRIC: Final = 1_024
"""What the kernel gives an IPv6 default route that a router announces (IP6_RT_PRIO_USER)."""


@dataclass(frozen=True, slots=True)
class Zone:
    """Networks that the firewall treats alike.

    Its devices may open the admin pages when it `manages`, and begin conversations with the zones
    in `reaches`: with its own other networks only when it names itself.
    """

    __pydantic_config__ = STRICT

    name: ZoneName
    manages: bool = False
    reaches: tuple[ZoneName, ...] = (INTERNET,)


@dataclass(frozen=True, slots=True)
class Ports:
    """A range of ports, both ends included; without `last` it is one port."""

    __pydantic_config__ = STRICT

    first: PortNumber
    last: PortNumber | None = None

    def __post_init__(self) -> None:
        if self.last is not None and self.first > self.last:
            raise ValueError(f"the ports begin at {self.first}, after their end {self.last}")

    @property
    def end(self) -> int:
        """The last port of the range."""
        return self.first if self.last is None else self.last

    def __str__(self) -> str:
        return str(self.first) if self.end == self.first else f"{self.first}–{self.end}"


@dataclass(frozen=True, slots=True)
class Ends:
    """One side of a rule, narrowed: any of these.  Nothing at all means everybody.

    A device is known by its MAC as a sender, by its reservation as a receiver.
    """

    __pydantic_config__ = STRICT

    devices: tuple[Mac, ...] = ()
    v4: tuple[IPv4Network, ...] = ()
    v6: tuple[IPv6Network, ...] = ()


EVERYBODY: Final = Ends()


@dataclass(frozen=True, slots=True)
class Schedule:
    """When a rule holds: from `begins` to `ends` by the router's clock, on days that it begins on.

    An end that is not after the beginning is on the next day; so 00:00 to 00:00 is the whole day.
    """

    __pydantic_config__ = STRICT

    weekdays: tuple[Weekday, ...] = WEEK
    begins: Clock = "00:00"
    ends: Clock = "00:00"


@dataclass(frozen=True, slots=True)
class Rule:
    """One exception from what the zones say; the first that fits decides.

    It holds until `until` (Unix seconds), or for ever.
    """

    __pydantic_config__ = STRICT

    id: RuleId
    source: ZoneName  # a zone or `internet`
    destination: ZoneName  # a zone, `internet` or `router`
    action: Action
    note: Note = ""
    enabled: bool = True
    protocol: Protocol = "any"
    ports: tuple[Ports, ...] = ()  # of the destination
    senders: Ends = EVERYBODY
    receivers: Ends = EVERYBODY
    schedule: Schedule | None = None
    until: Instant | None = None


@dataclass(frozen=True, slots=True)
class Forward:
    """A way in to one device, by its reservation: IPv4, IPv6 and from inside are one thing.

    IPv4 arrives at `outside` of the router's internet address and goes on to `inside` of the
    device; IPv6 has no translation, so it arrives at the device's own port.  One that `reserves`
    brought its device the fixed address, and takes it along when it goes.
    """

    __pydantic_config__ = STRICT

    name: MachineName
    mac: Mac
    protocol: Carrier
    outside: Ports
    inside: PortNumber | None = None  # None: the same port
    enabled: bool = True
    until: Instant | None = None
    reserves: bool = False

    @property
    def arrives(self) -> Ports:
        """The device's own ports."""
        return self.outside if self.inside is None else Ports(self.inside)


@dataclass(frozen=True, slots=True)
class StaticRoute:
    """A network behind another router; of two ways the lower metric wins.

    A link-local gateway names where it is, a network or `internet`: `fe80::9%lan`.
    """

    __pydantic_config__ = STRICT

    destination: IPv4Network | IPv6Network
    gateway: IPv4Address | IPv6Address
    metric: Annotated[int, Between(1, 9_999)] = DEFAULT_METRIC


ZONES: Final = (Zone(LAN, manages=True),)
"""What a configuration has that says nothing of zones."""
