"""What a stranger on the internet's side got to see of this router, and whether the model says so.

It is asked from a link of our own that stands in the internet's zone (`plan/policy.py`): the rules
that judge the internet's port judge it, too.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any, Final

from appliance.model.config import RouterConfig
from appliance.model.firewall import INTERNET, ROUTER
from appliance.model.reachability import Packet, verdict

STRANGERS_LINK: Final = "nx-outside"
"""The router's end of the stranger's cable, while there is one."""
PLACES = tuple(
    IPv4Network(text) for text in ("198.18.255.252/30", "192.0.2.252/30", "203.0.113.252/30")
)
"""Where the cable may have its IPv4 addresses: what nobody has in earnest (RFC 2544, RFC 5737)."""
PLACE_SIX = IPv6Network("2001:2:0:ffff::/64")
"""Where it has its IPv6 addresses (RFC 5180 §8)."""
NEAR = IPv6Address("fe80::6e78")
"""The router's link-local address there."""
OPEN, CLOSED = "open", "closed"
SENDERS: Mapping[int, IPv4Address | IPv6Address] = {
    4: IPv4Address("198.51.100.1"),
    6: IPv6Address("2001:db8::1"),
}
"""Stand for any address of the internet (RFC 5737, RFC 3849)."""
DHCPV6_CLIENT = 546
EXPECTED: Mapping[tuple[str, int], str] = {("udp", DHCPV6_CLIENT): "the provider, about its prefix"}
"""What of ours stands on the internet's side on purpose, by protocol and port."""


@dataclass(frozen=True, slots=True)
class Heard:
    """A port that did not keep silent: OPEN, or CLOSED when it said that nobody is there."""

    protocol: str  # tcp, udp
    address: str
    port: int
    how: str


@dataclass(frozen=True, slots=True)
class Socket:
    """Something that waits for whoever comes.  `link` is the one it is bound to, "" for every one;
    `owner` the role or program of ours, "" for somebody else's."""

    protocol: str
    address: str
    port: int
    link: str
    owner: str
    uid: int


@dataclass(frozen=True, slots=True)
class Seen:
    """One look.  `answered` says that the router's end was really there: silence proves something
    only then."""

    answered: bool
    tried: int
    addresses: tuple[str, ...]
    heard: tuple[Heard, ...]
    sockets: tuple[Socket, ...]


def is_the_strangers(
    source: IPv4Address | IPv6Address, destination: IPv4Address | IPv6Address
) -> bool:
    """Is it a packet on the stranger's cable, by its ends?

    >>> is_the_strangers(PLACES[0][2], SENDERS[4]), is_the_strangers(SENDERS[4], PLACES[0][2])
    (True, False)
    """
    if isinstance(source, IPv6Address):
        return source in PLACE_SIX or destination == NEAR
    return any(source in place for place in PLACES)


def unexpected(config: RouterConfig, heard: Iterable[Heard], now: float) -> tuple[Heard, ...]:
    """Those that the model does not let a stranger hear; `now` is Unix seconds."""
    return tuple(one for one in heard if not _let_in(config, one, now))


def _let_in(config: RouterConfig, one: Heard, now: float) -> bool:
    receiver = ip_address(one.address.partition("%")[0])
    sender = SENDERS[receiver.version]
    packet = Packet(INTERNET, ROUTER, sender, receiver, one.protocol, one.port)
    return verdict(config, packet, now).accepted


def exposed(config: RouterConfig, sockets: Iterable[Socket]) -> tuple[Socket, ...]:
    """Those of ours that wait on the internet's side although nothing of ours should."""
    port = config.wan.link if config.wan else None
    return tuple(
        one
        for one in sockets
        if one.owner
        and one.link in ("", port)
        and not ip_address(one.address.partition("%")[0]).is_loopback
        and (one.protocol, one.port) not in EXPECTED
    )


def reached_by(config: RouterConfig, one: Socket, now: float) -> tuple[str, ...]:
    """The zones that may ask it, and INTERNET, by the model; () for what the box has to itself."""
    if ip_address(one.address.partition("%")[0]).is_loopback:
        return ()
    zones = [
        network.zone
        for network in config.networks
        if one.link in ("", network.bridge) and _asks(config, network.name, one, now)
    ]
    if config.wan and one.link in ("", config.wan.link) and _asks(config, INTERNET, one, now):
        zones.append(INTERNET)
    return tuple(dict.fromkeys(zones))


def _asks(config: RouterConfig, source: str, one: Socket, now: float) -> bool:
    network = next((it for it in config.networks if it.name == source), None)
    if ":" in one.address:
        sender, receiver = SENDERS[6], SENDERS[6]
    else:
        sender = network.address.network[-2] if network else SENDERS[4]
        receiver = network.address.ip if network else SENDERS[4]
    packet = Packet(source, ROUTER, sender, receiver, one.protocol, one.port)
    return verdict(config, packet, now).accepted


def said(one: Heard) -> str:
    """A port that was heard, for people.

    >>> said(Heard("tcp", "192.0.2.2", 443, "open"))
    'tcp 443 at 192.0.2.2 answers'
    """
    how = "answers" if one.how == OPEN else "says that nobody is there"
    return f"{one.protocol} {one.port} at {one.address} {how}"


def to_json(seen: Seen) -> dict[str, Any]:
    """`seen` as JSON values."""
    return asdict(seen)


def from_json(stored: Mapping[str, Any]) -> Seen:
    """Read what `to_json` wrote.  Raises KeyError or TypeError on anything else."""
    return Seen(
        bool(stored["answered"]),
        int(stored["tried"]),
        tuple(stored["addresses"]),
        tuple(Heard(**one) for one in stored["heard"]),
        tuple(Socket(**one) for one in stored["sockets"]),
    )
