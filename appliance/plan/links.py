"""Bridges of ours, the ports in them, and the port to the internet.

Ports are known by name or MAC.  `located` turns MACs into today's names and says what is missing:
a port that is not there is reported, never guessed.  Interfaces that somebody else plugged into a
bridge of ours (the lab's machines, a container) stay where they are.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from appliance.model.config import RouterConfig
from appliance.model.wan import USUAL_MTU
from hardware.inventory import Nic

WAN = "wan"
"""What the internet port's network is called in tables and events."""


@dataclass(frozen=True, slots=True)
class Link:
    """One interface: `bridge` says whether it is one; `master` is the bridge that holds it.

    `mtu` and `mac` are None where we have nothing to say; `own_mac` is the card's, if it is known.
    """

    bridge: bool
    up: bool
    master: str | None = None
    mtu: int | None = None
    mac: str | None = None
    own_mac: str | None = None


State = Mapping[str, Link]
"""Link name to what it is or should be."""


@dataclass(frozen=True, slots=True)
class AddBridge:
    link: str
    like: str | None  # the port whose MAC it takes, so that it keeps one when ports come and go


@dataclass(frozen=True, slots=True)
class Enslave:
    link: str
    bridge: str


@dataclass(frozen=True, slots=True)
class Release:
    link: str


@dataclass(frozen=True, slots=True)
class BringUp:
    link: str


@dataclass(frozen=True, slots=True)
class BringDown:
    link: str


@dataclass(frozen=True, slots=True)
class SetMtu:
    link: str
    mtu: int  # bytes


@dataclass(frozen=True, slots=True)
class SetMac:
    link: str
    mac: str


@dataclass(frozen=True, slots=True)
class DropBridge:
    link: str


Step = AddBridge | Enslave | Release | BringUp | BringDown | SetMtu | SetMac | DropBridge


@dataclass(frozen=True, slots=True)
class Missing:
    """A port that the config names and the box does not have."""

    network: str  # or "wan"
    port: str  # as the config names it


def located(config: RouterConfig, nics: Sequence[Nic]) -> tuple[RouterConfig, tuple[Missing, ...]]:
    """`config` with every port by today's name, and the ports that are not there.

    Without its port the internet side is left out altogether: nothing is forwarded to a guess.
    """
    names = {nic.name: nic.name for nic in nics} | {nic.mac: nic.name for nic in nics if nic.mac}
    missing = [
        Missing(network.name, port)
        for network in config.networks
        for port in network.ports
        if port not in names
    ]
    networks = tuple(
        replace(network, ports=tuple(names[port] for port in network.ports if port in names))
        for network in config.networks
    )
    wan = config.wan
    if wan and wan.port in names:
        wan = replace(wan, port=names[wan.port])
    elif wan:
        missing.append(Missing(WAN, wan.port))
        wan = None
    return replace(config, networks=networks, wan=wan), tuple(missing)


def wanted(config: RouterConfig) -> State:
    """The links of a located config, all up."""
    links = {network.bridge: Link(bridge=True, up=True) for network in config.networks}
    for network in config.networks:
        links |= {
            port: Link(bridge=False, up=True, master=network.bridge) for port in network.ports
        }
    if config.wan:
        wan = config.wan
        own = None if wan.pppoe else wan.mtu  # the session has its own packets
        links[wan.port] = Link(bridge=False, up=True, mtu=own, mac=wan.mac)
    return links


def together(states: Iterable[State]) -> State:
    """A scope: what any of `states` says of a link, the later ones first."""
    found: dict[str, Link] = {}
    for state in states:
        for name, link in state.items():
            before = found.get(name, link)
            found[name] = replace(link, mtu=link.mtu or before.mtu, mac=link.mac or before.mac)
    return found


def owned(present: State, scope: State) -> State:
    """The present links that `scope` names, and of each what it has to say."""
    return {
        name: replace(
            link,
            mtu=link.mtu if scope[name].mtu else None,
            mac=link.mac if scope[name].mac else None,
        )
        for name, link in present.items()
        if name in scope
    }


def steps(wanted: State, present: State) -> tuple[Step, ...]:
    """List the steps from `present` to `wanted`; a wanted port that is absent gives none.

    What is present and not wanted was ours: a bridge goes, a port leaves its bridge.
    """
    found: list[Step] = []
    for name, link in sorted(wanted.items()):
        now = present.get(name)
        if now is None and not link.bridge:
            continue
        if now is None or link.bridge != now.bridge:  # a foreign link of that name: kernel refuses
            found.append(AddBridge(name, _first_port(wanted, name)))
            now = Link(bridge=True, up=False)
        found.extend(_changes(name, link, now))
    for name, link in sorted(present.items()):
        if name not in wanted and link.bridge:
            found.append(DropBridge(name))
        elif name not in wanted and link.master in {*present, *wanted}:
            found.append(Release(name))
    return tuple(found)


def _changes(name: str, link: Link, now: Link) -> list[Step]:
    found: list[Step] = []
    if link.master != now.master:
        found.append(Enslave(name, link.master) if link.master else Release(name))
    found.extend(_of_card(name, link, now))
    if link.up != now.up:
        found.append(BringUp(name) if link.up else BringDown(name))
    return found


def _of_card(name: str, link: Link, now: Link) -> Iterator[Step]:
    """What was ours and is no longer asked for goes back to what is usual."""
    mtu = link.mtu or (USUAL_MTU if now.mtu else None)
    mac = link.mac or (now.own_mac if now.mac else None)
    if mac and mac != now.mac:
        yield SetMac(name, mac)
    if mtu and mtu != now.mtu:
        yield SetMtu(name, mtu)


def _first_port(wanted: State, bridge: str) -> str | None:
    return min((name for name, link in wanted.items() if link.master == bridge), default=None)
