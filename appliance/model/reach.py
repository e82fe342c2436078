"""Which servers of the owner's own network a source may fetch from.

Without a word of the owner's that is none: what sources fetch goes to the internet.  Each source
with such servers has a user of its own to fetch with, so that the filter tells them apart.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final, Protocol
from urllib.parse import parse_qs, urlsplit

from appliance.model.config import RouterConfig
from appliance.model.source_options import NotASource, is_private, server_name
from appliance.roles import FETCHERS

Address = IPv4Address | IPv6Address

MOST_PLACES: Final = 16
BUILDERS: Final = (872_415_232, 880_803_839)
"""Nix's own range for users that it allocates: its settings `start-id` and `id-count`."""
HOW = "Write it as git.lan, 192.168.1.20 or git.example.org=10.0.0.5."


@dataclass(frozen=True, slots=True)
class Place:
    """One server.  `address` is None for a name whose address this router itself gives."""

    host: str
    address: Address | None = None

    def __str__(self) -> str:
        named = self.address is not None and str(self.address) != self.host
        return f"{self.host}={self.address}" if named else self.host


@dataclass(frozen=True, slots=True)
class Source:
    """A source, as far as this is about it."""

    id: str
    url: str
    reach: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Foreign:
    """Whose packets are foreign code's: users that fetch, as (name, uid), and the range of those
    that build; and the sources they do it for."""

    users: tuple[tuple[str, int], ...] = ()
    builders: tuple[int, int] = BUILDERS
    sources: tuple[Source, ...] = ()


NOBODY: Final = Foreign()


class Reaching(Protocol):
    """A `Source`, whatever else it is."""

    @property
    def id(self) -> str: ...
    @property
    def url(self) -> str: ...
    @property
    def reach(self) -> tuple[str, ...]: ...


def place(text: str) -> Place:
    """Read what the owner wrote.  Raises NotASource.

    >>> place("git.lan"), place("10.0.0.5").address, str(place("git.corp=10.0.0.5"))
    (Place(host='git.lan', address=None), IPv4Address('10.0.0.5'), 'git.corp=10.0.0.5')
    """
    host, _, written = text.strip().lower().partition("=")
    if (found := _address(host)) and not written:
        return Place(str(found), _allowed(found))
    name = server_name(host)
    if not written:
        return Place(name)
    if (found := _address(written)) is None:
        raise NotASource(f"{written!r} is not an address. {HOW}")
    return Place(name, _allowed(found))


def places(source: Reaching) -> tuple[Place, ...]:
    """The servers at home that a source may reach: its own, and those that were listed for it."""
    own = host_of(source.url)
    listed = {text: place(text) for text in source.reach}
    if own and is_private(own) and own not in {one.host for one in listed.values()}:
        try:
            return (place(own), *listed.values())
        except NotASource:
            return tuple(listed.values())
    return tuple(listed.values())


def fetchers(sources: Iterable[Reaching]) -> Mapping[str, str]:
    """Source → the user that fetches for it, for sources that may reach somebody at home.

    Those beyond FETCHERS have none, and reach nobody there.
    """
    reaching = [one.id for one in sources if places(one)]
    return dict(zip(sorted(reaching), FETCHERS, strict=False))


def reached(
    sources: Sequence[Reaching], config: RouterConfig
) -> Mapping[str, frozenset[tuple[str, Address]]]:
    """Fetching user → the servers that it may reach, as (name, address)."""
    users = fetchers(sources)
    return {
        users[one.id]: frozenset(
            (each.host, address) for each in places(one) for address in addresses(each, config)
        )
        for one in sources
        if one.id in users
    }


def names_reached(sources: Sequence[Reaching], config: RouterConfig) -> tuple[str, ...]:
    """The names of all servers that any source may reach, in full."""
    found = {host for servers in reached(sources, config).values() for host, _ in servers}
    named = {one if "." in one else f"{one}.{config.domain}" for one in found}
    return tuple(sorted(one for one in named if _address(one) is None))


def addresses(one: Place, config: RouterConfig) -> tuple[Address, ...]:
    """Where a server is: what was written, or the fixed addresses that this router gives."""
    if one.address is not None:
        return (one.address,)
    names = {one.host, one.host.removesuffix(f".{config.domain}")}
    fixed = (each for net in config.networks if net.dhcp for each in net.dhcp.reservations)
    said = (each for each in config.dns.records if each.kind in {"A", "AAAA"})
    return (
        *(each.address for each in fixed if each.name in names),
        *(ip_address(each.value) for each in said if each.name in names),
    )


def unreachable(one: Place, config: RouterConfig) -> str:
    """Why this is nobody whom a source could be let to; "" when it is somebody."""
    own = {each.address.ip for each in config.networks}
    found = addresses(one, config)
    if not found:
        return (
            f"This router gives {one.host} no fixed address. Give it one under Devices, or write "
            f"it as {one.host}=192.168.1.20."
        )
    if own.intersection(found):
        return f"{one.host} is this router itself, which no source may reach."
    return ""


def host_of(url: str) -> str:
    """The server in a source's address, "" for a directory, or a forge's usual one.

    >>> host_of("git+http://git.lan:3000/x"), host_of("gitlab:a/b?host=git.lan")
    ('git.lan', 'git.lan')
    """
    try:
        parts = urlsplit(url)
        return (parts.hostname or parse_qs(parts.query).get("host", [""])[0]).lower()
    except ValueError:
        return ""


def _allowed(found: Address) -> Address:
    if found.is_loopback or found.is_link_local or found.is_multicast or found.is_unspecified:
        raise NotASource(f"{found} is no server of your network. {HOW}")
    return found


def _address(text: str) -> Address | None:
    try:
        return ip_address(text.strip("[]"))
    except ValueError:
        return None
