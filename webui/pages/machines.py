"""/machines: who waits, who is known, and what each one boots next."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from appliance.actions import machines as deeds
from appliance.actions import networks
from appliance.diagnosis import named
from appliance.errors import Refused
from appliance.store.boots import BootRow, HeldRow
from appliance.store.builds import GenerationRow
from appliance.store.inventory_view import MachineView, MenuView, UnknownView
from appliance.store.leases import LeaseRow
from webui import phrases
from webui.forms import beside
from webui.pages import choices, frame, histories, inbox, states
from webui.pages.choices import Choice, Group, HostChoice
from webui.pages.frame import Shell
from webui.pages.histories import BootLine, Steps
from webui.pages.inbox import Waiting
from webui.pages.page import Field, after, page
from webui.pages.states import Pill
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Known:
    """One machine of the table."""

    id: str
    name: str
    under: str  # its address, or its MAC
    runs: str
    generation: str
    state: Pill
    why: str  # one line below the state
    boot: str  # id of its newest boot, "" without one
    next: tuple[Group, ...]
    strip: BootLine | None
    problem: str


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter, which is a link."""

    href: str
    label: str
    count: int
    current: bool


@dataclass(frozen=True, slots=True)
class Default:
    """What unknown machines get on one network."""

    network: str
    label: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class MachinesView:
    """The page."""

    shell: Shell
    lead: str
    heading: str  # of the inbox
    waiting: tuple[Waiting, ...]
    known: tuple[Known, ...]
    total: int
    summary: str
    chips: tuple[Chip, ...]
    query: str
    show: str
    bootable: bool  # is there any host to give
    defaults: tuple[Default, ...]
    mac: Field
    name: Field
    problem: str


@dataclass(frozen=True, slots=True)
class Inventory:
    """The rows this page is made of."""

    machines: Sequence[MachineView]
    held: Sequence[HeldRow]
    boots: Sequence[BootRow]
    steps: Steps
    hosts: Sequence[HostChoice]
    generations: Sequence[GenerationRow]
    menus: Sequence[MenuView]
    unknowns: Sequence[UnknownView]
    networks: Sequence[str]
    leases: Sequence[LeaseRow]


@router.get("/machines")
def show(here: Signed, q: str = "", show: str = "all") -> Response:
    """The page."""
    return page("machines.html", built(here, q, show))


@router.get("/machines/inbox")
def waiting(here: Signed) -> Response:
    """Who waits."""
    return page("machines/inbox.html", built(here))


@router.get("/machines/known")
def known(here: Signed, q: str = "", show: str = "all") -> Response:
    """The table."""
    return page("machines/known.html", built(here, q, show))


@router.post("/machines")
def act(
    here: Signed,
    deed: Annotated[str, Form()] = "",
    machine: Annotated[str, Form()] = "",
    network: Annotated[str, Form()] = "",
    mac: Annotated[str, Form()] = "",
    next: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    q: Annotated[str, Form()] = "",
    show: Annotated[str, Form()] = "all",
) -> Response:
    """One act of the owner; a refusal comes back beside the field that caused it."""
    desk, actor = here.desk, here.actor
    try:
        match deed:
            case "boot":
                done = choices.give(desk, actor, mac, next, network or None)
            case "forget":
                done = deeds.forget_held(desk, actor, network, mac)
            case "next":
                done = choices.give(desk, actor, machine, next)
            case "remove":
                done = deeds.remove_machine(desk, actor, machine)
            case "unknown":
                kind, _, menu = next.partition(":")
                done = networks.set_network_default(desk, actor, network, kind, menu=menu or None)
            case _:
                done = deeds.add_machine(desk, actor, mac, network=network or None, name=name)
    except Refused as refused:
        where = {"boot": mac, "next": machine}.get(deed, "")
        said = beside(refused)
        return page("machines.html", built(here, q, show, where, said, mac, name), 422)
    kept = f"?show={show}" if show != "all" else ""
    return after(f"/machines{kept}", done.act)


def built(
    here: Here,
    query: str = "",
    show: str = "all",
    where: str = "",
    problems: Mapping[str, str] | None = None,
    mac: str = "",
    name: str = "",
) -> MachinesView:
    """The view of this moment; `where` is the machine or MAC that `problems` are about."""
    return view(
        frame.shell(here, "machines", "Machines"),
        inventory(here),
        here.now,
        query=query,
        show=show,
        where=where,
        problems=problems or {},
        typed=(mac, name),
    )


def inventory(here: Here) -> Inventory:
    """Everything the roles' files say about machines."""
    reads = here.reads
    boots = reads.boots(limit=400)
    generations = reads.generations()
    known = reads.machines()
    slices = reads.slices()
    return Inventory(
        machines=known,
        held=inbox.unmet(reads.held(here.now), known),
        boots=boots,
        steps={boot.id: reads.steps(boot.id) for boot in histories.newest(boots).values()},
        hosts=choices.hosts(reads.verdicts(), (each.host for each in generations)),
        generations=generations,
        menus=reads.menus(),
        unknowns=reads.unknowns(),
        networks=[one.name for one in slices.boot] if slices else [],
        leases=reads.leases(),
    )


def view(
    shell: Shell,
    has: Inventory,
    now: float,
    *,
    query: str = "",
    show: str = "all",
    where: str = "",
    problems: Mapping[str, str] | None = None,
    typed: tuple[str, str] = ("", ""),
) -> MachinesView:
    """The page from its rows."""
    said = problems or {}
    rows = known_rows(has, now, where, said)
    waiting = tuple(_waiting(held, has, now, where, said) for held in has.held)
    adding = said if not where else {}
    return MachinesView(
        shell=shell,
        lead=lead(rows),
        heading=inbox.heading(len(waiting)),
        waiting=waiting,
        known=tuple(row for row in rows if _shown(row, show) and _matches(row, query)),
        total=len(rows),
        summary=summary(has.machines),
        chips=_chips(rows, show),
        query=query,
        show=show,
        bootable=bool(has.hosts),
        defaults=_defaults(has),
        mac=Field(typed[0] if adding else "", adding.get("mac", "")),
        name=Field(typed[1] if adding else "", adding.get("name", "")),
        problem=adding.get("", adding.get("next", "")),
    )


def known_rows(
    has: Inventory, now: float, where: str = "", problems: Mapping[str, str] | None = None
) -> tuple[Known, ...]:
    """The table's rows in the order of names."""
    last = histories.newest(has.boots)
    mine = {each.id: histories.of_machine(each, last) for each in has.machines}
    called = histories.names(has.machines)
    lines = histories.lines([boot for boot in mine.values() if boot], has.steps, called, now)
    strips = {line.id: line for line in lines}
    menus = {menu.id: menu.name for menu in has.menus}
    names = {host.id: host.name for host in has.hosts}
    trial = {(each.host, each.number): each.state for each in has.generations}
    addresses = {each.mac: str(each.address) for each in has.leases if each.ends_at > now}
    rows = []
    for machine in has.machines:
        boot = mine[machine.id]
        state = trial.get((boot.host or "", boot.generation or 0)) if boot else None
        rows.append(
            Known(
                id=machine.id,
                name=machine.name,
                under=_under(machine, addresses),
                runs=boot.name or "–" if boot else choices.said(machine, names, menus),
                generation=_generation(boot),
                state=states.machine(boot, state),
                why=_why(boot),
                boot=boot.id if boot else "",
                next=choices.next_boots(machine, has.hosts, has.menus),
                strip=strips[boot.id] if boot else None,
                problem=" ".join((problems or {}).values()) if where == machine.id else "",
            )
        )
    return tuple(rows)


def lead(rows: Sequence[Known]) -> str:
    """How many there are and how they do."""
    if not rows:
        return "A machine that boots from the network shows up here by itself."
    good = sum(row.state.kind in {"ok", "trial"} for row in rows)
    short = sum(row.state.kind == "bad" for row in rows)
    parts = [f"{phrases.word(len(rows))} known, {phrases.word(good)} up"]
    if short:
        parts.append(f"{phrases.word(short)} fell short")
    return phrases.sentence(", ".join(parts)) + " Each one boots what you gave it."


def summary(machines: Iterable[MachineView]) -> str:
    """The foot of the table."""
    known = list(machines)
    macs = sum(len(machine.macs) for machine in known)
    cards = phrases.count(macs, "MAC address", "MAC addresses")
    return f"{phrases.count(len(known), 'machine')}, {cards}"


def _waiting(
    held: HeldRow, has: Inventory, now: float, where: str, said: Mapping[str, str]
) -> Waiting:
    boot = next((each for each in has.boots if each.mac == held.mac), None)
    return inbox.waiting(
        held,
        has.hosts,
        now,
        firmware=boot.firmware if boot else "",
        name=histories.names(has.machines).get(held.mac, ""),
        problem=" ".join(said.values()) if where == held.mac else "",
    )


def _under(machine: MachineView, addresses: Mapping[str, str]) -> str:
    macs = [mac for _, mac in machine.macs]
    return next((addresses[mac] for mac in macs if mac in addresses), macs[0] if macs else "")


def _generation(boot: BootRow | None) -> str:
    if boot is None:
        return "not yet"
    if boot.generation is None:
        return ""
    return f"generation {boot.generation}"


def _why(boot: BootRow | None) -> str:
    if boot is None:
        return ""
    if boot.state == "served":
        return "served, then silent by choice"
    return named(boot.diagnosis).rstrip(".") if boot.diagnosis and boot.state == "short" else ""


_SHOWN: Mapping[str, tuple[str, frozenset[str]]] = {
    "all": ("All", frozenset()),
    "up": ("Up", frozenset({"ok", "trial"})),
    "booting": ("Booting", frozenset({"live"})),
    "short": ("Fell short", frozenset({"bad"})),
    "never": ("Never booted", frozenset({"off"})),
}


def _chips(rows: Sequence[Known], show: str) -> tuple[Chip, ...]:
    chips = []
    for key, (label, kinds) in _SHOWN.items():
        amount = sum(not kinds or row.state.kind in kinds for row in rows)
        if key == "all" or amount or key == show:
            href = "/machines" if key == "all" else f"/machines?show={key}"
            chips.append(Chip(href, label, amount, key == show))
    return tuple(chips)


def _shown(row: Known, show: str) -> bool:
    kinds = _SHOWN.get(show, _SHOWN["all"])[1]
    return not kinds or row.state.kind in kinds


def _matches(row: Known, query: str) -> bool:
    return query.strip().lower() in f"{row.name} {row.under} {row.runs}".lower()


def _defaults(has: Inventory) -> tuple[Default, ...]:
    decided = {each.network: each for each in has.unknowns}
    found = []
    for network in has.networks:
        one = decided.get(network) or decided.get("*")
        now = f"menu:{one.menu}" if one and one.kind == "menu" else one.kind if one else "hold"
        offered = [
            ("hold", "Wait for you, with a code"),
            *((f"menu:{menu.id}", f"The menu {menu.name}") for menu in has.menus),
            ("nothing", "Get an address, boot nothing"),
        ]
        found.append(
            Default(
                network,
                f"On {network}",
                tuple(Choice(key, text, key == now) for key, text in offered),
            )
        )
    return tuple(found)
