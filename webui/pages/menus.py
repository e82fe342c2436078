"""/menus: lists of hosts that a machine can offer on its screen."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from typing import Annotated, NamedTuple
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from appliance.actions import menus as deeds
from appliance.actions.refusals import Unknown
from appliance.errors import Problem, Refused
from appliance.store.inventory_view import MachineView, MenuView, UnknownView
from webui import phrases
from webui.forms import beside, filled, seen, whole
from webui.pages import choices, frame
from webui.pages.choices import Choice, HostChoice
from webui.pages.frame import Shell
from webui.pages.page import Field, after, page
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)


class MenuLine(NamedTuple):
    """One menu of the table."""

    id: str
    name: str
    hosts: str
    default: str
    used: str


class MenuForm(NamedTuple):
    """The menu being made or changed; `id` is empty for a new one."""

    id: str
    seen: str  # the content that the form was made from
    name: Field
    hosts: tuple[Choice, ...]
    hosts_problem: str
    default: tuple[Choice, ...]
    default_problem: str
    timeout: Field
    rollbacks: Field
    problem: str


class MenusView(NamedTuple):
    """The page."""

    shell: Shell
    menus: tuple[MenuLine, ...]
    form: MenuForm
    bootable: bool


@dataclass(frozen=True, slots=True)
class Typed:
    """A menu as the form says it."""

    name: str = ""
    hosts: tuple[str, ...] = ()
    default: str = ""
    timeout: str = "10"
    rollbacks: str = "1"
    seen: str = ""


@router.get("/menus")
def show(here: Signed, edit: str = "") -> Response:
    """The page, with the form for one menu or for a new one."""
    menu = next((menu for menu in here.reads.menus() if menu.id == edit), None)
    typed = stored(menu) if menu else Typed()
    return page("menus.html", built(here, menu.id if menu else "", typed))


@router.get("/menus/{ident}")
def edit(ident: str) -> Response:
    """A menu is changed on the page of all."""
    return RedirectResponse(f"/menus?edit={quote(ident)}", 303)


@router.post("/menus")
def make(here: Signed, typed: Annotated[Typed, filled(Typed)]) -> Response:
    """Make one."""
    try:
        _check(typed)
        done = deeds.make_menu(
            here.desk,
            here.actor,
            typed.name,
            typed.hosts,
            default=typed.default,
            timeout_seconds=_number(typed.timeout),
            rollbacks=_number(typed.rollbacks),
        )
    except Refused as refused:
        return page("menus.html", built(here, "", typed, beside(refused)), 422)
    return after("/menus", done.act)


@router.post("/menus/{ident}")
def change(here: Signed, ident: str, typed: Annotated[Typed, filled(Typed)]) -> Response:
    """Change one, unless somebody else did since the form was made."""
    menu = _menu(here, ident)
    try:
        if typed.seen != stored(menu).seen:
            what = f"Somebody changed this menu meanwhile. {_told(here, menu)} {_OVERWRITE}"
            raise Refused(Problem((), what))
        _check(typed)
        done = deeds.edit_menu(
            here.desk,
            here.actor,
            ident,
            name=typed.name,
            hosts=typed.hosts,
            default=typed.default,
            timeout_seconds=_number(typed.timeout),
            rollbacks=_number(typed.rollbacks),
        )
    except Unknown:
        raise
    except Refused as refused:
        again = replace(typed, seen=stored(menu).seen)
        return page("menus.html", built(here, ident, again, beside(refused)), 422)
    return after("/menus", done.act)


_OVERWRITE = "Below is what you typed; Keep it puts it in place of that."


@router.post("/menus/{ident}/remove")
def remove(here: Signed, ident: str) -> Response:
    """Take one away."""
    return after("/menus", deeds.remove_menu(here.desk, here.actor, _menu(here, ident).id).act)


def built(
    here: Here, ident: str, typed: Typed, problems: Mapping[str, str] | None = None
) -> MenusView:
    """The view of this moment; `ident` is the menu in the form, "" for a new one."""
    reads = here.reads
    return view(
        frame.shell(here, "machines", "Menus"),
        reads.menus(),
        choices.hosts(reads.verdicts(), (each.host for each in reads.generations())),
        reads.machines(),
        reads.unknowns(),
        ident,
        typed,
        problems,
    )


def stored(menu: MenuView) -> Typed:
    """A menu as its form."""
    told = Typed(
        menu.name, menu.hosts, menu.default or "", str(menu.timeout_seconds), str(menu.rollbacks)
    )
    return replace(told, seen=seen(astuple(told)))


def view(
    shell: Shell,
    menus: Sequence[MenuView],
    offered: Sequence[HostChoice],
    machines: Sequence[MachineView],
    unknowns: Sequence[UnknownView],
    ident: str,
    typed: Typed,
    problems: Mapping[str, str] | None = None,
) -> MenusView:
    """The page from its rows."""
    names = {host.id: host.name for host in offered}
    return MenusView(
        shell=shell,
        menus=tuple(_line(menu, names, machines, unknowns) for menu in menus),
        form=_form(ident, typed, offered, problems or {}),
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


def _form(
    ident: str, typed: Typed, offered: Sequence[HostChoice], wrong: Mapping[str, str]
) -> MenuForm:
    about = [what for where, what in wrong.items() if where.split(".")[0] == "hosts"]
    return MenuForm(
        id=ident,
        seen=typed.seen,
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


def _check(typed: Typed) -> None:
    """Raises Refused with everything that the form itself shows to be wrong, at once."""
    ranges = (
        ("timeout_seconds", typed.timeout, deeds.TIMEOUTS[1], "seconds; 0 waits for a choice"),
        ("rollbacks", typed.rollbacks, deeds.ROLLBACKS[1], "of each host"),
    )
    problems = [] if typed.name.strip() else [Problem(("name",), "A name is missing.")]
    if typed.default and typed.default not in typed.hosts:
        what = "Only a host that is ticked above can start by itself."
        problems.append(Problem(("default",), what))
    for field, text, most, unit in ranges:
        number = whole(text)
        if number is None or number > most:
            problems.append(Problem((field,), f"Write a number, at most {most} {unit}."))
    if problems:
        raise Refused(*problems)


def _number(text: str) -> int:
    """A number that `_check` has let through."""
    return whole(text) or 0


def _menu(here: Here, ident: str) -> MenuView:
    found = next((menu for menu in here.reads.menus() if menu.id == ident), None)
    if found is None:
        what = "There is no such menu. It may have been removed; then nothing was changed."
        raise Unknown(Problem((), what))
    return found


def _told(here: Here, menu: MenuView) -> str:
    """A menu in a sentence."""
    line = _line(menu, {}, here.reads.machines(), here.reads.unknowns())
    return f"Now it is {line.name} with {line.hosts}; by itself: {line.default}."
