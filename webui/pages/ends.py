"""One side of a rule as text: a device, an address or a network a line."""

from collections.abc import Iterator
from ipaddress import IPv4Network, ip_network

from appliance.errors import Problem
from appliance.model.config import Reservation, RouterConfig
from appliance.model.firewall import Ends
from appliance.model.names import mac_from
from appliance.model.policy import device_name


def written(config: RouterConfig, ends: Ends) -> str:
    """`ends` as a person types them: devices by name, addresses without needless prefix."""
    networks = (*map(_short, map(str, ends.v4)), *map(_short, map(str, ends.v6)))
    return "\n".join((*(device_name(config, mac) for mac in ends.devices), *networks))


def read(
    text: str, config: RouterConfig, place: str
) -> tuple[dict[str, list[str]], tuple[Problem, ...]]:
    """The JSON of what was typed, and what of it is neither device nor address."""
    known = {one.name: one.mac for one in reservations(config) if one.name}
    found: dict[str, list[str]] = {"devices": [], "v4": [], "v6": []}
    wrong = []
    for number, line in enumerate(text.splitlines(), 1):
        word = line.strip()
        if not word:
            continue
        kind, value = _one(known.get(word.lower(), word))
        if kind:
            found[kind].append(value)
        else:
            what = f"Line {number}: {word} is no device with a fixed address, and no address."
            wrong.append(Problem((place,), what))
    return found, tuple(wrong)


def reservations(config: RouterConfig) -> Iterator[Reservation]:
    """Every device with a fixed address."""
    for network in config.networks:
        yield from network.dhcp.reservations if network.dhcp else ()


def _one(word: str) -> tuple[str, str]:
    try:
        return "devices", mac_from(word)
    except ValueError:
        pass
    try:
        network = ip_network(word, strict=False)
    except ValueError:
        return "", word
    return ("v4" if isinstance(network, IPv4Network) else "v6"), str(network)


def _short(network: str) -> str:
    return network.removesuffix("/32") if "." in network else network.removesuffix("/128")
