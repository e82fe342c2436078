"""/: the answer, what needs the owner, and what runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.model.images import Verdict
from appliance.model.slices import Slices
from appliance.model.way import Stand, Way
from appliance.store import journals
from appliance.store.boots import BootRow, StepRow
from appliance.store.builds import BuildRow
from appliance.store.inventory_view import SourceView
from appliance.store.leases import LeaseRow
from webui import charts, lanes, phrases
from webui.pages import builds, frame, happened, histories, known, sources, traffic, troubles
from webui.pages.builds import Active, Clock
from webui.pages.frame import Shell
from webui.pages.happened import LOUD, Happened, Names
from webui.pages.histories import BootLine, Steps
from webui.pages.known import Inventory, Known, Seen
from webui.pages.needs import Need, Wanting, needs
from webui.pages.page import page
from webui.pages.sources import SourceLine
from webui.pages.traffic import Flow
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)
SHOWN_MACHINES = 8
SHOWN_BOOTS = 5
SHOWN_RUNNING = 3
SHOWN_EVENTS = 5


class Reading(NamedTuple):
    """One figure of the faceplate."""

    name: str
    href: str
    figure: str
    unit: str
    note: str


class Booting(NamedTuple):
    """A boot that runs."""

    id: str
    name: str
    state: str
    clock: Clock
    sent: int
    total: int
    progress: str


class NetworkLine(NamedTuple):
    """One network."""

    name: str
    address: str
    online: str


@dataclass(frozen=True, slots=True)
class OverviewView:
    """The page."""

    shell: Shell
    heading: str
    lead: str
    needs: tuple[Need, ...]
    readings: tuple[Reading, ...]
    booting: tuple[Booting, ...]
    building: tuple[Active, ...]
    queued: str
    machines: tuple[Known, ...]
    more_machines: str
    strangers: tuple[BootLine, ...]  # newest boots of machines nobody has named
    sources: tuple[SourceLine, ...]
    networks: tuple[NetworkLine, ...]
    happened: tuple[Happened, ...]
    begin: bool  # nothing is set up yet
    traffic: tuple[Flow, ...] = ()


class Facts(NamedTuple):
    """The rows this page is made of, beside those of the machines."""

    sources: Sequence[SourceLine]
    names: Mapping[str, str]  # of sources, by id
    verdicts: Sequence[Verdict]
    builds: Sequence[BuildRow]  # that run or wait
    steps: Steps  # of the boots that are shown
    slices: Slices | None
    way: Way
    last_up: BootRow | None
    boots_today: int
    happened: tuple[Happened, ...]
    wanting: Wanting


@router.get("/")
def show(here: Signed) -> Response:
    """The page."""
    return page("overview.html", built(here))


@router.get("/overview/now")
def now(here: Signed) -> Response:
    """All of it that moves."""
    return page("overview/now.html", built(here))


def built(here: Here) -> OverviewView:
    """The view of this moment."""
    reads = here.reads
    has = known.inventory(here)
    machines = known.seen(has, here.now)
    followed, verdicts = reads.sources(), reads.verdicts()
    called = happened.names(has.machines, followed)
    newest = [one.boot for one in newest_first(machines)[:SHOWN_MACHINES]]
    drawn = [*newest, *running(has)[:SHOWN_RUNNING], *strangers(has)]
    facts = Facts(
        sources=sources.table(here),
        names=called.sources,
        verdicts=verdicts,
        builds=reads.builds_under_way(),
        steps=reads.steps_of([boot.id for boot in drawn if boot]),
        slices=reads.slices(),
        way=reads.way(),
        last_up=reads.last_up(),
        boots_today=reads.boots_since(here.now - _DAY),
        happened=happened.told(
            journals.older(reads, SHOWN_EVENTS, kinds=LOUD).told, called, here.now
        ),
        wanting=wanting(here, machines, followed, verdicts, called, len(has.held)),
    )
    shown = view(frame.shell(here, "overview", "Overview"), has, machines, facts, here.now)
    return replace(shown, traffic=traffic.flows(here))


def wanting(
    here: Here,
    machines: Sequence[Seen],
    followed: Sequence[SourceView],
    verdicts: Sequence[Verdict],
    called: Names,
    waiting: int,
) -> Wanting:
    """What may want the owner; hosts that are gone want nobody."""
    reads, hosts = here.reads, {each.host for each in verdicts}
    stands = reads.source_states()
    return Wanting(
        processes=reads.troubles(),
        troubles=troubles.present(reads, called, here.now),
        short=[
            (one.machine.name, one.boot)
            for one in newest_first(machines)
            if one.boot and one.state == "short"
        ],
        failing=[build for build in reads.builds_failing() if build.host in hosts],
        waiting=waiting,
        unreadable=[
            (source, stands[source.id])
            for source in followed
            if source.id in stands and stands[source.id].state == "unreadable"
        ],
    )


def view(
    shell: Shell, has: Inventory, machines: Sequence[Seen], facts: Facts, now: float
) -> OverviewView:
    """The page from its rows."""
    called = histories.names(has.machines)
    boots = running(has)
    active = [row for row in facts.builds if row.state == "running"]
    queued = len(facts.builds) - len(active)
    wanted = facts.wanting
    wrong = ["A part of the router does not work."] if wanted.processes else []
    wrong += [one.answer for one in wanted.troubles if one.kind == "bad"]
    return OverviewView(
        shell=shell,
        heading=("" if wrong else online(facts.way, now))
        + heading(machines, boots, wanted.waiting, called, bool(facts.sources), wrong),
        lead=lead(machines, facts, now),
        needs=needs(wanted, now),
        readings=_readings(machines, has, facts, now),
        booting=tuple(
            _booting(boot, facts.steps.get(boot.id, ()), called, now)
            for boot in boots[:SHOWN_RUNNING]
        ),
        building=tuple(builds.active(row, facts.names, now) for row in active[:SHOWN_RUNNING]),
        queued=f"{phrases.count(queued, 'more build')} in the queue" if queued else "",
        machines=known.rows(newest_first(machines)[:SHOWN_MACHINES], facts.steps, now),
        more_machines=every(len(machines)),
        strangers=histories.lines(strangers(has), facts.steps, {}, now),
        sources=tuple(facts.sources),
        networks=_networks(facts.slices, has.leases, now),
        happened=facts.happened,
        begin=not facts.sources,
    )


def every(machines: int) -> str:
    """The way to all machines.

    >>> every(0), every(1), every(12)
    ('', 'The list of machines', 'All 12 machines')
    """
    if machines < 2:
        return "The list of machines" if machines else ""
    return f"All {phrases.number(machines)} machines"


def running(has: Inventory) -> list[BootRow]:
    """Boots that run; a running boot is its machine's newest."""
    return [boot for boot in has.boots if boot.state in lanes.RUNNING]


def strangers(has: Inventory) -> list[BootRow]:
    """The newest boots of machines nobody has named, while nobody has named any."""
    if has.machines:
        return []
    return [boot for boot in has.boots if boot.state != "held"][:SHOWN_BOOTS]


def newest_first(machines: Sequence[Seen]) -> list[Seen]:
    """What fell short, then what runs, then by the newest boot."""
    order = {"short": 0, **dict.fromkeys(lanes.RUNNING, 1)}
    return sorted(
        machines,
        key=lambda one: (order.get(one.state, 2), -one.boot.began_at if one.boot else 0.0),
    )


def heading(
    machines: Sequence[Seen],
    running: Sequence[BootRow],
    waiting: int,
    called: Mapping[str, str],
    has_sources: bool,
    wrong: Sequence[str] = (),
) -> str:
    """The answer: what is wrong or runs now, else what fell short, else how everything is."""
    parts = list(wrong[:1])
    if running:
        names = [called.get(boot.mac, "An unknown machine") for boot in running]
        verb = "is" if len(names) == 1 else "are"
        parts.append(f"{phrases.listing(names)} {verb} booting.")
    short = sum(one.state == "short" for one in machines)
    if short:
        noun = "boot" if short == 1 else "boots"
        parts.append(phrases.sentence(f"{phrases.word(short)} {noun} fell short"))
    if waiting:
        verb = "waits" if waiting == 1 else "wait"
        parts.append(phrases.sentence(f"{phrases.counted(waiting, 'machine')} {verb} for you"))
    if parts:
        return " ".join(parts[:2])
    up = sum(one.state in {"up", "trial", "served"} for one in machines)
    if machines and up == len(machines):
        return "Your machine is up." if up == 1 else f"All {phrases.word(up)} machines are up."
    if up:
        many = phrases.word(len(machines))
        return f"{phrases.capital(phrases.word(up))} of {many} machines are up."
    return "Ready to boot." if has_sources else "Add a source, and machines boot from it."


def online(way: Way, now: float) -> str:
    """The beginning of an answer while the internet is there; else that is among what is wrong.

    >>> online(Way(Stand.ONLINE, since=10.0), 10.0 + 3 * 86_400), online(Way(), 0.0)
    ('Online for 3\\xa0days. ', '')
    """
    up = way.stand is Stand.ONLINE
    return f"Online for {phrases.duration(now - way.since)}. " if up else ""


def lead(machines: Sequence[Seen], facts: Facts, now: float) -> str:
    """What there is, and what day it is."""
    good = sum(each.boots for each in facts.verdicts)
    day = f"{phrases.date(now)}, {phrases.clock(now)}.".replace(" ", "\N{NO-BREAK SPACE}")
    if not facts.sources:
        return f"A source is the address of a flake; its hosts are what machines boot. {day}"
    said = f"{phrases.counted(len(machines), 'machine')}, {phrases.counted(good, 'host')} to boot"
    return f"{phrases.sentence(said)} {day}"


def _readings(
    machines: Sequence[Seen], has: Inventory, facts: Facts, now: float
) -> tuple[Reading, ...]:
    if not facts.sources and not has.boots:
        return ()
    up = sum(one.state in {"up", "trial"} for one in machines)
    good = [each.host for each in facts.verdicts if each.boots]
    ready = sum(host.ready for host in has.hosts)
    online = sum(each.state == "bound" and each.ends_at > now for each in has.leases)
    found = [
        *_internet(facts.way),
        Reading("Machines up", "/machines", str(up), f"of {len(machines)}", _fell_short(machines)),
        Reading("Hosts ready", "/sources", str(ready), f"of {len(good)}", _unready(facts.verdicts)),
    ]
    if facts.last_up:
        best = facts.last_up
        number, _, unit = phrases.took(lanes.length(best, now)).partition("\N{NO-BREAK SPACE}")
        note = f"{best.name or 'up'}, {phrases.ago(now - best.began_at)}"
        found.append(Reading("Last boot", f"/boots/{best.id}", number, unit, note))
    note = f"{phrases.count(facts.boots_today, 'boot')} in 24 h"
    found.append(Reading("Addresses given", "/networks", str(online), "", note))
    return tuple(found)


_DAY = 86_400


def _internet(way: Way) -> tuple[Reading, ...]:
    shown = frame.online(way)
    if shown is None:
        return ()
    figure, _, unit = shown.figure.partition("\N{NO-BREAK SPACE}")
    lost = f"{way.lost_percent} % lost" if way.lost_percent else "nothing lost"
    note = f"{way.link}, {lost}" if way.stand is Stand.ONLINE else way.link
    return (Reading("Internet", "/internet", figure or shown.text, unit, note),)


def _fell_short(machines: Sequence[Seen]) -> str:
    short = sum(one.state == "short" for one in machines)
    return f"{phrases.word(short)} fell short" if short else "none fell short"


def _unready(verdicts: Sequence[Verdict]) -> str:
    bad = sum(each.kind == "not-bootable" for each in verdicts)
    return f"{phrases.word(bad)} cannot boot" if bad else "all can boot"


def _booting(
    boot: BootRow, steps: Sequence[StepRow], called: Mapping[str, str], now: float
) -> Booting:
    parts = [step for step in steps if step.kind == "part"]
    sent, total = sum(s.bytes or 0 for s in parts), sum(s.total or 0 for s in parts)
    said = {
        "asking": "It asked for an address.",
        "loading": f"It loads {boot.name}." if boot.name else "It loads.",
        "starting": "It has everything. Now it starts.",
    }
    progress = f"{phrases.size(sent)} of {phrases.size(total)}. " if total else ""
    return Booting(
        id=boot.id,
        name=called.get(boot.mac, boot.mac),
        state=f"{progress}{said.get(boot.state, '')}",
        clock=builds.clock(now - boot.began_at),
        sent=sent,
        total=total,
        progress=f"{charts.share(sent, total)} %",
    )


def _networks(
    slices: Slices | None, leases: Sequence[LeaseRow], now: float
) -> tuple[NetworkLine, ...]:
    if slices is None:
        return ()
    found = []
    for network in slices.booting:
        online = sum(
            each.network == network.name and each.state == "bound" and each.ends_at > now
            for each in leases
        )
        said = f"{phrases.count(online, 'address', 'addresses')} given" if online else "nobody"
        found.append(NetworkLine(network.name, str(network.address.network), said))
    return tuple(found)
