"""/menus: lists of hosts that a machine can offer on its screen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from appliance.actions import menus as deeds
from appliance.errors import Refused
from appliance.store.inventory_view import MachineView, MenuView, UnknownView
from webui import phrases
from webui.forms import beside
from webui.pages import choices, frame
from webui.pages.choices import Choice, HostChoice
from webui.pages.frame import Shell
from webui.pages.page import Field, after, page
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class MenuLine:
    """One menu of the table."""

    id: str
    name: str
    hosts: str
    default: str
    used: str


@dataclass(frozen=True, slots=True)
class MenuForm:
    """The menu being made or changed; `id` is empty for a new one."""

    id: str
    name: Field
    hosts: tuple[Choice, ...]
    hosts_problem: str
    default: tuple[Choice, ...]
    default_problem: str
    timeout: Field
    rollbacks: Field
    problem: str


@dataclass(frozen=True, slots=True)
class MenusView:
    """The page."""

    shell: Shell
    menus: tuple[MenuLine, ...]
    form: MenuForm
    bootable: bool


@dataclass(frozen=True, slots=True)
class Typed:
    """A menu as the form says it."""

    id: str = ""
    name: str = ""
    hosts: tuple[str, ...] = ()
    default: str = ""
    timeout: str = "10"
    rollbacks: str = "1"


@router.get("/menus")
def show(here: Signed, edit: str = "") -> Response:
    """The page, with the form for one menu or for a new one."""
    return page("menus.html", built(here, stored(here.reads.menus(), edit)))


@router.post("/menus")
def act(
    here: Signed,
    deed: Annotated[str, Form()] = "",
    menu: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    hosts: Annotated[list[str] | None, Form()] = None,
    default: Annotated[str, Form()] = "",
    timeout: Annotated[str, Form()] = "",
    rollbacks: Annotated[str, Form()] = "",
) -> Response:
    """Make, change or remove one."""
    desk, actor = here.desk, here.actor
    ticked = hosts or []
    seconds, previous = _whole(timeout), _whole(rollbacks)
    try:
        if deed == "remove":
            done = deeds.remove_menu(desk, actor, menu)
        elif menu:
            done = deeds.edit_menu(
                desk,
                actor,
                menu,
                name=name,
                hosts=ticked,
                default=default,
                timeout_seconds=seconds,
                rollbacks=previous,
            )
        else:
            done = deeds.make_menu(
                desk,
                actor,
                name,
                ticked,
                default=default,
                timeout_seconds=seconds,
                rollbacks=previous,
            )
    except Refused as refused:
        again = Typed(menu, name, tuple(ticked), default, timeout, rollbacks)
        return page("menus.html", built(here, again, beside(refused)), 422)
    return after("/menus", done.act)


def built(here: Here, typed: Typed, problems: Mapping[str, str] | None = None) -> MenusView:
    """The view of this moment."""
    reads = here.reads
    return view(
        frame.shell(here, "machines", "Menus"),
        reads.menus(),
        choices.hosts(reads.verdicts(), (each.host for each in reads.generations())),
        reads.machines(),
        reads.unknowns(),
        typed,
        problems,
    )


def stored(menus: Sequence[MenuView], ident: str) -> Typed:
    """A menu as its form, or an empty form."""
    for menu in menus:
        if menu.id == ident:
            return Typed(
                menu.id,
                menu.name,
                menu.hosts,
                menu.default or "",
                str(menu.timeout_seconds),
                str(menu.rollbacks),
            )
    return Typed()


def view(
    shell: Shell,
    menus: Sequence[MenuView],
    offered: Sequence[HostChoice],
    machines: Sequence[MachineView],
    unknowns: Sequence[UnknownView],
    typed: Typed,
    problems: Mapping[str, str] | None = None,
) -> MenusView:
    """The page from its rows."""
    names = {host.id: host.name for host in offered}
    return MenusView(
        shell=shell,
        menus=tuple(_line(menu, names, machines, unknowns) for menu in menus),
        form=_form(typed, offered, problems or {}),
        bootable=bool(offered),
    )


def used(menu: str, machines: Sequence[MachineView], unknowns: Sequence[UnknownView]) -> str:
    """Who gets it."""
    mine = [each.name for each in machines if each.intent == "menu" and each.menu == menu]
    nets = [each.network for each in unknowns if each.kind == "menu" and each.menu == menu]
    parts = [phrases.listing(mine)] if mine else []
    parts += [f"unknown machines on {'every network' if net == '*' else net}" for net in nets]
    return phrases.listing(parts, 9) or "nobody yet"


def _line(
    menu: MenuView,
    names: Mapping[str, str],
    machines: Sequence[MachineView],
    unknowns: Sequence[UnknownView],
) -> MenuLine:
    called = [names.get(host, choices.host_name(host)) for host in menu.hosts]
    first = choices.host_name(menu.default) if menu.default else ""
    waits = f"after {phrases.duration(menu.timeout_seconds)}" if menu.timeout_seconds else ""
    return MenuLine(
        id=menu.id,
        name=menu.name,
        hosts=phrases.listing(called, 4) or "no hosts",
        default=f"{first} {waits}".strip() if first else "waits for a choice",
        used=used(menu.id, machines, unknowns),
    )


def _form(typed: Typed, offered: Sequence[HostChoice], wrong: Mapping[str, str]) -> MenuForm:
    about = [what for where, what in wrong.items() if where.split(".")[0] == "hosts"]
    return MenuForm(
        id=typed.id,
        name=Field(typed.name, wrong.get("name", "")),
        hosts=tuple(Choice(host.id, host.name, host.id in typed.hosts) for host in offered),
        hosts_problem=" ".join(about),
        default=(
            Choice("", "Wait for a choice", not typed.default),
            *(Choice(host.id, host.name, host.id == typed.default) for host in offered),
        ),
        default_problem=wrong.get("default", ""),
        timeout=Field(typed.timeout, wrong.get("timeout_seconds", "")),
        rollbacks=Field(typed.rollbacks, wrong.get("rollbacks", "")),
        problem=wrong.get("", ""),
    )


def _whole(text: str) -> int:
    """A number from a form; what is none becomes -1, which the action refuses by name."""
    return int(text) if text.isdecimal() and len(text) < 9 else -1
