"""What of a change touches the connection that the request came over.

The network is told by the address that asked; a request over the box's own loopback came over none.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, ip_address

from appliance.model import compare
from appliance.model.config import Network, RouterConfig


@dataclass(frozen=True, slots=True)
class Touch:
    """`sentences` are those of `compare.differences` that touch it, `ahead` what will happen."""

    network: str
    sentences: tuple[str, ...]
    ahead: tuple[str, ...]


def touch(before: RouterConfig, after: RouterConfig, source: str) -> Touch | None:
    """What the change means for whoever asks from `source`; None when it is nothing to them."""
    mine = _network_of(before, source)
    if mine is None:
        return None
    new = next((one for one in after.networks if one.name == mine.name), None)
    sentences = compare.differences(before, _mine_alone(before, after, mine, new))
    if not sentences:
        return None
    return Touch(mine.name, sentences, tuple(_ahead(mine, new, after)))


def _mine_alone(
    before: RouterConfig, after: RouterConfig, mine: Network, new: Network | None
) -> RouterConfig:
    """`before`, with this network and its zone as they are after."""
    networks = tuple(new if one is mine else one for one in before.networks)
    zones = {one.name: one for one in before.zones}
    if new:
        zones |= {one.name: one for one in after.zones if one.name == new.zone}
    return replace(before, networks=tuple(filter(None, networks)), zones=tuple(zones.values()))


def _network_of(config: RouterConfig, source: str) -> Network | None:
    address = _address(source)
    if not isinstance(address, IPv4Address):
        return None
    return next((one for one in config.networks if address in one.address.network), None)


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """The address of a request; an IPv4 one in IPv6's clothes is taken out of them.

    >>> _address("::ffff:10.77.0.9"), _address("testclient")
    (IPv4Address('10.77.0.9'), None)
    """
    try:
        found = ip_address(text)
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found


def _ahead(mine: Network, new: Network | None, after: RouterConfig) -> Iterator[str]:
    name = mine.name
    if new is None:
        yield f"You are on {name}, which goes away: this page will not answer there any more."
        return
    if new.address.ip != mine.address.ip:
        yield f"You are on {name}: this page moves to https://{new.address.ip}."
        yield f"{mine.address.ip} answers, too, until everybody has moved."
    if new.address.network != mine.address.network:
        yield f"This computer gets an address in {new.address.network} when it asks again."
    if not any(zone.name == new.zone and zone.manages for zone in after.zones):
        yield f"The zone {new.zone} may not manage the router: this page will not open on {name}."
    if lost := set(mine.members) - set(new.members):
        ports = ", ".join(sorted(lost))
        yield f"Is this computer plugged into {ports}, it is no longer on {name}."
    if mine.dhcp and not new.dhcp:
        yield f"Computers on {name} keep their addresses only until their leases end."
