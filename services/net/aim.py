"""Where a configuration leads on this very box, and what there is to tell about its ports."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from appliance.errors import Problem, Refused
from appliance.events import (
    Event,
    LinkMissing,
    LinkReturned,
    LinkUnclear,
    PrefixDelegated,
    PrefixGone,
)
from appliance.model import migrate, read
from appliance.model.able import refusals, within
from appliance.model.cards import names
from appliance.model.check import problems
from appliance.model.check_cards import hidden
from appliance.model.config import SCHEMA, RouterConfig
from appliance.model.dns import Upstream
from appliance.model.facts import NOTHING_FOUND, Facts
from appliance.model.outside import STRANGERS_LINK
from appliance.model.schedule import current
from appliance.model.stays import Stay
from appliance.model.wan import StaticAddress
from appliance.model.way import Learned, Lease
from appliance.plan import links, order, routes
from appliance.plan.addresses import Interface
from appliance.plan.beside import beside
from appliance.plan.links import WAN, Missing, located, made_for_tags
from appliance.plan.shaping import THROUGH
from appliance.plan.slices import session
from appliance.store.inventory_view import MachineView
from appliance.store.trials import PortRow
from hardware.inventory import Nic

NOTHING = Learned()


@dataclass(frozen=True, slots=True)
class Aim:
    """Where a config leads on this box today: the located config, its state, its missing ports.

    `lease` is what the provider gave, if the config asks for it.  `scope` is what of the kernel is
    ours to touch: what is wanted, and the provider's former addresses.
    """

    config: RouterConfig
    wanted: order.State
    missing: tuple[Missing, ...]
    lease: Lease | None = None
    scope: order.State = field(default_factory=order.State)
    facts: Facts = NOTHING_FOUND

    def turned_from(self, before: "Aim | None") -> bool:
        """Has a rule's time come, the provider given something else, or the owner let somebody in,
        or a source somewhere?  That is no drift."""
        return before is not None and self._told != before._told

    @property
    def out(self) -> bool:
        """Has the way out its link?  A session's comes with its address."""
        wan = self.config.wan
        return wan is not None and (wan.is_there or self.lease is not None)

    @property
    def _told(self) -> tuple[object, ...]:
        return self.config, self.lease, self.facts.admitted, self.facts.foreign


def aim(
    config: RouterConfig,
    nics: Sequence[Nic],
    now: float,
    staying: Sequence[Stay] = (),
    learned: Learned = NOTHING,
    facts: Facts = NOTHING_FOUND,
) -> Aim:
    """Find the config's ports among the box's, and its rules that hold at `now` (Unix seconds);
    `staying` is what stands beside it, `learned` what the provider gave for its way out, `facts`
    what else was found."""
    here, missing = located(current(within(config, facts), now), nics)
    lease = usable(here, learned, staying)
    whole = _on_paper(here, lease) if lease else here
    wanted = order.wanted(whole, facts)
    if here.wan and here.wan.pppoe:  # whose cable stays: the kernel ends a session when it changes
        wanted = replace(wanted, links=links.wanted(here))
    wanted = beside(wanted, whole, staying)
    if lease and here.wan:
        more = {routes.Route(one.destination, one.gateway, here.wan.link) for one in lease.ways}
        here, wanted = _named(here, lease), replace(wanted, routes=wanted.routes | more)
    former: dict[str, frozenset[Interface]] = {}
    for link, address in learned.former:
        former[link] = former.get(link, frozenset()) | {address}
    scope = order.together(wanted, order.State(addresses=former))
    return Aim(here, wanted, missing, lease, scope, facts)


def usable(config: RouterConfig, learned: Learned, staying: Sequence[Stay] = ()) -> Lease | None:
    """The lease for a located config's way out; None when it asks for none, or has none.

    The LAN is the owner's path: an address that overlaps it is left out until `wan` has given it
    back.  A session with other words, or over another cable, is another session: what the last one
    gave ends with it, and that is soon.
    """
    held, wan = learned.held, config.wan
    if held is None or wan is None or wan.static or wan.link != held.link:
        return None
    if (asked := session(wan)) and asked.name != held.session:
        return None
    ours = [one.address for one in config.networks] + [one.address for one in staying]
    clash = any(held.lease.address.network.overlaps(one.network) for one in ours)
    return None if clash or held.lease.gateway is None else held.lease


def _on_paper(config: RouterConfig, lease: Lease) -> RouterConfig:
    """As if the owner had written the lease down: all else follows as for such an address."""
    assert config.wan
    assert lease.gateway
    static = StaticAddress(lease.address, lease.gateway)
    asked = None if config.wan.pppoe else config.wan.mtu  # what both ends of a session agreed on
    mtu = asked or lease.mtu or config.wan.mtu
    return replace(config, wan=replace(config.wan, static=static, mtu=mtu))


def _named(config: RouterConfig, lease: Lease) -> RouterConfig:
    """Names are asked of the provider's servers where the owner has named none."""
    if config.dns.upstreams or not lease.name_servers:
        return config
    own = {network.address.ip for network in config.networks}
    learned = tuple(Upstream(one) for one in lease.name_servers if one not in own)
    return replace(config, dns=replace(config.dns, upstreams=learned))


def parsed(text: str) -> RouterConfig:
    """The config in a revision's JSON, whatever its layout.  Raises Refused.

    What was kept once is not checked again: a newer rule must not take the network down.
    """
    try:
        stored = json.loads(text)
    except ValueError as error:
        raise Refused(Problem((), f"The revision is not JSON: {error}.")) from error
    if isinstance(stored, dict) and isinstance(stored.get("schema", SCHEMA), int):
        stored = migrate.upgraded(stored)
    return read.config(stored)


def checked(text: str, facts: Facts = NOTHING_FOUND, nics: Sequence[Nic] = ()) -> RouterConfig:
    """The config in a revision's JSON.  Raises Refused with every problem it has on this box."""
    config = parsed(text)
    here = names(nics)
    if found := (*problems(config), *refusals(config, facts), *hidden(config, here)):
        raise Refused(*found)
    return config


def link_events(before: Iterable[Missing], now: Iterable[Missing]) -> tuple[Event, ...]:
    """What to tell when the missing ports change."""
    old, new = {_place(one): one for one in before}, {_place(one): one for one in now}
    back = (LinkReturned(*place) for place in sorted(old.keys() - new.keys()))
    return (*(_lost(one) for _, one in sorted(new.items()) if one not in old.values()), *back)


def _lost(one: Missing) -> Event:
    if one.several:
        return LinkUnclear(one.network, one.port, " and ".join(one.several))
    return LinkMissing(one.network, one.port)


def prefix_events(before: Facts, now: Facts) -> tuple[Event, ...]:
    """What to tell when the provider delegates something else."""
    old, new = before.delegated, now.delegated
    if old == new:
        return ()
    return (
        *([PrefixGone(str(old))] if old else []),
        *([PrefixDelegated(str(new))] if new else []),
    )


def port_rows(nics: Iterable[Nic], config: RouterConfig | None) -> tuple[PortRow, ...]:
    """The box's interfaces with the network each belongs to under a located config."""
    owner: dict[str, str] = {}
    for network in config.networks if config else ():
        owner = {one.port: network.name for one in network.tagged} | owner
        owner |= dict.fromkeys(network.ports, network.name)
    if config and config.wan:
        owner[config.wan.port] = WAN
    hidden = made_for_tags(config) if config else frozenset[str]()
    return tuple(
        PortRow(nic.name, nic.mac, nic.carrier, owner.get(nic.name), nic.path)
        for nic in nics
        if nic.name not in {*hidden, STRANGERS_LINK, THROUGH}
    )


def names_by_mac(machines: Iterable[MachineView]) -> Mapping[str, str]:
    """The inventory's machine names for dns."""
    return {mac: machine.name for machine in machines for _, mac in machine.macs}


def _place(one: Missing) -> tuple[str, str]:
    return one.network, one.port
