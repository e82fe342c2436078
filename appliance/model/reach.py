"""Which servers of the owner's own network a source may fetch from.

Without a word of the owner's that is none: what sources fetch goes to the internet.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Final, NamedTuple
from urllib.parse import parse_qs, urlsplit

from appliance.model.source_options import NotASource, is_private, server_name

if TYPE_CHECKING:
    from appliance.model.config import RouterConfig

Address = IPv4Address | IPv6Address

MOST_PLACES: Final = 16
HOW = "Write it as git.lan, 192.168.1.20 or git.example.org=10.0.0.5."


class Place(NamedTuple):
    """One server.  `address` is None for a name whose address this router itself gives."""

    host: str
    address: Address | None = None

    def __str__(self) -> str:
        named = self.address is not None and str(self.address) != self.host
        return f"{self.host}={self.address}" if named else self.host


def place(text: str) -> Place:
    """Read what the owner wrote.  Raises NotASource.

    >>> place("git.lan"), place("10.0.0.5").address, str(place("git.corp=10.0.0.5"))
    (Place(host='git.lan', address=None), IPv4Address('10.0.0.5'), 'git.corp=10.0.0.5')
    """
    host, _, written = text.strip().lower().partition("=")
    if (found := as_address(host)) and not written:
        return Place(str(found), _allowed(found))
    name = server_name(host)
    if not written:
        return Place(name)
    if (found := as_address(written)) is None:
        raise NotASource(f"{written!r} is not an address. {HOW}")
    return Place(name, _allowed(found))


def places(url: str, reach: Sequence[str]) -> tuple[Place, ...]:
    """The servers at home that a source may reach: its own, and those that were listed for it."""
    own, listed = host_of(url), tuple(map(place, reach))
    if own and is_private(own) and own not in {one.host for one in listed}:
        try:
            return (place(own), *listed)
        except NotASource:
            return listed
    return listed


def addresses(one: Place, config: "RouterConfig") -> tuple[Address, ...]:
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


def unreachable(one: Place, config: "RouterConfig") -> str:
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


def as_address(text: str) -> Address | None:
    """The address that a text is, None when it is none."""
    try:
        return ip_address(text.strip("[]"))
    except ValueError:
        return None


def _allowed(found: Address) -> Address:
    if found.is_loopback or found.is_link_local or found.is_multicast or found.is_unspecified:
        raise NotASource(f"{found} is no server of your network. {HOW}")
    return found
