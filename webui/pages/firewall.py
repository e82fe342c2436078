"""/firewall: who reaches whom, the forwards, the rules, and which networks are for guests."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import changes, draft
from appliance.actions import firewall as deeds
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from appliance.model.able import NO_FLOWTABLE
from appliance.model.config import RouterConfig
from appliance.model.firewall import ACCEPT, GUEST, INTERNET, ROUTER, Forward, Rule
from appliance.model.firewall_compare import forward_said, rule_said
from appliance.model.policy import members
from appliance.model.reachability import EVERYTHING, NOTHING, SOME, Cell, Shift, difference, matrix
from appliance.model.schedule import zone
from appliance.model.slices import Slices
from webui import phrases
from webui.forms import Text, ticked
from webui.pages import frame
from webui.pages.frame import Shell
from webui.pages.page import Field, after, page
from webui.pages.states import Pill
from webui.session import Here, Owning, Signed

router = APIRouter(include_in_schema=False)
PATH = "/firewall"


@dataclass(frozen=True, slots=True)
class Way:
    """One cell; `change` is "opens" or "shuts" where the draft differs from what is in force."""

    to: str
    kind: str  # "open", "some", "shut" or "self"
    words: str
    ipv6: str  # the words of IPv6 where they are others, else ""
    change: str


@dataclass(frozen=True, slots=True)
class Source:
    """One row of the matrix."""

    name: str
    under: str
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One rule or forward; `state` says whether it holds."""

    key: str
    said: str
    note: str
    state: Pill
    enabled: bool
    rises: bool  # another one stands before it
    sinks: bool


@dataclass(frozen=True, slots=True)
class Lan:
    """One network, and whether it is for guests."""

    name: str
    zone: str
    guest: bool


@dataclass(frozen=True, slots=True)
class FirewallView:
    """The page."""

    shell: Shell
    lead: str
    columns: tuple[str, ...]
    sources: tuple[Source, ...]
    short_way: str  # what becomes of flows that were let through, "" before `net` has tried
    forwards: tuple[Row, ...]
    rules: tuple[Row, ...]
    networks: tuple[Lan, ...]
    clock: Field
    time: str  # what that clock says


@router.get("/firewall")
def show(here: Signed) -> Response:
    """The page."""
    return page("firewall.html", built(here))


@router.get("/firewall/now")
def now(here: Signed) -> Response:
    """All of it that moves."""
    return page("firewall/now.html", built(here))


@router.post("/firewall/networks/{lan}/guest")
def guest(here: Owning, lan: str, answer: Text = "") -> Response:
    """Set a network apart for guests, or let it join the others."""
    return after(PATH, deeds.set_guest(here.desk, here.actor, lan, guest=ticked(answer)).act)


@router.post("/firewall/clock")
def clock(here: Owning, name: Text = "") -> Response:
    """Say by which clock rules with times hold."""
    try:
        return after(PATH, deeds.set_time_zone(here.desk, here.actor, name.strip()).act)
    except Unknown:
        raise
    except Refused as refused:
        wrong = " ".join(problem.what for problem in refused.problems)
        return page("firewall.html", replace(built(here), clock=Field(name, wrong)), 422)


@router.post("/firewall/rules/{ident}/move")
def move(here: Owning, ident: str, way: Text = "up") -> Response:
    """Let a rule be asked one place earlier or later."""
    return after(PATH, deeds.move_rule(here.desk, here.actor, ident, up=way == "up").act)


@router.post("/firewall/rules/{ident}/switch")
def switch_rule(here: Owning, ident: str, on: Text = "") -> Response:
    """Let a rule hold, or not."""
    return after(PATH, deeds.switch_rule(here.desk, here.actor, ident, on=ticked(on)).act)


@router.post("/firewall/rules/{ident}/remove")
def remove_rule(here: Owning, ident: str) -> Response:
    """Take a rule out of the draft."""
    return after(PATH, deeds.remove_rule(here.desk, here.actor, ident).act)


@router.post("/firewall/forwards/{name}/switch")
def switch_forward(here: Owning, name: str, on: Text = "") -> Response:
    """Let a forward lead in, or not."""
    return after(PATH, deeds.switch_forward(here.desk, here.actor, name, on=ticked(on)).act)


@router.post("/firewall/forwards/{name}/remove")
def remove_forward(here: Owning, name: str) -> Response:
    """Take a forward out of the draft."""
    return after(PATH, deeds.remove_forward(here.desk, here.actor, name).act)


def built(here: Here) -> FirewallView:
    """The view of this moment."""
    config = draft.edited(here.desk)
    in_force = changes.present_config(here.desk) or config
    shifts = {(one.source, one.destination): one for one in difference(in_force, config)}
    return FirewallView(
        shell=frame.shell(here, "firewall", "Firewall"),
        lead=lead(config),
        columns=tuple(map(capital, (ROUTER, INTERNET, *(zone.name for zone in config.zones)))),
        sources=sources(config, shifts),
        short_way=short_way(here.reads.slices()),
        forwards=forwards(config, here.now),
        rules=rules(config, here.now),
        networks=tuple(
            Lan(one.name, capital(one.zone), one.zone == GUEST) for one in config.networks
        ),
        clock=Field(config.time_zone),
        time=f"{datetime.fromtimestamp(here.now, zone(config.time_zone)):%H:%M}",
    )


def lead(config: RouterConfig) -> str:
    """One sentence about what gets in."""
    if config.wan is None:
        return "This router has no way to the internet, so nothing comes from there."
    opened = sum(one.enabled for one in config.forwards)
    opened += sum(
        one.enabled and one.source == INTERNET and one.action == ACCEPT for one in config.rules
    )
    if not opened:
        return "From the internet, nothing gets in."
    ways = "one way" if opened == 1 else f"{phrases.word(opened)} ways"
    return f"From the internet, nothing gets in but what you let in: {ways}."


def short_way(slices: Slices | None) -> str:
    """Whether the kernel's flowtable is used, in a sentence."""
    if slices is None or slices.wan is None or slices.kernel.flowtable is None:
        return ""
    return SHORT_WAY if slices.kernel.flowtable else NO_FLOWTABLE


def sources(config: RouterConfig, shifts: Mapping[tuple[str, str], Shift]) -> tuple[Source, ...]:
    """The rows of the matrix, IPv4 and IPv6 in one cell."""
    cells = {(one.source, one.destination, one.family): one for one in matrix(config)}
    zones = tuple(zone.name for zone in config.zones)
    return tuple(
        Source(
            capital(source),
            under(config, source),
            tuple(
                way(
                    to,
                    cells.get((source, to, 4)),
                    cells.get((source, to, 6)),
                    shifts.get((source, to)),
                )
                for to in (ROUTER, INTERNET, *zones)
            ),
        )
        for source in (INTERNET, *zones)
    )


def way(to: str, four: Cell | None, six: Cell | None, shift: Shift | None) -> Way:
    """One cell from its two families; without any it is the zone itself."""
    if four is None or six is None:
        return Way(capital(to), "self", "", "", "")
    kind = KINDS[four.extent if four.extent == six.extent else SOME]
    ipv6 = "" if four.words == six.words else begun(six.words)
    change = "" if shift is None else "opens" if shift.opens else "shuts"
    return Way(capital(to), kind, begun(four.words), ipv6, change)


def under(config: RouterConfig, source: str) -> str:
    """What a zone is made of."""
    if source == INTERNET:
        return "the outside"
    return ", ".join(members(config, source)) or "no network"


def rules(config: RouterConfig, now: float) -> tuple[Row, ...]:
    """The rules in the order in which they are asked."""
    last = len(config.rules) - 1
    return tuple(
        Row(
            one.id,
            rule_said(config, one),
            one.note,
            state(one, now),
            one.enabled,
            at > 0,
            at < last,
        )
        for at, one in enumerate(config.rules)
    )


def forwards(config: RouterConfig, now: float) -> tuple[Row, ...]:
    """The forwards; their order means nothing."""
    return tuple(
        Row(one.name, forward_said(config, one), "", state(one, now), one.enabled, False, False)
        for one in config.forwards
    )


def state(one: Rule | Forward, now: float) -> Pill:
    """Whether it holds."""
    if one.until is not None and now >= one.until:
        return OVER
    return ON if one.enabled else OFF


def begun(words: str) -> str:
    """A cell's words as they begin: names of devices and protocols stay as they are.

    >>> begun("everything but tcp 25"), begun("nas:22"), begun("tcp 631 to nas")
    ('Everything but tcp 25', 'nas:22', 'tcp 631 to nas')
    """
    return capital(words) if words.startswith((EVERYTHING, NOTHING, "ping")) else words


def capital(text: str) -> str:
    """`text` with a capital letter at its beginning, the rest as it is."""
    return text[:1].upper() + text[1:]


SHORT_WAY = (
    "The kernel’s flowtable is used: what a zone reaches takes a short way once it was let "
    "through; when a rule or a zone changes, every flow is judged anew."
)
KINDS: Mapping[str, str] = {EVERYTHING: "open", SOME: "some", NOTHING: "shut"}
ON, OFF, OVER = Pill("ok", "On"), Pill("off", "Off"), Pill("wait", "Over")
