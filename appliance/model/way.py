"""The way out as it is: what the provider gave, and whether anybody answers there.

`wan` writes it, `net` turns it into an address and routes, web shows it.  JSON is the wire form;
addresses are text there and values here.  Standard library only.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Any, Final

FOREVER: Final = 0xFFFFFFFF
"""A lease of so many seconds does not end (RFC 2131 §3.3)."""
ON_LINK: Final = IPv4Address(0)
"""As the gateway of a route: its destination is on the cable itself (RFC 3442)."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where `destination` is reached; a `gateway` of 0.0.0.0 means on the cable itself."""

    destination: IPv4Network
    gateway: IPv4Address


@dataclass(frozen=True, slots=True)
class Lease:
    """What one DHCP server gave; times are seconds from then."""

    address: IPv4Interface
    server: IPv4Address
    gateways: tuple[IPv4Address, ...] = ()  # in the server's order; the first is used
    routes: tuple[Route, ...] = ()  # option 121, which then says everything about gateways
    name_servers: tuple[IPv4Address, ...] = ()
    domain: str = ""
    mtu: int | None = None
    lease_seconds: int = FOREVER
    renew_seconds: int = FOREVER
    rebind_seconds: int = FOREVER

    @property
    def ways(self) -> tuple[Route, ...]:
        """Every route that it means, the default one included."""
        if self.routes:
            return self.routes
        return tuple(Route(IPv4Network("0.0.0.0/0"), one) for one in self.gateways[:1])

    @property
    def gateway(self) -> IPv4Address | None:
        """Where everything else goes; None when it leads nowhere."""
        every = (one.gateway for one in self.ways if one.destination.prefixlen == 0)
        return next((one for one in every if one != ON_LINK), None)


@dataclass(frozen=True, slots=True)
class Held:
    """A lease that is ours on `link` now.

    `taken_at` is CLOCK_BOOTTIME, in the run of the machine that `boot` names: a lease that its role
    cannot end any more ends by that clock all the same.  `given_at` is Unix seconds, for people.
    """

    link: str
    lease: Lease
    taken_at: float
    given_at: float
    boot: str
    session: str = ""  # the PPPoE session that brought it (`PppoeSlice.name`)

    def ends(self, boot: str) -> float:
        """When it ends (CLOCK_BOOTTIME); long ago when the machine was started anew since."""
        if boot != self.boot:
            return float("-inf")
        return self.taken_at + self.lease.lease_seconds


@dataclass(frozen=True, slots=True)
class Learned:
    """What `net` has to know: what is held, and what was held before and must go."""

    held: Held | None = None
    former: tuple[tuple[str, IPv4Interface], ...] = ()  # (link, address), newest last


class Stand(StrEnum):
    """How the way out is, in a word."""

    OFF = "off"  # there is none in the configuration
    NO_CABLE = "no-cable"
    ASKING = "asking"  # for an address; too early to worry
    UNANSWERED = "unanswered"  # nobody answers DHCP
    REFUSED = "refused"  # what was offered cannot be used
    LISTENING = "listening"  # there is an address; the gateway was not heard yet
    ONLINE = "online"
    SILENT = "silent"  # the gateway does not answer
    DENIED = "denied"  # the provider does not accept name or password
    UNABLE = "unable"  # this kernel cannot do what the provider wants


DOWN = frozenset(
    {
        Stand.NO_CABLE,
        Stand.UNANSWERED,
        Stand.REFUSED,
        Stand.SILENT,
        Stand.DENIED,
        Stand.UNABLE,
    }
)
"""Where something is wrong, and `why` says what."""


@dataclass(frozen=True, slots=True)
class Way:
    """How the way out is; `why` is the sentence when it is not online."""

    stand: Stand = Stand.OFF
    link: str = ""
    why: str = ""
    since: float = 0.0  # Unix seconds, when it came to stand so
    address: str = ""
    gateway: str = ""
    milliseconds: float | None = None  # to the gateway and back
    lost_percent: int | None = None  # of the newest probes


def lease_to_json(lease: Lease) -> dict[str, Any]:
    """One lease as JSON values."""
    return {
        "address": str(lease.address),
        "server": str(lease.server),
        "gateways": [str(one) for one in lease.gateways],
        "routes": [[str(one.destination), str(one.gateway)] for one in lease.routes],
        "name_servers": [str(one) for one in lease.name_servers],
        "domain": lease.domain,
        "mtu": lease.mtu,
        "seconds": [lease.lease_seconds, lease.renew_seconds, lease.rebind_seconds],
    }


def lease_from_json(stored: Mapping[str, Any]) -> Lease:
    """Read what `lease_to_json` wrote.  Raises KeyError or ValueError on anything else."""
    whole, renew, rebind = stored["seconds"]
    return Lease(
        address=IPv4Interface(stored["address"]),
        server=IPv4Address(stored["server"]),
        gateways=tuple(map(IPv4Address, stored["gateways"])),
        routes=tuple(
            Route(IPv4Network(destination), IPv4Address(gateway))
            for destination, gateway in stored["routes"]
        ),
        name_servers=tuple(map(IPv4Address, stored["name_servers"])),
        domain=str(stored["domain"]),
        mtu=stored["mtu"],
        lease_seconds=int(whole),
        renew_seconds=int(renew),
        rebind_seconds=int(rebind),
    )


def held_to_json(held: Held) -> dict[str, Any]:
    """What is held as JSON values."""
    return {
        "link": held.link,
        "lease": lease_to_json(held.lease),
        "taken_at": held.taken_at,
        "given_at": held.given_at,
        "boot": held.boot,
        "session": held.session,
    }


def held_from_json(stored: Mapping[str, Any]) -> Held:
    """Read what `held_to_json` wrote.  Raises KeyError or ValueError on anything else."""
    return Held(
        link=str(stored["link"]),
        lease=lease_from_json(stored["lease"]),
        taken_at=float(stored["taken_at"]),
        given_at=float(stored["given_at"]),
        boot=str(stored["boot"]),
        session=str(stored.get("session", "")),
    )
