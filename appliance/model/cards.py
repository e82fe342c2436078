"""The three words for one card: its name, its MAC, its slot; and which cards of this box they mean.

By its name a port is whatever the kernel calls so today; by its MAC it is that card, wherever it
sits; by its slot (`hardware/slots.py`) it is whatever card sits there.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Final

from appliance.model.config import RouterConfig
from appliance.model.names import MAC_TEXT, SLOT_TEXT
from hardware.inventory import Nic

NAME: Final = "name"
MAC: Final = "mac"
SLOT: Final = "slot"


def known_by(port: str) -> str:
    """Which of the three words a port of a configuration is known by.

    >>> known_by("eth1"), known_by("52:54:00:12:34:56"), known_by("pci-0000:01:00.0")
    ('name', 'mac', 'slot')
    """
    if MAC_TEXT.fullmatch(port):
        return MAC
    return SLOT if SLOT_TEXT.fullmatch(port) else NAME


def meant(nics: Iterable[Nic]) -> Mapping[str, tuple[str, ...]]:
    """Each word that means something on this box, with the names of the interfaces it means.

    More than one are a riddle: two cards of one MAC, or two sockets of one device.  Where one of
    them sits in a slot, the others are made of software over it and bear its MAC.
    """
    found: dict[str, list[Nic]] = {}
    own: dict[str, tuple[str, ...]] = {}
    for nic in nics:
        own[nic.name] = (nic.name,)
        for word in filter(None, () if nic.is_tag else (nic.mac, nic.path)):
            found.setdefault(word, []).append(nic)
    return {word: tuple(one.name for one in _real(those)) for word, those in found.items()} | own


def names(nics: Iterable[Nic]) -> Mapping[str, str]:
    """Each word that means one interface of this box, with that one's name."""
    return {word: those[0] for word, those in meant(nics).items() if len(those) == 1}


def named(config: RouterConfig, names: Mapping[str, str]) -> RouterConfig:
    """The same with every port that is here by its name."""
    return each_port(config, lambda port: names.get(port, port))


def each_port(config: RouterConfig, called: Callable[[str], str]) -> RouterConfig:
    """The same with every port by what `called` makes of it."""
    wan = config.wan
    return replace(
        config,
        networks=tuple(
            replace(
                one,
                ports=tuple(map(called, one.ports)),
                tagged=tuple(replace(it, port=called(it.port)) for it in one.tagged),
            )
            for one in config.networks
        ),
        wan=wan and replace(wan, port=called(wan.port)),
    )


def every_port(config: RouterConfig) -> Iterator[str]:
    """Each port that a configuration names, as often as it does."""
    for network in config.networks:
        yield from network.ports
        yield from (one.port for one in network.tagged)
    if config.wan:
        yield config.wan.port


def _real(nics: list[Nic]) -> list[Nic]:
    return [nic for nic in nics if nic.path] or nics
