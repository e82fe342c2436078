"""Which sockets a role is handed, from what `net` published."""

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.model.foreign_names import NAMES_PORT
from appliance.model.slices import Slices
from appliance.roles import Role
from services.processes.ports import Protocol

PORTS: Mapping[str, tuple[Protocol, int]] = {
    "dhcp": ("udp", 67),
    "pxe": ("udp", 4011),
    "dns-udp": ("udp", 53),
    "dns-tcp": ("tcp", 53),
    "dns-udp6": ("udp", 53),
    "dns-tcp6": ("tcp", 53),
    "tftp": ("udp", 69),
    "boot": ("tcp", 80),
    "boot6": ("tcp", 80),
    "admin": ("tcp", 443),
    "admin6": ("tcp", 443),
    "ntp": ("udp", 123),
    "ntp6": ("udp", 123),
}
"""LISTEN_FDNAMES prefix to what it listens on."""

LOOPBACK = "lo"
"""Where foreign code asks for names, and nobody else."""
ADMIN_LOCAL = "admin-local"
ADMIN = frozenset({"admin", "admin6"})
AT_ONCE = frozenset({"net", "wan", "notice", "build", "web"})
"""Roles that start before anything is published: net publishes what web writes, and wan has
no sockets that it could be handed."""


@dataclass(frozen=True, slots=True)
class Listen:
    """One socket: wildcard address, bound to a device; `ipv6`: of IPv6, and of that alone.

    On loopback its address is said: what is sent there on the way to somebody else is answered from
    where it came to, or by nobody (`appliance/plan/egress.py`).
    """

    name: str  # "<service>.<link>"
    protocol: Protocol
    port: int
    link: str
    ipv6: bool = False

    @property
    def address(self) -> str:
        """What it is bound to."""
        if self.link == LOOPBACK:
            return "::1" if self.ipv6 else "127.0.0.1"
        return "::" if self.ipv6 else "0.0.0.0"


def wanted(role: Role, slices: Slices | None, *, admin_local: bool = False) -> tuple[Listen, ...]:
    """The sockets of `role`, in the order of its table; () before anything is published.

    With `admin_local` the admin is on loopback, and on no link.
    """
    if slices is None:
        return ()
    links = _links(slices)
    return tuple(
        Listen(f"{service}.{link}", *_port(service, link), link, service.endswith("6"))
        for service in role.sockets
        if not (admin_local and service in ADMIN)
        for link in links[service]
    )


def _port(service: str, link: str) -> tuple[Protocol, int]:
    protocol, port = PORTS[service]
    return protocol, NAMES_PORT if link == LOOPBACK else port


def _links(slices: Slices) -> dict[str, tuple[str, ...]]:
    dhcp = tuple(dict.fromkeys(network.link for network in slices.dhcp))
    boot = tuple(dict.fromkeys(network.link for network in slices.boot))
    six = tuple(network.link for network in slices.dns.networks if network.has_six)
    every = tuple(dict.fromkeys(network.link for network in slices.dns.networks))
    return {
        "dhcp": dhcp,
        "pxe": dhcp,
        "dns-udp": (*every, LOOPBACK) if every else (),
        "dns-tcp": (*every, LOOPBACK) if every else (),
        "dns-udp6": (*six, LOOPBACK) if six else (),
        "dns-tcp6": (*six, LOOPBACK) if six else (),
        "tftp": tuple(dict.fromkeys(network.link for network in slices.booting)),
        "boot": boot,
        "boot6": tuple(link for link in boot if link in six),
        "admin": every,
        "admin6": six,
        "ntp": every if slices.time.serve else (),
        "ntp6": six if slices.time.serve else (),
    }
