"""What of a change touches the connection that the request came over.

The network is told by the address that asked; a request over the box's own loopback came over none.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Address, IPv6Address, IPv6Network

from appliance.model import compare, compare_ipv6, ends
from appliance.model.config import Network, RouterConfig
from appliance.model.ends import Address
from appliance.model.ipv6 import UNIQUE_LOCAL
from appliance.model.prefixes import prefixes, router_address
from appliance.model.stays import six_beside


@dataclass(frozen=True, slots=True)
class Touch:
    """`sentences` are those of `compare.differences` that touch it, `ahead` what will happen."""

    network: str
    sentences: tuple[str, ...]
    ahead: tuple[str, ...]


def touch(
    before: RouterConfig, after: RouterConfig, source: str, lent: IPv6Network | None = None
) -> Touch | None:
    """What the change means for whoever asks from `source`; None when it is nothing to them.

    `lent` is the IPv6 prefix of the provider.
    """
    asker = ends.address(source)
    mine = ends.network(before, asker, lent) if asker else None
    if asker is None or mine is None:
        return None
    new = next((one for one in after.networks if one.name == mine.name), None)
    sentences = _sentences(before, after, mine, new, asker)
    if not sentences:
        return None
    moves = (
        _moves4(mine, new)
        if isinstance(asker, IPv4Address)
        else tuple(_moves6(before, after, mine, new, asker, lent))
    )
    return Touch(mine.name, sentences, (*moves, *_ahead(mine, new, after)))


def _sentences(
    before: RouterConfig,
    after: RouterConfig,
    mine: Network,
    new: Network | None,
    asker: Address,
) -> tuple[str, ...]:
    """What differs of this network, its zone, its IPv6 number, and the prefix asked from."""
    alone = _mine_alone(before, after, mine, new)
    if isinstance(asker, IPv6Address) and asker in UNIQUE_LOCAL:
        alone = replace(alone, ula=after.ula)
    guessed = {what for _, what in compare_ipv6.renumbered(before, alone)}
    numbered = (what for name, what in compare_ipv6.renumbered(before, after) if name == mine.name)
    found = (one for one in compare.differences(before, alone) if one not in guessed)
    return (*found, *numbered)


def _mine_alone(
    before: RouterConfig, after: RouterConfig, mine: Network, new: Network | None
) -> RouterConfig:
    """`before`, with this network and its zone as they are after."""
    networks = tuple(new if one is mine else one for one in before.networks)
    zones = {one.name: one for one in before.zones}
    if new:
        zones |= {one.name: one for one in after.zones if one.name == new.zone}
    return replace(before, networks=tuple(filter(None, networks)), zones=tuple(zones.values()))


def _moves4(mine: Network, new: Network | None) -> tuple[str, ...]:
    """Where the page goes that is looked at by IPv4."""
    if new is None or new.address.ip == mine.address.ip:
        return ()
    return (
        f"You are on {mine.name}: this page moves to https://{new.address.ip}.",
        f"{mine.address.ip} answers, too, until everybody has moved.",
    )


def _moves6(
    before: RouterConfig,
    after: RouterConfig,
    mine: Network,
    new: Network | None,
    asker: IPv6Address,
    lent: IPv6Network | None,
) -> Iterator[str]:
    """Where the page goes that is looked at by IPv6, and until when it answers here, too."""
    if new is None:
        return
    if new.ipv6 is None:
        at = f"https://{new.address.ip}"
        yield f"You came by IPv6, which {mine.name} loses: this page moves to {at}."
    if asker.is_link_local:
        return
    old = next(one for one in prefixes(before, lent)[mine.name] if asker in one)
    if new.ipv6:
        yield from _moved6(after, mine, new, old, lent)
    was = router_address(mine, old)
    if was in six_beside(mine, before, after, lent):
        yield f"{was.ip} answers, too, until you keep or undo the change."


def _moved6(
    after: RouterConfig, mine: Network, new: Network, old: IPv6Network, lent: IPv6Network | None
) -> Iterator[str]:
    """Where the page goes from the /64 `old`, on a network that has IPv6 after, too."""
    was = router_address(mine, old).ip
    there = ends.successor(after, new, was, lent)
    if old not in prefixes(after, lent)[new.name]:
        four = f"https://{new.address.ip}"
        where = f"https://[{there}] or {four}" if there.version == 6 else four
        yield f"You came from {old}, which {mine.name} loses: this page moves to {where}."
    elif there != was:
        yield f"You are on {mine.name}: this page moves to https://[{there}]."


def _ahead(mine: Network, new: Network | None, after: RouterConfig) -> Iterator[str]:
    name = mine.name
    if new is None:
        yield f"You are on {name}, which goes away: this page will not answer there any more."
        return
    if new.address.network != mine.address.network:
        yield f"This computer gets an address in {new.address.network} when it asks again."
    if not any(zone.name == new.zone and zone.manages for zone in after.zones):
        yield f"The zone {new.zone} may not manage the router: this page will not open on {name}."
    if lost := set(mine.members) - set(new.members):
        ports = ", ".join(sorted(lost))
        yield f"Is this computer plugged into {ports}, it is no longer on {name}."
    if mine.dhcp and not new.dhcp:
        yield f"Computers on {name} keep their addresses only until their leases end."
