"""/machines/<id>: one machine, what it boots next and how it booted before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from appliance.actions import machines as deeds
from appliance.actions.refusals import Unknown
from appliance.errors import Problem, Refused
from appliance.store.boots import BootRow
from appliance.store.inventory_view import MachineView, MenuView
from webui import phrases
from webui.forms import beside
from webui.pages import choices, frame, histories, states
from webui.pages.choices import Group, HostChoice
from webui.pages.frame import Shell
from webui.pages.histories import BootLine, Steps
from webui.pages.page import Field, after, page
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Address:
    """One network card."""

    mac: str
    network: str  # "" on any


@dataclass(frozen=True, slots=True)
class OneMachineView:
    """The page."""

    shell: Shell
    id: str
    heading: str
    lead: str
    now: str  # its next boot, said
    next: tuple[Group, ...]
    next_problem: str
    name: Field
    addresses: tuple[Address, ...]
    boots: tuple[BootLine, ...]
    problem: str


@router.get("/machines/{ident}")
def show(here: Signed, ident: str) -> Response:
    """The page."""
    return page("machine.html", built(here, ident))


@router.get("/machines/{ident}/boots")
def boots(here: Signed, ident: str) -> Response:
    """Its boots."""
    return page("machine/boots.html", built(here, ident))


@router.post("/machines/{ident}")
def act(
    here: Signed,
    ident: str,
    deed: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
) -> Response:
    """Give it another next boot or another name, or remove it."""
    desk, actor = here.desk, here.actor
    try:
        match deed:
            case "rename":
                done = deeds.rename_machine(desk, actor, ident, name)
            case "remove":
                return after("/machines", deeds.remove_machine(desk, actor, ident).act)
            case _:
                done = choices.give(desk, actor, ident, next)
    except Unknown:
        raise
    except Refused as refused:
        return page("machine.html", built(here, ident, beside(refused), name), 422)
    return after(f"/machines/{ident}", done.act)


def built(
    here: Here, ident: str, problems: Mapping[str, str] | None = None, name: str = ""
) -> OneMachineView:
    """The view of this moment.  Raises Unknown when there is no such machine."""
    reads = here.reads
    machine = next((each for each in reads.machines() if each.id == ident), None)
    if machine is None:
        raise Unknown(Problem((), "There is no such machine. It may have been removed."))
    boots = sorted(
        (boot for _, mac in machine.macs for boot in reads.boots(mac=mac, limit=25)),
        key=lambda boot: -boot.began_at,
    )
    return view(
        frame.shell(here, "machines", machine.name),
        machine,
        boots,
        {boot.id: reads.steps(boot.id) for boot in boots},
        choices.hosts(reads.verdicts(), (each.host for each in reads.generations())),
        reads.menus(),
        here.now,
        problems=problems or {},
        typed=name,
    )


def view(
    shell: Shell,
    machine: MachineView,
    boots: Sequence[BootRow],
    steps: Steps,
    offered: Sequence[HostChoice],
    menus: Sequence[MenuView],
    now: float,
    *,
    problems: Mapping[str, str] | None = None,
    typed: str = "",
) -> OneMachineView:
    """The page from its rows."""
    said = problems or {}
    renaming = "name" in said
    return OneMachineView(
        shell=shell,
        id=machine.id,
        heading=machine.name,
        lead=lead(boots[0] if boots else None, now),
        now=choices.said(
            machine,
            {host.id: host.name for host in offered},
            {menu.id: menu.name for menu in menus},
        ),
        next=choices.next_boots(machine, offered, menus),
        next_problem=" ".join(what for where, what in said.items() if where not in {"", "name"}),
        name=Field(typed if renaming else machine.name, said.get("name", "")),
        addresses=tuple(Address(mac, network or "") for network, mac in machine.macs),
        boots=histories.lines(boots, steps, histories.names([machine]), now),
        problem=said.get("", ""),
    )


def lead(last: BootRow | None, now: float) -> str:
    """How it does, in a sentence."""
    if last is None:
        return "It has not booted from here yet."
    when = phrases.ago(now - last.began_at)
    what = f" {last.name}" if last.name else ""
    said = {
        "up": f"It booted{what} {when}, in {histories.took(last)}.",
        "served": f"It was served{what} {when}, and is not watched.",
        "held": f"It asked {when} and waits for you.",
        "menu": f"It asked {when} and is at its menu.",
        "local": f"It was sent to its local disk {when}.",
        "short": f"Its last boot, {when}, fell short.",
        "left": f"It broke off its last boot, {when}.",
    }
    return said.get(last.state, f"It is booting{what} now: {_running(last)}.")


def _running(boot: BootRow) -> str:
    return states.pill(states.BOOT, boot.state).text.lower()
