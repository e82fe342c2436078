"""The router's own ports, to choose from: what is plugged in, whose each is, how it is known."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from appliance.errors import Problem, Refused
from appliance.model.cards import MAC, NAME, SLOT, known_by, meant, names
from appliance.model.config import RouterConfig
from appliance.store.trials import PortRow

INTERNET = "the internet"
EACH: Final = "each"
KNOWN: Mapping[str, tuple[str, str]] = {
    NAME: ("Name", "Whatever the kernel calls so: another card may get it when cards change."),
    MAC: ("Card (MAC)", "That card, in any slot. A new card in its place has to be chosen here."),
    SLOT: ("Slot", "Whatever card sits there, a new one too. One that moves away leaves it."),
    EACH: ("Each as it is now", "Some by one word, some by another."),
}
"""What a port is known by, and what becomes of it when its card is replaced."""
GONE: Mapping[str, str] = {
    NAME: "not there today",
    MAC: "no card has this MAC today",
    SLOT: "no card is in this slot today",
}


class PortChoice(NamedTuple):
    """One port; `value` is its name, or how the configuration calls one that is not there."""

    value: str
    under: str  # its MAC and slot, whether something is plugged in, whose it is
    chosen: bool


class Known(NamedTuple):
    """One of the words that ports may be known by."""

    value: str
    label: str
    hint: str
    chosen: bool


def offered(
    ports: Sequence[PortRow], config: RouterConfig, picked: Iterable[str], own: str
) -> tuple[PortChoice, ...]:
    """Every port of the box, then those that are picked and not there.

    `own` is the network, or INTERNET, that the form is about: it is not told as an owner.
    """
    nics = tuple(port.nic for port in ports)
    words, today = meant(nics), names(nics)
    wanted = {today.get(one, one) for one in picked}
    owners = {today.get(port, port): owner for port, owner in _owners(config).items()}
    found = []
    for port in ports:
        owner = owners.get(port.link, "")
        told = (
            port.mac,
            port.path,
            "plugged in" if port.up else "nothing plugged in",
            f"now of {owner}" if owner and owner != own else "",
        )
        found.append(PortChoice(port.link, ", ".join(filter(None, told)), port.link in wanted))
    lost = sorted(wanted - {port.link for port in ports})
    gone = (PortChoice(one, _lost(one, words.get(one, ())), chosen=True) for one in lost)
    return (*found, *gone)


def known(ports: Sequence[PortRow], chosen: str) -> tuple[Known, ...]:
    """What there is to choose from; slots where this box has any."""
    slots = any(port.path for port in ports)
    left_out = {EACH, *(() if slots else (SLOT,))} - {chosen}
    return tuple(
        Known(value, label, hint, value == chosen)
        for value, (label, hint) in KNOWN.items()
        if value not in left_out
    )


def chosen(
    picked: Iterable[str],
    ports: Sequence[PortRow],
    by: str,
    present: Iterable[str] = (),
    place: tuple[str, ...] = ("ports",),
) -> tuple[str, ...]:
    """The picked ports as the configuration is to know them; one that is not there stays.

    `present` are its words until now, for EACH.  Raises Refused for a port without such a word.
    """
    today = names(port.nic for port in ports)
    rows = {port.link: port for port in ports}
    before = {today.get(word, word): word for word in present}
    here = [(one, rows.get(today.get(one, one))) for one in picked]
    words = {row.link: _word(row, by, before) for _, row in here if row}
    if lost := [link for link, word in words.items() if today.get(word) != link]:
        label = {MAC: "MAC", SLOT: "slot"}.get(by, "word")
        what = f"{', '.join(lost)} has no {label} of its own; choose another word for it."
        raise Refused(Problem(place, what))
    return tuple(dict.fromkeys(words[row.link] if row else one for one, row in here))


def by(ports: Iterable[str]) -> str:
    """What ports are known by.

    >>> by(("eth1",)), by(("eth1", "52:54:00:00:00:01")), by(("pci-0000:01:00.0",)), by(())
    ('name', 'each', 'slot', 'name')
    """
    kinds = {known_by(one) for one in ports} or {NAME}
    return kinds.pop() if len(kinds) == 1 else EACH


def _word(port: PortRow, by: str, before: Mapping[str, str]) -> str:
    words = {MAC: port.mac, SLOT: port.path, EACH: before.get(port.link, port.link)}
    return words.get(by, port.link)


def _lost(port: str, several: Sequence[str]) -> str:
    return f"may be {' and '.join(several)} today" if several else GONE[known_by(port)]


def _owners(config: RouterConfig) -> dict[str, str]:
    """Port, as the configuration calls it, to its network's name or INTERNET."""
    found = {one.port: network.name for network in config.networks for one in network.tagged}
    found |= {port: network.name for network in config.networks for port in network.ports}
    if config.wan:
        found[config.wan.port] = INTERNET
    return found
