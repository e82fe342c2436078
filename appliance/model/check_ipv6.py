"""What is wrong with a configuration's IPv6, sentences with their places; `check.py` calls this."""

from collections.abc import Iterator

from appliance.errors import Problem
from appliance.model.config import Network, RouterConfig
from appliance.model.ipv6 import SITE_BITS, UNIQUE_LOCAL

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
    for number, one in enumerate(network.dhcp.reservations if network.dhcp else ()):
        where = (*place, number, "suffix")
        if one.suffix and taken.setdefault(one.suffix, one.mac) != one.mac:
            yield Problem(where, f"{one.suffix} is already the suffix of {taken[one.suffix]}.")
