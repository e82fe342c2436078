"""What is announced by IPv6 router advertisements, as `net` publishes it.

It is the memory of what was promised, too: a prefix that is ours no longer is taken back for as
long as somebody may still believe in it (RFC 9096 §3.5), across a crash and a power cut.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from typing import Any


@dataclass(frozen=True, slots=True)
class AnnouncedPrefix:
    """One /64 with the lifetimes to announce; both 0 takes it back."""

    prefix: IPv6Network
    preferred_seconds: int
    valid_seconds: int
    until: float  # Unix seconds: after that nobody who heard of it believes in it any more


@dataclass(frozen=True, slots=True)
class AnnouncedNetwork:
    """One network.  `router` is our lasting address there, None when it has only old prefixes."""

    name: str
    link: str
    prefixes: tuple[AnnouncedPrefix, ...]
    router: IPv6Address | None = None
    default_route: bool = False  # RFC 7084 ULA-5: not while nothing leads out


@dataclass(frozen=True, slots=True)
class Ipv6Slice:
    """IPv6 as the programs that we run for it need it.  `ask_on` is the link where the provider is
    asked for a prefix, `delegated` the one that it lends us."""

    ask_on: str | None = None
    site: IPv6Network | None = None  # reached through us from every network (RFC 4191)
    networks: tuple[AnnouncedNetwork, ...] = ()
    delegated: IPv6Network | None = None


def to_json(found: Ipv6Slice) -> dict[str, Any]:
    """`found` as JSON values."""
    return {
        "ask_on": found.ask_on,
        "site": str(found.site) if found.site else None,
        "delegated": str(found.delegated) if found.delegated else None,
        "networks": [
            {
                "name": one.name,
                "link": one.link,
                "router": str(one.router) if one.router else None,
                "default_route": one.default_route,
                "prefixes": [
                    [str(it.prefix), it.preferred_seconds, it.valid_seconds, it.until]
                    for it in one.prefixes
                ],
            }
            for one in found.networks
        ],
    }


def from_json(stored: Mapping[str, Any]) -> Ipv6Slice:
    """Read what `to_json` wrote.  Raises KeyError or ValueError on anything else."""
    return Ipv6Slice(
        stored["ask_on"],
        IPv6Network(stored["site"]) if stored["site"] else None,
        tuple(
            AnnouncedNetwork(
                str(one["name"]),
                str(one["link"]),
                tuple(
                    AnnouncedPrefix(IPv6Network(prefix), int(preferred), int(valid), float(until))
                    for prefix, preferred, valid, until in one["prefixes"]
                ),
                IPv6Address(one["router"]) if one["router"] else None,
                bool(one["default_route"]),
            )
            for one in stored["networks"]
        ),
        IPv6Network(stored["delegated"]) if stored.get("delegated") else None,
    )
