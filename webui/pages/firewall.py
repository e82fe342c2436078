"""/firewall: who reaches whom, the forwards, the rules, and which networks are for guests."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import changes, draft, rows
from appliance.actions import firewall as deeds
from appliance.actions.desk import Actor, Desk, Done
from appliance.actions.refusals import Unknown, problem
from appliance.actions.rows import Key, Rows
from appliance.model.able import NO_FLOWTABLE
from appliance.model.config import RouterConfig
from appliance.model.firewall import ACCEPT, GUEST, INTERNET, Forward, Rule
from appliance.model.firewall_compare import forward_said, rule_said, zone_said
from appliance.model.policy import members
from appliance.model.slices import Slices
from appliance.model.week import zone
from webui import phrases
from webui.forms import Text, ticked
from webui.pages import frame
from webui.pages.drops import DropsView, dropped
from webui.pages.frame import Shell
from webui.pages.page import after, page
from webui.pages.reach import Matrix, table
from webui.pages.states import Pill
from webui.session import Here, Owning, Signed

router = APIRouter(include_in_schema=False)
PATH = "/firewall"


class Row(NamedTuple):
    """One rule or forward; `state` says whether it holds."""

    key: str
    said: str
    note: str
    state: Pill
    enabled: bool
    moves: tuple[str, ...]  # "up" when another one stands before it, "down" when one stands after


class Lan(NamedTuple):
    """One network, and whether it is for guests."""

    name: str
    zone: str
    guest: bool


class ZoneRow(NamedTuple):
    """One zone, what it may, and who is in it."""

    name: str
    said: str
    under: str


class FirewallView(NamedTuple):
    """The page."""

    shell: Shell
    lead: str
    reach: Matrix
    short_way: str  # what becomes of flows that were let through, "" before `net` has tried
    forwards: tuple[Row, ...]
    rules: tuple[Row, ...]
    networks: tuple[Lan, ...]
    zones: tuple[ZoneRow, ...]
    time_zone: str
    time: str  # what the clock says there
    drops: DropsView


class HeldBackView(NamedTuple):
    """What was held back, alone."""

    drops: DropsView


@router.get("/firewall")
def show(here: Signed) -> Response:
    """The page."""
    return page("firewall.html", built(here))


@router.get("/firewall/now")
def now(here: Signed) -> Response:
    """All of it that moves."""
    return page("firewall/now.html", built(here))


@router.get("/firewall/drops")
def drops(here: Signed) -> Response:
    """What was held back lately."""
    return page("firewall/drops.html", HeldBackView(dropped(here)))


@router.post("/firewall/networks/{lan}/guest")
def guest(here: Owning, lan: str, answer: Text = "") -> Response:
    """Set a network apart for guests, or let it join the others."""
    return after(PATH, deeds.set_guest(here.desk, here.actor, lan, guest=ticked(answer)).act)


DEEDS: Mapping[str, Callable[[Desk, Actor, Rows[Any], Key], Done]] = {
    "up": rows.raise_up,
    "down": rows.lower,
    "on": rows.switch_on,
    "off": rows.switch_off,
    "remove": rows.remove,
}
"""What the buttons beside a rule or a forward do."""
OWN_DEEDS: Mapping[tuple[str, str], Callable[[Desk, Actor, Key], Done]] = {
    ("forwards", "remove"): deeds.remove_forward,
}
"""Where more goes with a row than the row."""
GROUPS: Mapping[str, Rows[Any]] = {"rules": deeds.RULES, "forwards": deeds.FORWARDS}


@router.post("/firewall/{group}/{name}/deed")
def act(here: Owning, group: str, name: str, deed: Text = "") -> Response:
    """Move, switch or take out a rule or a forward, in the draft."""
    if group not in GROUPS or deed not in DEEDS:
        raise Unknown(problem("Nobody can do that here. Press one of the buttons."))
    if own := OWN_DEEDS.get((group, deed)):
        return after(PATH, own(here.desk, here.actor, (name,)).act)
    return after(PATH, DEEDS[deed](here.desk, here.actor, GROUPS[group], (name,)).act)


def built(here: Here) -> FirewallView:
    """The view of this moment."""
    config = draft.edited(here.desk)
    in_force = changes.present_config(here.desk) or config
    return FirewallView(
        shell=frame.shell(here, "firewall", "Firewall"),
        lead=lead(config),
        reach=table(in_force, config),
        short_way=short_way(here.reads.slices()),
        forwards=forwards(config, here.now),
        rules=rules(config, here.now),
        networks=tuple(
            Lan(one.name, phrases.capital(one.zone), one.zone == GUEST) for one in config.networks
        ),
        zones=tuple(
            ZoneRow(
                one.name,
                f"{phrases.capital(zone_said(one))}.",
                ", ".join(members(config, one.name)) or "no network",
            )
            for one in config.zones
        ),
        time_zone=config.time_zone,
        drops=dropped(here),
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
            (*(("up",) if at else ()), *(("down",) if at < last else ())),
        )
        for at, one in enumerate(config.rules)
    )


def forwards(config: RouterConfig, now: float) -> tuple[Row, ...]:
    """The forwards; their order means nothing."""
    return tuple(
        Row(one.name, forward_said(config, one), "", state(one, now), one.enabled, ())
        for one in config.forwards
    )


def state(one: Rule | Forward, now: float) -> Pill:
    """Whether it holds."""
    if one.until is not None and now >= one.until:
        return OVER
    return ON if one.enabled else OFF


SHORT_WAY = (
    "The kernel’s flowtable is used: what a zone reaches takes a short way once it was let "
    "through; when a rule or a zone changes, every flow is judged anew."
)
ON, OFF, OVER = Pill("ok", "On"), Pill("off", "Off"), Pill("wait", "Over")
