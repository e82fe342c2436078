"""/machines: who waits, who is known, and what unknown machines get."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from appliance.actions import machines as deeds
from appliance.errors import Refused
from appliance.store.boots import HeldRow
from appliance.store.inventory_view import MenuView, UnknownView
from webui.forms import beside, filled
from webui.pages import choices, frame, histories, inbox, known
from webui.pages.choices import Choice
from webui.pages.frame import Shell
from webui.pages.inbox import Inbox
from webui.pages.known import Inventory, KnownList, Seen
from webui.pages.listing import Asked, Listing
from webui.pages.page import EMPTY, Field, after, page
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)


class Default(NamedTuple):
    """What unknown machines get on one network."""

    network: str
    label: str
    choices: tuple[Choice, ...]


class MachinesView(NamedTuple):
    """The page."""

    shell: Shell
    lead: str
    inbox: Inbox
    list: KnownList
    defaults: tuple[Default, ...]
    mac: Field
    name: Field
    problem: str


class InboxView(NamedTuple):
    """Who waits, alone."""

    inbox: Inbox


class ListView(NamedTuple):
    """The table, alone."""

    list: KnownList


@dataclass(frozen=True, slots=True)
class NewMachine:
    """A machine as the form says it."""

    mac: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Met:
    """What a waiting machine shall boot."""

    mac: str = ""
    network: str = ""
    next: str = ""


@router.get("/machines")
def show(here: Signed, listing: Asked) -> Response:
    """The page."""
    return page("machines.html", built(here, listing))


@router.get("/machines/inbox")
def waiting(here: Signed) -> Response:
    """Who waits."""
    has = known.inventory(here)
    return page("machines/inbox.html", InboxView(_inbox(here, has, here.desk.new_id())))


@router.get("/machines/known")
def table(here: Signed, listing: Asked) -> Response:
    """The table."""
    everybody = known.seen(known.inventory(here), here.now)
    found = _list(here, everybody, listing, here.desk.new_id())
    return page("machines/known.html", ListView(found))


@router.post("/machines")
def add(here: Signed, new: Annotated[NewMachine, filled(NewMachine)]) -> Response:
    """Make a MAC a machine; a refusal comes back beside its field."""
    try:
        done = deeds.add_machine(here.desk, here.actor, new.mac, name=new.name)
    except Refused as refused:
        return page("machines.html", built(here, Listing(), adding=(new, beside(refused))), 422)
    return after("/machines", done.act)


@router.get("/inbox")
def to_the_inbox() -> Response:
    """The inbox is a part of the machines."""
    return RedirectResponse("/machines", 303)


@router.post("/inbox/boot")
def boot(here: Signed, met: Annotated[Met, filled(Met)]) -> Response:
    """Let a waiting machine boot what was chosen; a refusal comes back in its row."""
    try:
        done = choices.give(here.desk, here.actor, met.mac, met.next, met.network or None)
    except Refused as refused:
        problem = " ".join(beside(refused).values())
        return page("machines.html", built(here, Listing(), waiting=(met.mac, problem)), 422)
    return after("/machines", done.act)


@router.post("/inbox/forget")
def forget(here: Signed, met: Annotated[Met, filled(Met)]) -> Response:
    """Leave a waiting machine alone until it asks again."""
    return after("/machines", deeds.forget_held(here.desk, here.actor, met.network, met.mac).act)


def built(
    here: Here,
    listing: Listing,
    *,
    adding: tuple[NewMachine, Mapping[str, str]] = (NewMachine(), {}),
    waiting: tuple[str, str] = ("", ""),
) -> MachinesView:
    """The view of this moment; `waiting` is the MAC in the inbox that a problem is about."""
    reads = here.reads
    has = known.inventory(here)
    everybody = known.seen(has, here.now)
    shell = frame.shell(here, "machines", "Machines")
    new, wrong = adding
    slices = reads.slices()
    return MachinesView(
        shell=shell,
        lead=known.lead(everybody),
        inbox=_inbox(here, has, shell.once, waiting),
        list=_list(here, everybody, listing, shell.once),
        defaults=defaults(
            [one.name for one in slices.booting] if slices else [], reads.unknowns(), has.menus
        ),
        mac=Field(new.mac, wrong.get("mac", "")),
        name=Field(new.name, wrong.get("name", "")) if new.name else EMPTY,
        problem=wrong.get("", ""),
    )


def defaults(
    networks: Sequence[str], unknowns: Sequence[UnknownView], menus: Sequence[MenuView]
) -> tuple[Default, ...]:
    """What an unknown machine gets on each network, and what else it could get."""
    decided = {each.network: each for each in unknowns}
    offered = [
        ("hold", "Wait for you, with a code"),
        *((f"menu:{menu.id}", f"The menu {menu.name}") for menu in menus),
        ("nothing", "Get an address, boot nothing"),
    ]
    found = []
    for network in networks:
        one = decided.get(network) or decided.get("*")
        now = f"menu:{one.menu}" if one and one.kind == "menu" else one.kind if one else "hold"
        given = tuple(Choice(key, text, key == now) for key, text in offered)
        found.append(Default(network, f"On {network}", given))
    return tuple(found)


def _list(here: Here, everybody: Sequence[Seen], listing: Listing, once: str) -> KnownList:
    shown = known.on_page(known.matching(everybody, listing), listing)
    steps = here.reads.steps_of([one.boot.id for one in shown if one.boot])
    return known.listed(everybody, listing, steps, here.now, once)


def _inbox(here: Here, has: Inventory, once: str, problem: tuple[str, str] = ("", "")) -> Inbox:
    last = {boot.mac: boot for boot in has.boots}
    called = histories.names(has.machines)

    def row(held: HeldRow) -> inbox.Waiting:
        boot = last.get(held.mac)
        return inbox.waiting(
            held,
            has.hosts,
            here.now,
            firmware=boot.firmware if boot else "",
            name=called.get(held.mac, ""),
            problem=problem[1] if held.mac == problem[0] else "",
        )

    left = len(has.held) - inbox.SHOWN
    return Inbox(
        once=once,
        heading=inbox.heading(len(has.held)),
        rows=tuple(row(held) for held in has.held[: inbox.SHOWN]),
        more=inbox.more(left) if left > 0 else "",
        bootable=bool(has.hosts),
    )
