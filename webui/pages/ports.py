"""The router's own ports, to choose from: what is plugged in, and whose each one is."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from appliance.model.config import RouterConfig
from appliance.model.names import MAC_TEXT
from appliance.store.trials import PortRow

INTERNET = "the internet"


class PortChoice(NamedTuple):
    """One port; `value` is its name, or how the configuration calls one that is not there."""

    value: str
    under: str  # its MAC, whether something is plugged in, whose it is
    chosen: bool


def offered(
    ports: Sequence[PortRow], config: RouterConfig, picked: Iterable[str], own: str
) -> tuple[PortChoice, ...]:
    """Every port of the box, then those that are picked and not there.

    `own` is the network, or INTERNET, that the form is about: it is not told as an owner.
    """
    wanted, owners = set(picked), _owners(config)
    there = {name for port in ports for name in (port.link, port.mac)}
    found = []
    for port in ports:
        owner = owners.get(port.link) or owners.get(port.mac, "")
        told = (
            port.mac,
            "plugged in" if port.up else "nothing plugged in",
            f"now of {owner}" if owner and owner != own else "",
        )
        picks = port.link in wanted or port.mac in wanted
        found.append(PortChoice(port.link, ", ".join(filter(None, told)), picks))
    gone = (PortChoice(name, "not there today", chosen=True) for name in sorted(wanted - there))
    return (*found, *gone)


def chosen(picked: Iterable[str], ports: Sequence[PortRow], *, by_mac: bool) -> tuple[str, ...]:
    """The picked ports as the configuration is to know them; one that is not there stays."""
    macs = {port.link: port.mac for port in ports if port.mac}
    names = {port.mac: port.link for port in ports if port.mac}
    table = macs if by_mac else names
    return tuple(dict.fromkeys(table.get(one, one) for one in picked))


def by_mac(ports: Iterable[str]) -> bool:
    """Whether ports are known by their MAC.

    >>> by_mac(("eth1",)), by_mac(("eth1", "52:54:00:00:00:01")), by_mac(())
    (False, True, False)
    """
    return any(MAC_TEXT.fullmatch(one) for one in ports)


def _owners(config: RouterConfig) -> dict[str, str]:
    """Port, as the configuration calls it, to its network's name or INTERNET."""
    found = {one.port: network.name for network in config.networks for one in network.tagged}
    found |= {port: network.name for network in config.networks for port in network.ports}
    if config.wan:
        found[config.wan.port] = INTERNET
    return found
