"""Machines that are known, as rows: searched, filtered, in order, a page at a time.

Only the rows of one page are drawn; what a machine can be given is asked for when its owner wants
to give it something.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from appliance.diagnosis import named
from appliance.store.boots import BootRow, HeldRow
from appliance.store.builds import GenerationRow
from appliance.store.inventory_view import MachineView, MenuView
from appliance.store.leases import LeaseRow
from webui import lanes, phrases
from webui.pages import choices, histories, inbox, states
from webui.pages.choices import HostChoice
from webui.pages.histories import BootLine, Steps
from webui.pages.listing import Listing
from webui.pages.states import Pill
from webui.session import Here

PER_PAGE = 50


class Inventory(NamedTuple):
    """The rows that pages about machines are made of; `boots` is the newest of each MAC."""

    machines: Sequence[MachineView]
    held: Sequence[HeldRow]
    boots: Sequence[BootRow]
    hosts: Sequence[HostChoice]
    generations: Sequence[GenerationRow]
    menus: Sequence[MenuView]
    leases: Sequence[LeaseRow]


class Seen(NamedTuple):
    """One machine and how it does; `state` is its newest boot's, "trial" or "never"."""

    machine: MachineView
    boot: BootRow | None
    state: str
    address: str  # "" without a lease
    next: str  # what it boots next

    @property
    def pill(self) -> Pill:
        """How it does, as a shape and a word."""
        return states.machine(self.boot, "trial" if self.state == "trial" else None)

    def matches(self, query: str) -> bool:
        """Whether what is searched for is in its name, MACs, address or hosts."""
        macs = " ".join(mac for _, mac in self.machine.macs)
        runs = self.boot.name or "" if self.boot else ""
        words = f"{self.machine.name} {macs} {self.address} {runs} {self.next}"
        return query.lower() in words.lower()


class Known(NamedTuple):
    """One machine of the table."""

    id: str
    name: str
    under: str  # its address, or its MAC
    runs: str
    generation: str
    state: Pill
    why: str  # one line below the state
    boot: str  # id of its newest boot, "" without one
    next: str
    strip: BootLine | None


@dataclass(frozen=True, slots=True)
class Chip:
    """A filter, which is a link."""

    key: str
    href: str
    label: str
    count: int
    current: bool


class Column(NamedTuple):
    """A head of the table that orders it; `sort` is "", "ascending" or "descending"."""

    key: str
    label: str
    href: str
    sort: str


class KnownList(NamedTuple):
    """The table, ready to print."""

    once: str
    rows: tuple[Known, ...]
    total: int
    summary: str
    chips: tuple[Chip, ...]
    machine: Column
    last: Column
    query: str
    show: str
    sort: str
    back: str  # this view's own address
    asks: str  # what a fragment of it is asked with
    before: str  # address of the page before, "" on the first
    after: str


def inventory(here: Here) -> Inventory:
    """Everything the roles' files say about machines."""
    reads = here.reads
    generations = reads.generations()
    known = reads.machines()
    return Inventory(
        machines=known,
        held=inbox.unmet(reads.held(here.now), known),
        boots=reads.newest_boots(),
        hosts=choices.hosts(reads.verdicts(), (each.host for each in generations)),
        generations=generations,
        menus=reads.menus(),
        leases=reads.leases(),
    )


def seen(has: Inventory, now: float) -> list[Seen]:
    """Every known machine, in the order of names."""
    last = {boot.mac: boot for boot in has.boots}
    menus = {menu.id: menu.name for menu in has.menus}
    names = {host.id: host.name for host in has.hosts}
    trial = {(each.host, each.number) for each in has.generations if each.state == "trial"}
    addresses = {each.mac: str(each.address) for each in has.leases if each.ends_at > now}
    found = []
    for machine in has.machines:
        boot = histories.of_machine(machine, last)
        on_trial = boot is not None and (boot.host, boot.generation) in trial
        state = boot.state if boot else "never"
        macs = [mac for _, mac in machine.macs]
        found.append(
            Seen(
                machine=machine,
                boot=boot,
                state="trial" if state == "up" and on_trial else state,
                address=next((addresses[mac] for mac in macs if mac in addresses), ""),
                next=choices.said(machine, names, menus),
            )
        )
    return sorted(found, key=_by_name)


def matching(machines: Sequence[Seen], listing: Listing) -> list[Seen]:
    """Those that the view shows, on all its pages, in its order."""
    shown = _SHOWN.get(listing.show, _SHOWN["all"])[1]
    rows = [one for one in machines if (not shown or one.state in shown)]
    rows = [one for one in rows if one.matches(listing.q)]
    column = listing.sort.removeprefix("-")
    if column == "boot":
        rows.sort(key=lambda one: -one.boot.began_at if one.boot else 0.0)
    if listing.sort.startswith("-"):
        rows.reverse()
    return rows


def on_page(machines: Sequence[Seen], listing: Listing) -> list[Seen]:
    """The part of them on its page; beyond the last page is the last page."""
    start = (_number(machines, listing) - 1) * PER_PAGE
    return list(machines[start : start + PER_PAGE])


def listed(
    machines: Sequence[Seen], listing: Listing, steps: Steps, now: float, once: str = ""
) -> KnownList:
    """The table from its rows; `steps` are of the boots on the page."""
    found = matching(machines, listing)
    shown = on_page(found, listing)
    number = _number(found, listing)
    here = listing.at(number)
    return KnownList(
        once=once,
        rows=rows(shown, steps, now),
        total=len(machines),
        summary=summary(machines, len(found), number, len(shown)),
        chips=_chips(machines, here),
        machine=_column(here, "name", "Machine"),
        last=_column(here, "boot", "Last boot"),
        query=listing.q,
        show=listing.show,
        sort=listing.sort,
        back=here.path,
        asks=here.query,
        before=here.at(number - 1).path if number > 1 else "",
        after=here.at(number + 1).path if number * PER_PAGE < len(found) else "",
    )


def rows(machines: Sequence[Seen], steps: Steps, now: float) -> tuple[Known, ...]:
    """Rows for these machines, all strips on the same seconds."""
    called = histories.names(one.machine for one in machines)
    lines = histories.lines([one.boot for one in machines if one.boot], steps, called, now)
    strips = {line.id: line for line in lines}
    return tuple(
        Known(
            id=one.machine.id,
            name=one.machine.name,
            under=one.address or next((mac for _, mac in one.machine.macs), ""),
            runs=one.boot.name or "–" if one.boot else "nothing yet",
            generation=_generation(one.boot),
            state=one.pill,
            why=_why(one.boot),
            boot=one.boot.id if one.boot else "",
            next=one.next,
            strip=strips[one.boot.id] if one.boot else None,
        )
        for one in machines
    )


def lead(machines: Sequence[Seen]) -> str:
    """How many there are and how they do."""
    if not machines:
        return "A machine that boots from the network shows up here by itself."
    up = sum(one.state in _SHOWN["up"][1] for one in machines)
    short = sum(one.state == "short" for one in machines)
    parts = [f"{phrases.word(len(machines))} known, {phrases.word(up)} up"]
    if short:
        parts.append(f"{phrases.word(short)} fell short")
    return phrases.sentence(", ".join(parts)) + " Each one boots what you gave it."


def summary(machines: Sequence[Seen], found: int, number: int, shown: int) -> str:
    """The foot of the table."""
    macs = sum(len(one.machine.macs) for one in machines)
    cards = phrases.count(macs, "MAC address", "MAC addresses")
    whole = f"{phrases.count(len(machines), 'machine')}, {cards}"
    if shown == found:
        return whole if found == len(machines) else f"{phrases.number(found)} of {whole}"
    first = (number - 1) * PER_PAGE + 1
    return f"{first} to {first + shown - 1} of {phrases.number(found)}. {phrases.capital(whole)}"


_SHOWN: Mapping[str, tuple[str, frozenset[str]]] = {
    "all": ("All", frozenset()),
    "up": ("Up", frozenset({"up", "trial"})),
    "booting": ("Booting", frozenset(lanes.RUNNING)),
    "waiting": ("Waiting", frozenset({"held", "menu"})),
    "short": ("Fell short", frozenset({"short"})),
    "trial": ("On trial", frozenset({"trial"})),
    "unwatched": ("Unwatched", frozenset({"served"})),
    "local": ("Local disk", frozenset({"local"})),
    "left": ("Broken off", frozenset({"left"})),
    "never": ("Never booted", frozenset({"never"})),
}
"""What a chip shows: states of `Seen`, none for all."""


def _chips(machines: Sequence[Seen], listing: Listing) -> tuple[Chip, ...]:
    found = [one for one in machines if one.matches(listing.q)]
    chips = []
    for key, (label, shown) in _SHOWN.items():
        amount = sum(not shown or one.state in shown for one in found)
        if key == "all" or amount or key == listing.show:
            current = key == listing.show
            chips.append(Chip(key, listing.showing(key).path, label, amount, current))
    return tuple(chips)


def _column(listing: Listing, key: str, label: str) -> Column:
    return Column(key, label, listing.sorted_by(key).path, listing.direction(key))


def _number(machines: Sequence[Seen], listing: Listing) -> int:
    last = max(1, -(-len(machines) // PER_PAGE))
    return min(max(1, listing.page), last)


def _by_name(one: Seen) -> list[tuple[int, str]]:
    """The order of names in which node-9 comes before node-10."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part)
        for part in re.split(r"(\d{1,9})", one.machine.name)
    ]


def _generation(boot: BootRow | None) -> str:
    return f"generation {boot.generation}" if boot and boot.generation is not None else ""


def _why(boot: BootRow | None) -> str:
    if boot is None:
        return ""
    if boot.state == "served":
        return "served, then silent by choice"
    return named(boot.diagnosis).rstrip(".") if boot.diagnosis and boot.state == "short" else ""
