"""/firewall/why: what becomes of one conversation, and which line decides it."""

from collections.abc import Collection, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from types import MappingProxyType
from typing import Annotated, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Depends
from starlette.responses import Response

from appliance.actions import draft
from appliance.actions import traces as deeds
from appliance.actions.known_devices import Known, known
from appliance.errors import Problem, Refused
from appliance.model.config import RouterConfig
from appliance.model.firewall import INTERNET, ROUTER
from appliance.model.names import mac_from
from appliance.model.policy import NEWCOMERS
from appliance.model.reachability import Packet, Verdict, verdict
from appliance.plan.devices import BLOCKED_FROM, BLOCKED_TO
from webui.forms import Text, beside, whole
from webui.pages import ends, frame
from webui.pages.because import because
from webui.pages.choices import Choice
from webui.pages.frame import Shell
from webui.pages.page import Field, after, page
from webui.pages.rule import to_choose, zones_to_choose
from webui.pages.states import Pill
from webui.pages.traces import TraceView, traced
from webui.session import Here, Owning, Signed

router = APIRouter(include_in_schema=False)
PATH = "/firewall/why"
PROTOCOLS: Mapping[str, str] = {"tcp": "TCP", "udp": "UDP", "icmp": "Ping (ICMP)"}
SOMEBODY = IPv4Address("198.51.100.1")
"""Stands for any address of the internet (RFC 5737)."""


class WhyView(NamedTuple):
    """The page; without `state` nothing was asked yet."""

    shell: Shell
    sources: tuple[Choice, ...]
    sender: Field
    destinations: tuple[Choice, ...]
    receiver: Field
    protocols: tuple[Choice, ...]
    port: Field
    state: Pill | None
    why: str
    href: str  # the page of what decides, "" for what is built in
    deed: str
    trace: TraceView | None  # for owners, once something was asked


class PacketsView(NamedTuple):
    """Its packets alone."""

    trace: TraceView


class Asked(NamedTuple):
    """The conversation as it was typed."""

    source: str = ""
    sender: str = ""
    destination: str = ""
    receiver: str = ""
    protocol: str = "tcp"
    port: str = ""


Query = Annotated[Asked, Depends()]


@router.get(PATH)
def show(here: Signed, asked: Query) -> Response:
    """The form, and its answer once something was asked."""
    return page("why.html", built(here, asked))


@router.get("/firewall/trace")
def packets(here: Owning, asked: Query) -> Response:
    """What becomes of its packets."""
    return page("why/trace.html", PacketsView(traced(here, framed(here), asked._asdict())))


@router.post("/firewall/trace")
def watch(
    here: Owning,
    source: Text = "",
    sender: Text = "",
    destination: Text = "",
    receiver: Text = "",
    protocol: Text = "",
    port: Text = "",
    stop: Text = "",
) -> Response:
    """Have its packets watched, or nobody's any more."""
    asked = Asked(source, sender, destination, receiver, protocol, port)
    back = f"{PATH}?{urlencode(asked._asdict())}"
    if stop:
        return after(back, deeds.stop(here.desk, here.actor).act)
    typed = deeds.Typed(source, sender, destination, receiver, protocol, whole(port))
    try:
        return after(back, deeds.trace(here.desk, here.actor, typed).act)
    except Refused as refused:
        return page("why.html", built(here, asked, beside(refused)), 422)


def built(here: Here, asked: Asked, problems: Mapping[str, str] = MappingProxyType({})) -> WhyView:
    """The view of this moment; `problems` are those of a watch that was refused, by field."""
    config = draft.edited(here.desk)
    networks = tuple(one.name for one in config.networks)
    wrong = dict(problems)
    everybody = known(here.reads)
    found: Verdict | None = None
    if asked.source:
        try:
            found = judged(config, asked, everybody, here.now)
        except Refused as refused:
            wrong |= beside(refused)
    why, href, deed = because(config, found) if found else ("", "", "")
    shell, may = framed(here), here.actor.may("admin")
    return WhyView(
        shell=shell,
        sources=zones_to_choose((*networks, INTERNET), asked.source),
        sender=Field(asked.sender, wrong.get("sender", "")),
        destinations=zones_to_choose((ROUTER, INTERNET, *networks), asked.destination or INTERNET),
        receiver=Field(asked.receiver, wrong.get("receiver", "")),
        protocols=to_choose(PROTOCOLS, asked.protocol),
        port=Field(asked.port, wrong.get("port", "")),
        state=None if found is None else PASSES if found.accepted else BLOCKED,
        why=why,
        href=href,
        deed=deed,
        trace=traced(here, shell, asked._asdict()) if found and may else None,
    )


def framed(here: Here) -> Shell:
    """The frame of the page."""
    return frame.shell(here, "firewall", "Why is it blocked?")


def judged(config: RouterConfig, asked: Asked, everybody: Collection[Known], now: float) -> Verdict:
    """What becomes of it.  The bridges judge before the filter does (`plan/devices.py`).

    Raises Refused with what cannot be read.
    """
    owners = {address: one for one in everybody for address in one.row.addresses}
    one = packet(config, asked, {address: owner.mac for address, owner in owners.items()})
    blocked = {it.mac for it in everybody if it.blocked}
    receiver = owners.get(str(one.receiver))
    if one.mac in blocked:
        return Verdict(accepted=False, by=BLOCKED_FROM)
    if receiver and receiver.blocked:
        return Verdict(accepted=False, by=BLOCKED_TO)
    if receiver and receiver.waits and one.source == one.destination:
        return Verdict(accepted=False, by=f"{NEWCOMERS}-{one.source}")
    let_in = frozenset(it.mac for it in everybody if not it.waits)
    return verdict(config, one, now, {network.name: let_in for network in config.networks})


def packet(config: RouterConfig, asked: Asked, owners: Mapping[str, str]) -> Packet:
    """The first packet of what was asked; `owners` are MACs by address.  Raises Refused with what
    cannot be read."""
    port = whole(asked.port)
    if asked.protocol != "icmp" and not (port and port <= 65_535):
        raise Refused(Problem(("port",), "Write the port that is asked for, like 443."))
    mac, sender = someone(config, asked.sender, asked.source, "sender")
    _, receiver = someone(config, asked.receiver, asked.destination, "receiver")
    if sender.version != receiver.version:
        what = "IPv4 and IPv6 do not meet; write both addresses of one kind."
        raise Refused(Problem(("receiver",), what))
    number = None if asked.protocol == "icmp" else port
    mac = mac or owners.get(str(sender))
    return Packet(asked.source, asked.destination, sender, receiver, asked.protocol, number, mac)


def someone(
    config: RouterConfig, text: str, place: str, field: str
) -> tuple[str | None, IPv4Address | IPv6Address]:
    """MAC and address of who was typed; of anybody at that place when nothing was."""
    word = text.strip().lower()
    if not word:
        return None, anybody(config, place)
    for one in ends.reservations(config):
        if word in (one.name, one.mac, str(one.address)):
            return one.mac, one.address
    try:
        return None, ip_address(word)
    except ValueError:
        pass
    try:
        return mac_from(word), anybody(config, place)
    except ValueError:
        what = f"{text.strip()} is no device with a fixed address, and no address."
        raise Refused(Problem((field,), what)) from None


def anybody(config: RouterConfig, place: str) -> IPv4Address:
    """An address that nobody in particular has there; of the router its first one."""
    for network in config.networks:
        if place == network.name:
            return network.address.network[-2]
        if place == ROUTER:
            return network.address.ip
    return SOMEBODY


PASSES, BLOCKED = Pill("ok", "It passes"), Pill("bad", "It is blocked")
