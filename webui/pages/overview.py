"""/: the answer, what needs the owner, and what runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from appliance.model.images import Verdict
from appliance.model.slices import Slices
from appliance.store.boots import BootRow, StepRow
from appliance.store.builds import BuildRow, SourceStateRow
from appliance.store.inventory_view import SourceView
from appliance.store.leases import LeaseRow
from webui import charts, lanes, phrases
from webui.pages import builds, frame, histories, machines, sources
from webui.pages.builds import Active, Clock
from webui.pages.frame import Shell
from webui.pages.histories import BootLine
from webui.pages.machines import Inventory, Known
from webui.pages.needs import Need, needs
from webui.pages.page import page
from webui.pages.sources import SourceLine
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)
SHOWN_MACHINES = 8
SHOWN_BOOTS = 5


@dataclass(frozen=True, slots=True)
class Reading:
    """One figure of the faceplate."""

    name: str
    href: str
    figure: str
    unit: str
    note: str


@dataclass(frozen=True, slots=True)
class Booting:
    """A boot that runs."""

    id: str
    name: str
    state: str
    clock: Clock
    sent: int
    total: int
    progress: str


@dataclass(frozen=True, slots=True)
class NetworkLine:
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
    begin: bool  # nothing is set up yet


@dataclass(frozen=True, slots=True)
class Facts:
    """The rows this page is made of, beside those of the machines."""

    sources: Sequence[SourceView]
    states: Mapping[str, SourceStateRow]
    lines: tuple[SourceLine, ...]
    verdicts: Sequence[Verdict]
    builds: Sequence[BuildRow]
    running_steps: Mapping[str, Sequence[StepRow]]
    slices: Slices | None
    troubles: Sequence[str] = ()


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
    has = machines.inventory(here)
    followed = reads.sources()
    known, verdicts = reads.source_states(), reads.verdicts()
    newest = {source.id: reads.revisions(source.id, limit=1) for source in followed}
    facts = Facts(
        sources=followed,
        states=known,
        lines=sources.lines(followed, known, newest, verdicts, here.now),
        verdicts=verdicts,
        builds=reads.builds(limit=80),
        running_steps={
            boot.id: reads.steps(boot.id) for boot in has.boots if boot.state in lanes.RUNNING
        },
        slices=reads.slices(),
        troubles=reads.troubles(),
    )
    return view(frame.shell(here, "overview", "Overview"), has, facts, here.now)


def view(shell: Shell, has: Inventory, facts: Facts, now: float) -> OverviewView:
    """The page from its rows."""
    called = histories.names(has.machines)
    last = histories.newest(has.boots)
    rows = machines.known_rows(has, now)
    running = [boot for boot in has.boots if boot.state in lanes.RUNNING]
    active = [row for row in facts.builds if row.state == "running"]
    queued = sum(row.state == "queued" for row in facts.builds)
    named = {source.id: source.name for source in facts.sources}
    mine = [last[mac] for mac in called if mac in last]
    wanted = needs(
        mine, called, has.held, facts.builds, facts.sources, facts.states, now, facts.troubles
    )
    unnamed = [boot for boot in has.boots if boot.mac not in called and boot.state != "held"]
    return OverviewView(
        shell=shell,
        heading=heading(
            rows, running, len(has.held), called, bool(facts.sources), bool(facts.troubles)
        ),
        lead=lead(rows, facts, now),
        needs=wanted,
        readings=_readings(rows, has, facts, now),
        booting=tuple(
            _booting(boot, facts.running_steps.get(boot.id, ()), called, now)
            for boot in running[:3]
        ),
        building=tuple(builds.active(row, named, now) for row in active[:3]),
        queued=f"{phrases.count(queued, 'more build')} in the queue" if queued else "",
        machines=_newest_first(rows, mine)[:SHOWN_MACHINES],
        more_machines=f"All {len(rows)} machines" if rows else "",
        strangers=histories.lines(unnamed[:SHOWN_BOOTS], has.steps, {}, now) if not rows else (),
        sources=facts.lines,
        networks=_networks(facts.slices, has.leases, now),
        begin=not facts.sources,
    )


def heading(
    rows: Sequence[Known],
    running: Sequence[BootRow],
    waiting: int,
    called: Mapping[str, str],
    has_sources: bool,
    has_troubles: bool = False,
) -> str:
    """The answer: what runs now, else what fell short, else how everything is."""
    parts = ["A part of the router does not work."] if has_troubles else []
    if running:
        names = [called.get(boot.mac, "An unknown machine") for boot in running]
        verb = "is" if len(names) == 1 else "are"
        parts.append(f"{phrases.listing(names)} {verb} booting.")
    short = sum(row.state.kind == "bad" for row in rows)
    if short:
        noun = "boot" if short == 1 else "boots"
        parts.append(phrases.sentence(f"{phrases.word(short)} {noun} fell short"))
    if waiting:
        verb = "waits" if waiting == 1 else "wait"
        parts.append(phrases.sentence(f"{phrases.counted(waiting, 'machine')} {verb} for you"))
    if parts:
        return " ".join(parts[:2])
    up = sum(row.state.kind in {"ok", "trial", "blind"} for row in rows)
    if rows and up == len(rows):
        return "Your machine is up." if up == 1 else f"All {phrases.word(up)} machines are up."
    if up:
        return f"{phrases.capital(phrases.word(up))} of {phrases.word(len(rows))} machines are up."
    return "Ready to boot." if has_sources else "Add a source, and machines boot from it."


def lead(rows: Sequence[Known], facts: Facts, now: float) -> str:
    """What there is, and what day it is."""
    good = sum(each.kind in {"native", "adaptable"} for each in facts.verdicts)
    day = f"{phrases.date(now)}, {phrases.clock(now)}.".replace(" ", "\N{NO-BREAK SPACE}")
    if not facts.sources:
        return f"A source is the address of a flake; its hosts are what machines boot. {day}"
    said = f"{phrases.counted(len(rows), 'machine')}, {phrases.counted(good, 'host')} to boot"
    return f"{phrases.sentence(said)} {day}"


def _readings(
    rows: Sequence[Known], has: Inventory, facts: Facts, now: float
) -> tuple[Reading, ...]:
    if not facts.sources and not has.boots:
        return ()
    up = sum(row.state.kind in {"ok", "trial"} for row in rows)
    good = [each.host for each in facts.verdicts if each.kind in {"native", "adaptable"}]
    ready = sum(host.ready for host in has.hosts)
    best = [boot for boot in has.boots if boot.state == "up" and boot.ended_at is not None]
    day = [boot for boot in has.boots if now - boot.began_at < _DAY]
    online = sum(each.state == "bound" and each.ends_at > now for each in has.leases)
    found = [
        Reading("Machines up", "/machines", str(up), f"of {len(rows)}", _fell_short(rows)),
        Reading("Hosts ready", "/sources", str(ready), f"of {len(good)}", _unready(facts.verdicts)),
    ]
    if best:
        took = lanes.length(best[0], now)
        number, _, unit = phrases.took(took).partition("\N{NO-BREAK SPACE}")
        found.append(
            Reading(
                "Last boot",
                f"/boots/{best[0].id}",
                number,
                unit,
                f"{best[0].name or 'up'}, {phrases.ago(now - best[0].began_at)}",
            )
        )
    note = f"{phrases.count(len(day), 'boot')} in 24 h"
    found.append(Reading("Addresses given", "/machines", str(online), "", note))
    return tuple(found)


_DAY = 86_400


def _fell_short(rows: Sequence[Known]) -> str:
    short = sum(row.state.kind == "bad" for row in rows)
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


def _newest_first(rows: Sequence[Known], last: Sequence[BootRow]) -> tuple[Known, ...]:
    began = {boot.id: boot.began_at for boot in last}
    bad_first = {"bad": 0, "live": 1}
    return tuple(
        sorted(rows, key=lambda row: (bad_first.get(row.state.kind, 2), -began.get(row.boot, 0.0)))
    )


def _networks(
    slices: Slices | None, leases: Sequence[LeaseRow], now: float
) -> tuple[NetworkLine, ...]:
    if slices is None:
        return ()
    found = []
    for network in slices.boot:
        online = sum(
            each.network == network.name and each.state == "bound" and each.ends_at > now
            for each in leases
        )
        said = f"{phrases.count(online, 'address', 'addresses')} given" if online else "nobody"
        found.append(NetworkLine(network.name, str(network.address.network), said))
    return tuple(found)
