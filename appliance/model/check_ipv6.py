"""What is wrong with a configuration's IPv6, sentences with their places; `check.py` calls this."""

from collections.abc import Iterator
from ipaddress import IPv6Network

from appliance.errors import Problem
from appliance.model.config import Network, Reservation, RouterConfig
from appliance.model.ipv6 import SITE_BITS, UNIQUE_LOCAL
from appliance.model.prefixes import most, part

Place = tuple[str | int, ...]


def ipv6_problems(config: RouterConfig) -> Iterator[Problem]:
    """The prefix of our own, each network's number and suffix, and the devices' suffixes."""
    yield from _site(config)
    numbered: dict[int, str] = {}
    for at, network in enumerate(config.networks):
        place: Place = ("networks", at)
        if network.ipv6 is not None:
            yield from _network(place, config, network, numbered)
        yield from _suffixes((*place, "dhcp", "reservations"), network)


def unfit(place: Place, network: Network, delegated: IPv6Network | None) -> Iterator[Problem]:
    """The number that the owner gave `network`, when the provider's prefix has no such one.

    This is no rule of `check.py`: a prefix that shrinks must not make a configuration wrong.
    """
    number = network.ipv6.subnet if network.ipv6 else None
    if number is not None and delegated and part(delegated, number) is None:
        what = (
            f"{number} is too big for {delegated}, which the provider delegates: its numbers go "
            f"from 0 to {most(delegated)}."
        )
        yield Problem((*place, "ipv6", "subnet"), what)


def _site(config: RouterConfig) -> Iterator[Problem]:
    ula = config.ula
    if ula and not (ula.subnet_of(UNIQUE_LOCAL) and ula.prefixlen == SITE_BITS):
        yield Problem(("ula",), f"{ula} is no /48 of fd00::/8; write one like fd12:3456:789a::/48.")


def _network(
    place: Place, config: RouterConfig, network: Network, numbered: dict[int, str]
) -> Iterator[Problem]:
    assert network.ipv6
    number = network.ipv6.subnet
    if config.ula is None and config.wan is None:
        yield Problem(
            (*place, "ipv6"),
            f"{network.name} can have no IPv6: there is no prefix of our own (ula), and no way to "
            "the internet by which one could come.",
        )
    if number is not None and numbered.setdefault(number, network.name) != network.name:
        yield Problem(
            (*place, "ipv6", "subnet"),
            f"{number} is already the IPv6 number of {numbered[number]}.",
        )


def _suffixes(place: Place, network: Network) -> Iterator[Problem]:
    taken = {network.ipv6.suffix: "the router"} if network.ipv6 else {}
    names = {one.mac: one.name or one.mac for one in _reserved(network)}
    for number, one in enumerate(_reserved(network)):
        where = (*place, number, "suffix")
        if one.suffix and taken.setdefault(one.suffix, one.mac) != one.mac:
            other = names.get(taken[one.suffix], taken[one.suffix])
            what = f"{one.suffix} would be the end of the IPv6 addresses of {other} and of "
            yield Problem(where, f"{what}{names[one.mac]}; give one of them another.")


def _reserved(network: Network) -> tuple[Reservation, ...]:
    return network.dhcp.reservations if network.dhcp else ()
