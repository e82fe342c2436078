"""Bridges of ours, the ports in them, the tags on ports, and the port to the internet.

Ports are known by name, MAC or slot.  `located` turns these into today's names and says what is
missing: a port that is not there, or may be two, is reported, never guessed.  Interfaces that
somebody else plugged into a bridge of ours (the lab's machines, a container) stay where they are.

A tag on a port is an interface of its own, in a bridge like any other, or the internet's.  Ours
bear a mark (their group), so that they are known again after a crash, and nobody else's is touched.
Where a configuration has tags, a bridge takes frames without one only: else who sits on a port of
it could write the tag of another network, and the bridge would carry it there.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from appliance.model import pppoe
from appliance.model.cards import meant, names
from appliance.model.config import RouterConfig
from appliance.model.vlan import Tagged, link_name
from appliance.model.wan import USUAL_MTU, Wan
from hardware.inventory import Nic

WAN = "wan"
"""What the internet port's network is called in tables and events."""
MARK = 78
"""The group of links that are ours to remove; our number among routes as well (`routes.py`)."""


@dataclass(frozen=True, slots=True)
class Link:
    """One interface: `bridge` says whether it is one; `master` is the bridge that holds it.

    `mtu`, `mac` and `untagged` are None where we have nothing to say; `own_mac` is the card's, if
    it is known.  `parent` and `vlan` are those of a link of ours for a tag.
    """

    bridge: bool
    up: bool
    master: str | None = None
    mtu: int | None = None
    mac: str | None = None
    own_mac: str | None = None
    parent: str | None = None
    vlan: int | None = None
    untagged: bool | None = None  # of a bridge: it takes no frame that bears a tag


State = Mapping[str, Link]
"""Link name to what it is or should be."""
PLAIN = Link(bridge=False, up=True)
"""A port of which nothing is asked but that it is on."""


@dataclass(frozen=True, slots=True)
class AddBridge:
    link: str
    like: str | None  # the port whose MAC it takes, so that it keeps one when ports come and go


@dataclass(frozen=True, slots=True)
class AddVlan:
    """Make a link for a tag; `instead_of` is the one of ours that has its name or its tag now."""

    link: str
    parent: str
    vlan: int
    instead_of: str | None = None


@dataclass(frozen=True, slots=True)
class KeepTagsOut:
    """Whether a bridge takes only frames without a tag."""

    link: str
    untagged: bool


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


@dataclass(frozen=True, slots=True)
class DropVlan:
    link: str


Step = (
    AddBridge
    | AddVlan
    | KeepTagsOut
    | Enslave
    | Release
    | BringUp
    | BringDown
    | SetMtu
    | SetMac
    | DropBridge
    | DropVlan
)


@dataclass(frozen=True, slots=True)
class Missing:
    """A port that the config names and the box does not have, or has more than once."""

    network: str  # or "wan"
    port: str  # as the config names it
    several: tuple[str, ...] = ()  # the interfaces that it may mean


def located(config: RouterConfig, nics: Sequence[Nic]) -> tuple[RouterConfig, tuple[Missing, ...]]:
    """`config` with every port by today's name, and the ports that are not there.

    Without its port the internet side is left out altogether: nothing is forwarded to a guess.
    """
    words, here = meant(nics), names(nics)
    missing = [
        Missing(network.name, port, words.get(port, ()))
        for network in config.networks
        for port in dict.fromkeys((*network.ports, *(one.port for one in network.tagged)))
        if port not in here
    ]
    networks = tuple(
        replace(
            network,
            ports=tuple(here[port] for port in network.ports if port in here),
            tagged=tuple(
                Tagged(here[one.port], one.vlan) for one in network.tagged if one.port in here
            ),
        )
        for network in config.networks
    )
    wan = config.wan
    if wan and wan.port in here:
        wan = replace(wan, port=here[wan.port])
    elif wan:
        missing.append(Missing(WAN, wan.port, words.get(wan.port, ())))
        wan = None
    return replace(config, networks=networks, wan=wan), tuple(missing)


def wanted(config: RouterConfig) -> State:
    """The links of a located config, all up."""
    untagged = True if has_tags(config) else None
    bridge = Link(bridge=True, up=True, untagged=untagged)
    links = {network.bridge: bridge for network in config.networks}
    trunks = {one.port: PLAIN for network in config.networks for one in network.tagged}
    for network in config.networks:
        links |= {port: replace(PLAIN, master=network.bridge) for port in network.ports}
        links |= {
            link_name(one.port, one.vlan): replace(
                PLAIN, master=network.bridge, parent=one.port, vlan=one.vlan
            )
            for one in network.tagged
        }
    return {**trunks, **links, **(_outside(config.wan) if config.wan else {})}


def has_tags(config: RouterConfig) -> bool:
    """Does any port carry a tag?"""
    tagged = any(network.tagged for network in config.networks)
    return tagged or (config.wan is not None and config.wan.vlan is not None)


def made_for_tags(config: RouterConfig) -> frozenset[str]:
    """The links that a located config has for its tags."""
    found = {link_name(one.port, one.vlan) for net in config.networks for one in net.tagged}
    if config.wan and config.wan.vlan is not None:
        found.add(config.wan.cable)
    return frozenset(found)


def trunks(config: RouterConfig) -> tuple[str, ...]:
    """The ports of a located config that carry nothing but tags."""
    plain = {port for network in config.networks for port in network.ports}
    found = [one.port for network in config.networks for one in network.tagged]
    if config.wan and config.wan.vlan is not None:
        found.append(config.wan.port)
    return tuple(dict.fromkeys(port for port in found if port not in plain))


def _outside(wan: Wan) -> State:
    """The port to the internet, and its tag; a larger packet needs a port that lets it through."""
    mtu = _around_session(wan.mtu) if wan.pppoe else wan.mtu
    if wan.vlan is None:
        return {wan.port: replace(PLAIN, mtu=mtu, mac=wan.mac)}
    large = mtu if mtu and mtu > USUAL_MTU else None
    tag = replace(PLAIN, mtu=mtu, mac=wan.mac, parent=wan.port, vlan=wan.vlan)
    return {wan.port: replace(PLAIN, mtu=large), wan.cable: tag}


def _around_session(mtu: int | None) -> int | None:
    """What the cable must carry for a session's packets; None where every cable does."""
    if mtu is None or mtu <= pppoe.MTU:
        return None
    return mtu + pppoe.HEADER_BYTES


def together(states: Iterable[State]) -> State:
    """A scope: what any of `states` says of a link, the later ones first."""
    found: dict[str, Link] = {}
    for state in states:
        for name, link in state.items():
            before = found.get(name, link)
            found[name] = replace(
                link,
                mtu=link.mtu or before.mtu,
                mac=link.mac or before.mac,
                untagged=link.untagged or before.untagged,
            )
    return found


def owned(present: State, scope: State) -> State:
    """The present links that `scope` names, and of each what it has to say; our own tags, too."""
    return {
        name: _seen(link, scope.get(name, PLAIN))
        for name, link in present.items()
        if name in scope or link.vlan is not None
    }


def _seen(link: Link, scope: Link) -> Link:
    return replace(
        link,
        mtu=link.mtu if scope.mtu else None,
        mac=link.mac if scope.mac else None,
        untagged=link.untagged if scope.untagged else None,
    )


def steps(wanted: State, present: State) -> tuple[Step, ...]:
    """List the steps from `present` to `wanted`; a wanted port that is absent gives none.

    What is present and not wanted was ours: a bridge goes, a tag goes, a port leaves its bridge and
    has its own MAC again.
    Tags come after their ports, which must be on first.
    """
    found: list[Step] = []
    for name, link in sorted(wanted.items(), key=_place):
        now, made = _made(name, link, wanted, present)
        if now is not None:
            found.extend((*made, *_changes(name, link, now)))
    replaced = {one.instead_of for one in found if isinstance(one, AddVlan)}
    for name, link in sorted(present.items(), key=_place):
        if name in wanted or name in replaced:
            continue
        if link.bridge:
            found.append(DropBridge(name))
        elif link.vlan is not None:
            found.append(DropVlan(name))
        else:
            found.extend(_of_card(name, PLAIN, link))
            if link.master in {*present, *wanted}:
                found.append(Release(name))
    return tuple(found)


def _made(
    name: str, link: Link, wanted: State, present: State
) -> tuple[Link | None, tuple[Step, ...]]:
    """The link as it is once it is there, and the step that makes it, unless it is.

    None for a port that is absent.  A foreign link of that name is left to the kernel to refuse.
    """
    now = present.get(name)
    if link.bridge and (now is None or not now.bridge):
        return Link(bridge=True, up=False), (AddBridge(name, _first_port(wanted, name)),)
    if link.vlan is None or link.parent is None:
        return now, ()
    if link.parent not in present:
        return None, ()
    if now is not None and (now.parent, now.vlan) == (link.parent, link.vlan):
        return now, ()
    step = AddVlan(name, link.parent, link.vlan, _in_the_way(name, link, present))
    return Link(bridge=False, up=False, parent=link.parent, vlan=link.vlan), (step,)


def _in_the_way(name: str, link: Link, present: State) -> str | None:
    """The link of ours that must go first: it has the same name, or the same tag."""
    same = (
        other
        for other, one in present.items()
        if one.vlan is not None
        and (other == name or (one.parent, one.vlan) == (link.parent, link.vlan))
    )
    return next(same, None)


def _place(row: tuple[str, Link]) -> tuple[bool, str]:
    name, link = row
    return link.vlan is not None, name


def _changes(name: str, link: Link, now: Link) -> list[Step]:
    found: list[Step] = []
    if link.bridge and (link.untagged or now.untagged) and bool(link.untagged) != now.untagged:
        found.append(KeepTagsOut(name, bool(link.untagged)))
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
    """The port whose MAC a bridge takes; of a tag its own port, which is there already."""
    ports = (link.parent or name for name, link in wanted.items() if link.master == bridge)
    return min(ports, default=None)
