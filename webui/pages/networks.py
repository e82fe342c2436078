"""/networks: what each network is, who else answers on it, and whether we answer beside them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance import events
from appliance.actions import draft
from appliance.actions import networks as deeds
from appliance.actions.refusals import Unknown
from appliance.errors import Problem
from appliance.events import ForeignBootServer, ForeignServer
from appliance.model.config import RouterConfig
from appliance.model.slices import DhcpNetwork, DnsNetwork, Slices
from appliance.model.vlan import said
from appliance.store import journals
from appliance.store.leases import LeaseRow
from appliance.store.trials import PortRow
from webui import phrases
from webui.forms import Text, ticked
from webui.pages import frame, happened, online, troubles
from webui.pages.frame import Shell
from webui.pages.happened import OF_NETWORKS, Happened
from webui.pages.page import Fact, after, known_facts, own_path, page
from webui.pages.states import Pill
from webui.pages.traffic import NetworkTraffic, of_networks
from webui.pages.troubles import Trouble
from webui.session import Here, Owning, Signed

router = APIRouter(include_in_schema=False)
SHOWN_EVENTS = 12


class Other(NamedTuple):
    """Another server on the network, and what it was heard to give."""

    address: str
    mac: str
    what: str


class Network(NamedTuple):
    """One network, ready to print."""

    name: str
    state: Pill
    facts: tuple[Fact, ...]
    others: tuple[Other, ...]
    gives: bool  # DHCP is ours to answer
    beside: bool  # we answer though others do
    pending: bool  # the draft says otherwise
    stays: bool  # it is in the draft, too, so that it can be changed
    wrong: str  # what is wrong with it beside other servers, "" for nothing


class Drafted(NamedTuple):
    """A network that is not applied yet."""

    name: str
    what: str


class Way(NamedTuple):
    """What belongs to no network: the way out, the names; with the page that changes it."""

    name: str
    value: str
    href: str
    deed: str


class NetworksView(NamedTuple):
    """The page."""

    shell: Shell
    lead: str
    internet: Pill
    way_out: tuple[Fact, ...]
    troubles: tuple[Trouble, ...]  # about no network in particular
    networks: tuple[Network, ...]
    traffic: Mapping[str, NetworkTraffic]  # by the network's name
    drafted: tuple[Drafted, ...]  # of the draft alone
    ways: tuple[Way, ...]
    happened: tuple[Happened, ...]


@router.get("/networks")
def show(here: Signed) -> Response:
    """The page."""
    return page("networks.html", built(here))


@router.get("/networks/now")
def now(here: Signed) -> Response:
    """All of it that moves."""
    return page("networks/now.html", built(here))


@router.post("/networks/{name}/beside")
def beside(here: Owning, name: str, answer: Text = "") -> Response:
    """Answer though another DHCP server does, or keep quiet; a change of the draft."""
    yes = ticked(answer)
    done = draft.edit(
        here.desk,
        here.actor,
        lambda config: answering(config, name, yes=yes),
        f"DHCP on {name} is to {'answer' if yes else 'keep quiet'} beside another server.",
    )
    return after("/networks", done.act)


@router.post("/networks/{name}/unknown")
def unknown(here: Signed, name: str, gets: Text = "", back: Text = "/networks") -> Response:
    """Decide what unknown machines get there."""
    kind, _, menu = gets.partition(":")
    done = deeds.set_network_default(here.desk, here.actor, name, kind, menu=menu or None)
    return after(own_path(back, "/networks"), done.act)


def answering(config: RouterConfig, name: str, *, yes: bool) -> RouterConfig:
    """The same configuration with that network's decision.  Raises Unknown."""
    if not any(one.name == name and one.dhcp for one in config.networks):
        raise Unknown(Problem((), f"DHCP is not answered on a network called {name}."))
    return replace(
        config,
        networks=tuple(
            replace(one, dhcp=replace(one.dhcp, answer_beside_others=yes))
            if one.name == name and one.dhcp
            else one
            for one in config.networks
        ),
    )


def built(here: Here) -> NetworksView:
    """The view of this moment."""
    reads = here.reads
    called = happened.names(reads.machines(), reads.sources())
    slices, waiting = reads.slices(), edited(here)
    found, way = troubles.present(reads, called, here.now), reads.way()
    return NetworksView(
        shell=frame.shell(here, "network", "Networks"),
        lead=lead(slices),
        internet=online.PILLS[way.stand],
        way_out=online.facts(way, here.now),
        troubles=tuple(one for one in found if not hasattr(one.event, "network")),
        networks=networks(
            slices,
            waiting,
            [one.event for one in reads.network_troubles()],
            reads.leases(),
            reads.ports(),
            found,
            here.now,
        ),
        traffic={
            one.name: one
            for one in of_networks(here, [n.name for n in slices.dns.networks] if slices else [])
        },
        drafted=drafted(slices, waiting),
        ways=ways(waiting) if waiting and here.actor.may("admin") else (),
        happened=happened.told(
            journals.older(reads, SHOWN_EVENTS, kinds=OF_NETWORKS).told, called, here.now
        ),
    )


def edited(here: Here) -> RouterConfig | None:
    """The configuration that the forms change; None before the first."""
    try:
        return draft.edited(here.desk)
    except Unknown:
        return None


def drafted(slices: Slices | None, wanted: RouterConfig | None) -> tuple[Drafted, ...]:
    """The networks that the draft has and the router not yet."""
    there = {one.name for one in slices.dns.networks} if slices else set()
    return tuple(
        Drafted(one.name, f"{one.address} over {phrases.listing(one.members) or 'no port'}")
        for one in (wanted.networks if wanted else ())
        if one.name not in there
    )


def ways(config: RouterConfig) -> tuple[Way, ...]:
    """The rest of the configuration's page."""
    wan, upstreams = config.wan, [str(one.address) for one in config.dns.upstreams]
    how = f"with {wan.static.address}" if wan and wan.static else "by DHCP"
    how = f"by PPPoE as {wan.pppoe.user}" if wan and wan.pppoe else how
    learned = "the provider’s servers" if wan and not wan.static else "nobody"
    return (
        Way(
            "The way to the internet",
            f"{said(wan.port, wan.vlan)}, {how}" if wan else "none",
            "/networks/internet",
            "Change the way to the internet",
        ),
        Way(
            "The router’s name",
            f"{config.hostname}.{config.domain}",
            "/networks/router",
            "Change the router’s name",
        ),
        Way(
            "Names of the internet",
            f"asked of {phrases.listing(upstreams) or learned}",
            "/networks/router",
            "Change the name servers",
        ),
        Way(
            "IPv6 prefix of our own",
            str(config.ula or "none"),
            "/networks/router#ula",
            "Change the IPv6 prefix of our own",
        ),
        Way(
            "Networks behind other routers",
            phrases.listing([str(one.destination) for one in config.routes]) or "none",
            "/networks/routes",
            "Change the routes",
        ),
        Way(
            "The time",
            f"asked of {phrases.listing(config.time.servers) or 'nobody'}",
            "/networks/time",
            "Change the time",
        ),
    )


def lead(slices: Slices | None) -> str:
    """How many there are."""
    if slices is None:
        return "The network role has not started yet."
    many = phrases.counted(len(slices.dns.networks), "network")
    return phrases.sentence(f"{many}, as of revision {slices.revision} of the configuration")


def networks(
    slices: Slices | None,
    wanted: RouterConfig | None,
    heard: Sequence[events.Event],
    leases: Sequence[LeaseRow],
    ports: Sequence[PortRow],
    found: Sequence[Trouble],
    now: float,
) -> tuple[Network, ...]:
    """Every network in force, with what was `heard` of other servers on it."""
    if slices is None:
        return ()
    decided = {
        one.name: one.dhcp.answer_beside_others
        for one in (wanted.networks if wanted else ())
        if one.dhcp
    }
    boots = {one.name for one in slices.booting}
    caches = {one.name for one in slices.boot if one.cache}
    gives = {one.name: one for one in slices.dhcp}
    rows = []
    for one in slices.dns.networks:
        dhcp = gives.get(one.name)
        here = bool(dhcp and dhcp.answer_beside_others)
        others = tuple(other for event in heard if (other := _other(event, one.name)))
        wrong = [
            each.what
            for each in found
            if each.kind == "bad"
            and getattr(each.event, "network", "") == one.name
            and not isinstance(each.event, ForeignServer | ForeignBootServer)
        ]
        rows.append(
            Network(
                name=one.name,
                state=_state(dhcp, others, wrong),
                facts=_facts(
                    one,
                    dhcp,
                    leases,
                    now,
                    ports,
                    boots=one.name in boots,
                    caches=one.name in caches,
                ),
                others=others,
                gives=dhcp is not None,
                beside=here,
                pending=dhcp is not None and decided.get(one.name, here) != here,
                stays=wanted is not None and any(each.name == one.name for each in wanted.networks),
                wrong=" ".join(wrong),
            )
        )
    return tuple(rows)


def _state(dhcp: DhcpNetwork | None, others: Sequence[Other], wrong: Sequence[str]) -> Pill:
    if dhcp is None:
        return Pill("off", "Gives no addresses")
    if others and not dhcp.answer_beside_others:
        return Pill("hold", "Keeps quiet")
    return Pill("warn", "Look at it") if wrong or others else Pill("ok", "Answers")


def _facts(
    network: DnsNetwork,
    dhcp: DhcpNetwork | None,
    leases: Sequence[LeaseRow],
    now: float,
    ports: Sequence[PortRow],
    *,
    boots: bool,
    caches: bool,
) -> tuple[Fact, ...]:
    held = [one for one in leases if one.network == network.name and one.ends_at > now]
    given = sum(one.state == "bound" for one in held)
    resting = sum(one.state == "declined" for one in held)  # somebody else used them
    mine = [one for one in ports if one.network == network.name]
    links = [one.link if one.up else f"{one.link}, unplugged" for one in mine]
    found = [
        Fact("The router’s address", str(network.address), code=True),
        Fact("By IPv6", ", ".join(map(str, network.six)), code=True),
        Fact("Ports", "; ".join(links)),
        Fact("Machines boot", "yes" if boots else "no"),
        Fact("Binary cache", "yes" if caches else "no"),
        Fact("Blocked names", "" if network.filtered else "none here"),
    ]
    if dhcp:
        size = int(dhcp.last) - int(dhcp.first) + 1
        found += [
            Fact("Pool", f"{dhcp.first} – {dhcp.last}", code=True),
            Fact("Given", f"{phrases.number(given)} of {phrases.number(size)}"),
            Fact("Resting", phrases.count(resting, "address", "addresses") if resting else ""),
            Fact("A lease lasts", phrases.duration(dhcp.lease_seconds)),
        ]
    return known_facts(*found)


def _other(event: events.Event, network: str) -> Other | None:
    """What was heard of another server there; None when it says nothing of one."""
    if isinstance(event, ForeignServer) and event.network == network:
        gave = f"gave {event.offers}" if event.offers else "gives addresses"
        what = f"{gave}, and tells machines what to boot: {event.what}" if event.what else gave
        return Other(event.server, event.mac, phrases.sentence(what))
    if isinstance(event, ForeignBootServer) and event.network == network:
        return Other(event.server, event.mac, f"Tells machines what to boot: {event.what}.")
    return None
