"""The roles: one program, one process each, least privilege.

`nixie run` and `nixie lab` start what stands in this table; so will the units of the NixOS image.
"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Role:
    """One process.  `sockets` are the LISTEN_FDNAMES prefixes it gets, one per LAN link."""

    name: str
    user: str
    uid: int  # used when the user is not in /etc/passwd
    capabilities: tuple[str, ...] = ()
    sockets: tuple[str, ...] = ()
    writes: tuple[str, ...] = ()  # files and folders below the state directory
    inside: bool = False  # in the lab: inside the router's network namespace
    remembers: bool = False  # things that it writes nowhere, and tells web by run/<role>.sock
    loads_tls: bool = False  # it speaks TLS, or has a library that would


GROUP = ("nixie", 61100)
RECALL = "recall"
"""The LISTEN_FDNAMES name of the socket at which a role tells what it remembers."""
OWN = "own"
"""That of web's socket for the command line on this box, STATE/secrets/web/api.sock."""

ROLES: Mapping[str, Role] = {
    role.name: role
    for role in (
        Role(
            "net",
            "nixie-net",
            61101,
            ("net_admin",),
            writes=("net.db", "metrics.db", "secrets/net"),
            inside=True,
            remembers=True,
            loads_tls=True,  # pyroute2 does
        ),
        Role(
            "dhcp",
            "nixie-dhcp",
            61102,
            ("net_bind_service", "net_raw"),
            ("dhcp", "pxe"),
            ("leases.db",),
            inside=True,
        ),
        Role(
            "dns",
            "nixie-dns",
            61103,
            ("net_bind_service",),
            ("dns-udp", "dns-tcp", "dns-udp6", "dns-tcp6", "ntp", "ntp6"),
            ("dns.db",),
            inside=True,
            remembers=True,
            loads_tls=True,
        ),
        Role(
            "boot",
            "nixie-boot",
            61104,
            (),
            ("tftp", "boot", "boot6"),
            ("boot.db", "secrets/boot"),
            inside=True,
        ),
        Role(
            "wan",
            "nixie-wan",
            61107,
            ("net_admin", "net_raw"),
            writes=("wan.db",),
            inside=True,
        ),
        Role(
            "notice",
            "nixie-notice",
            61108,
            writes=("notice.db", "secrets/notice"),
            inside=True,
            remembers=True,
            loads_tls=True,
        ),
        Role(
            "build",
            "nixie-build",
            61105,
            (),
            (),
            ("build.db", "gcroots", "published", "logs/builds", "sources", "secrets/build"),
        ),
        Role(
            "web",
            "nixie-web",
            61106,
            (),
            ("admin", "admin6"),
            ("nixie.db", "access.db", "secrets/web", "pushed", "uploads"),
            inside=True,
            loads_tls=True,
        ),
    )
}

DAEMONS: Mapping[str, Role] = {
    daemon.name: daemon
    for daemon in (
        Role("radvd", "nixie-radvd", 61121, ("net_raw",), writes=("radvd",), inside=True),
        Role(
            "dhcpcd",
            "nixie-dhcpcd",
            61122,
            ("net_bind_service", "net_raw"),
            writes=("dhcpcd", "dhcpcd/dhcpcd", "dhcpcd/run", "dhcpcd/run/dhcpcd"),
            inside=True,
        ),
        Role(
            "pppd",
            "root",
            0,
            ("net_admin", "net_raw"),
            writes=("pppd", "pppd/etc", "pppd/etc/ppp", "pppd/run"),
            inside=True,
        ),
        Role(
            "chronyd",
            "nixie-chronyd",
            61123,
            ("net_bind_service", "sys_time"),
            writes=("chronyd",),
            inside=True,
        ),
    )
}
"""Programs of others that we configure and run, each as a user of its own; pppd, which
refuses that, behind other walls (services/pppoe/pppd.py)."""

FETCHERS = tuple(f"fetch-{number}" for number in range(1, 9))
"""Confined users, each for one source that may reach a server at home (`model/foreign.py`)."""

CONFINED: Mapping[str, tuple[str, int]] = {
    "fetch": ("nixie-fetch", 61111),
    "eval": ("nixie-eval", 61112),
    "try": ("nixie-try", 61113),
    "remote": ("nixie-remote", 61114),
    "list": ("nixie-list", 61115),
    **{name: (f"nixie-{name}", 61130 + number) for number, name in enumerate(FETCHERS, 1)},
}
"""Users without any role, for foreign code, and for talks with builders."""
