"""/boots/<id>: one boot as an instrument draws it; why it fell short comes first."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions.images import UNDER_WAY
from appliance.actions.refusals import Unknown
from appliance.diagnosis import diagnose, named
from appliance.errors import Problem
from appliance.model.health import unwell
from appliance.store.boots import BootRow, StepRow
from appliance.store.inventory_view import MachineView
from webui import charts, lanes, phrases
from webui.lanes import Lane
from webui.pages import frame, histories, remedies, said, states
from webui.pages.frame import Shell
from webui.pages.histories import BootLine, Steps
from webui.pages.page import STOP_ASKING, Fact, known_facts, page
from webui.pages.remedies import Case, Press
from webui.pages.said import Line
from webui.pages.states import Pill
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)
EARLIER = 12
_AS_USUAL = 0.3  # a phase within this share of its usual time is as usual


class Proof(NamedTuple):
    """One thing that was seen, or that was missing."""

    what: str
    seen: bool


class Cause(NamedTuple):
    """Why the boot fell short: the cause, the way out, how we know, what to press."""

    heading: str
    way_out: str
    proof: tuple[Proof, ...]
    grave: bool  # False while the boot may still get there
    presses: tuple[Press, ...]


class DrawnLane(NamedTuple):
    """One row of the trace."""

    title: str
    note: str
    kind: str  # "", "fell" or "unreached"
    bars: tuple[charts.Rect, ...]
    usual: charts.Rect | None
    never: str  # where the dotted line of a phase that was not reached begins
    said: str  # the picture in words
    took: str
    beside: str
    bad: bool


class Trace(NamedTuple):
    """The picture: lanes over one axis."""

    labels: tuple[charts.Label, ...]
    rules: tuple[str, ...]
    slow: str
    slow_width: str
    rest: str
    lanes: tuple[DrawnLane, ...]
    usual: str  # "usual, from 12 good boots", or ""
    silent: bool


class BootView(NamedTuple):
    """The page."""

    shell: Shell
    id: str
    machine: str
    machine_href: str
    heading: str
    lead: str
    state: Pill
    live: bool
    cause: Cause | None
    trace: Trace
    after: str
    lines: tuple[Line, ...]
    log: str  # the last lines of units that are not active
    earlier: tuple[BootLine, ...]
    facts: tuple[Fact, ...]
    image: str  # id of what it was served, "" when that is gone
    before: str  # id of the boot before this one


@router.get("/boots/{ident}")
def show(here: Signed, ident: str) -> Response:
    """The page."""
    return page("boot.html", built(here, ident))


@router.get("/boots/{ident}/now")
def now(here: Signed, ident: str) -> Response:
    """Everything of it that moves."""
    found = built(here, ident)
    return page("boot/now.html", found, 200 if found.live else STOP_ASKING)


def built(here: Here, ident: str) -> BootView:
    """The view of this moment.  Raises Unknown when there is no such boot."""
    reads = here.reads
    boot = reads.boot(ident)
    if boot is None:
        raise Unknown(Problem((), "There is no such boot. Old ones are cleared away."))
    machines = reads.machines()
    mine = next((each for each in machines if any(mac == boot.mac for _, mac in each.macs)), None)
    called = histories.names(machines)
    rows = reads.boots(mac=boot.mac, limit=EARLIER + 40)
    older = [row for row in rows if row.began_at < boot.began_at]
    newer = [row for row in rows if row.began_at > boot.began_at]
    return view(
        frame.shell(here, "machines", f"Boot of {called.get(boot.mac, boot.mac)}"),
        case(here, boot, mine),
        reads.steps_of([boot.id, *(row.id for row in older[:EARLIER])]),
        older[:EARLIER],
        here.now,
        name=called.get(boot.mac, ""),
        next_boot=newer[-1] if newer else None,
    )


def case(here: Here, boot: BootRow, machine: MachineView | None) -> Case:
    """What is known around a boot."""
    reads = here.reads
    source = (boot.host or "").rpartition("/")[0]
    builds = reads.builds(host=boot.host, limit=1) if boot.host else []
    held = machine is not None and machine.intent == "hold"
    return Case(
        boot=boot,
        machine=machine.id if machine else "",
        source=source if any(one.id == source for one in reads.sources()) else "",
        build=builds[0].id if builds else "",
        building=bool(builds) and builds[0].state in UNDER_WAY,
        image=boot.image if boot.image and reads.image(boot.image) else "",
        goes_on=held and machine is not None and reads.kept_by_hold(machine.id) is not None,
    )


def view(
    shell: Shell,
    around: Case,
    steps: Steps,
    older: Sequence[BootRow],
    now: float,
    *,
    name: str = "",
    next_boot: BootRow | None = None,
) -> BootView:
    """The page from its rows; `older` are the boots of this MAC before it, newest first."""
    boot = around.boot
    called = name or boot.mac
    own = steps.get(boot.id, ())
    drawn = lanes.lanes(boot, own, now)
    good = [lanes.lanes(row, steps.get(row.id, ()), now) for row in older if row.state == "up"]
    return BootView(
        shell=shell,
        id=boot.id,
        machine=called,
        machine_href=f"/machines/{around.machine}" if around.machine else "/machines",
        heading=heading(called, boot),
        lead=lead(boot, now),
        state=states.pill(states.BOOT, boot.state),
        live=boot.state in {*lanes.RUNNING, "held", "menu"},
        cause=cause(around, own, now),
        trace=trace(boot, drawn, lanes.usual(good), len(good), now),
        after=came_back(boot, next_boot),
        lines=said.lines(boot, own, called),
        log=str((boot.facts.get("up") or {}).get("log", "")),
        earlier=histories.lines([boot, *older[:5]], steps, {}, now) if older else (),
        facts=facts(boot),
        image=around.image,
        before=older[0].id if older else "",
    )


def heading(called: str, boot: BootRow) -> str:
    """The answer in a sentence."""
    took = phrases.took(boot.ended_at - boot.began_at) if boot.ended_at else ""
    drifted = " It runs something else." if "expected" in boot.facts else ""
    said_by_state = {
        "asking": f"{called} is asking",
        "loading": f"{called} is loading{f' {boot.name}' if boot.name else ''}",
        "starting": f"{called} has everything and is starting",
        "menu": f"{called} is at its menu",
        "up": f"{called} is up after {took}" + (f".{drifted}" if drifted else ""),
        "served": f"{called} was served, and is not watched",
        "held": f"{called} waits for you",
        "local": f"{called} was sent to its own disk",
        "short": _fell(called, boot),
        "left": f"{called} broke off",
    }
    return said_by_state.get(boot.state, f"{called}: {boot.state}")


def lead(boot: BootRow, now: float) -> str:
    """When, which generation, where."""
    parts = [
        histories.at(boot, now),
        f"{boot.name or ''}{f' generation {boot.generation}' if boot.generation else ''}".strip(),
        f"on {boot.network}",
    ]
    return phrases.sentence(", ".join(part for part in parts if part))


def cause(around: Case, steps: Sequence[StepRow], now: float) -> Cause | None:
    """Why it fell short, None when it did not."""
    boot = around.boot
    if boot.state in {"up", "served", "local"}:
        return None
    over = boot.state in {"short", "left"}
    found = diagnose(boot, steps, now)
    if found is not None:
        presses = remedies.remedies(found.id, around)
        proof = tuple(Proof(line, seen(line)) for line in found.proof)
        return Cause(found.heading.rstrip("."), found.way_out, proof, over, presses)
    if boot.diagnosis:
        presses = remedies.remedies(boot.diagnosis, around)
        return Cause(named(boot.diagnosis).rstrip("."), "", (), over, presses)
    return None


_MISSING = re.compile(r"^(?:No|Nobody|Nothing)\b|\b(?:never|neither|not|closed|failed)\b")


def seen(proof: str) -> bool:
    """Whether a line of proof says what was seen, not what was missing.

    >>> seen("All parts were sent and acknowledged."), seen("No request came after that.")
    (True, False)
    """
    return _MISSING.search(proof) is None


def trace(
    boot: BootRow, drawn: Sequence[Lane], usual: Mapping[str, float], good: int, now: float
) -> Trace:
    """The picture of this boot; what is usual is drawn around it."""
    total = max(lanes.length(boot, now), *(span.end for lane in drawn for span in lane.spans), 0.1)
    busy = max(
        (span.end for lane in drawn if lane.state != "silent" for span in lane.spans), default=total
    )
    expected = busy + max((usual.get(lane.key, 0.0) for lane in drawn if not lane.spans), default=0)
    axis = charts.axis(min(expected, total) if total > busy else busy, total)
    return Trace(
        labels=axis.labels(),
        rules=charts.rules(),
        slow=axis.slow,
        slow_width=f"{100 - axis.at:g}",
        rest=axis.rest(),
        lanes=tuple(_drawn(lane, axis, usual, boot, busy) for lane in drawn),
        usual=f"usual, from {good} good boots" if usual else "",
        silent=any(lane.state == "silent" for lane in drawn),
    )


def came_back(boot: BootRow, following: BootRow | None) -> str:
    """What happened after a boot that fell short."""
    if boot.state != "short" or following is None:
        return ""
    back = following.began_at - boot.began_at
    what = f"At {phrases.took(back)} the firmware came back and asked again."
    if following.generation is not None and following.generation != boot.generation:
        what += f" Nixie served generation {following.generation}."
    return what


def facts(boot: BootRow) -> tuple[Fact, ...]:
    """What was served and what the machine said of itself; what is unknown is left out."""
    up = boot.facts.get("up") or {}
    uptime = up.get("uptime")
    return known_facts(
        Fact("Host", boot.name or ""),
        Fact("Generation", str(boot.generation or "")),
        Fact("Image", (boot.image or "")[:12], code=True),
        Fact("Firmware", phrases.firmware(boot.firmware) if boot.firmware else ""),
        Fact("Address", str(boot.facts.get("address", "")), code=True),
        Fact("Card", str(boot.facts.get("bus_id", "")), code=True),
        Fact("Loader", f"iPXE {boot.facts['version']}" if boot.facts.get("version") else ""),
        Fact("Kernel", str(up.get("kernel", ""))),
        Fact("Name", str(up.get("hostname", ""))),
        Fact("Up for", _duration(uptime)),
        Fact("Units", _units(up)),
        Fact("Needed", _needed(up)),
    )


def _units(up: Mapping[str, object]) -> str:
    if "failed" not in up:
        return ""
    failed = [unit for unit in str(up["failed"] or "").split(",") if unit]
    return f"{phrases.listing(failed)} did not start" if failed else "all started"


def _needed(up: Mapping[str, object]) -> str:
    told = [one for one in str(up.get("health") or "").split(",") if one]
    if not told:
        return ""
    ill = unwell(up.get("health"))
    return " ".join(one.said for one in ill) or f"{phrases.count(len(told), 'unit')}, all active"


def _duration(said: object) -> str:
    try:
        return phrases.duration(float(str(said)))
    except (ValueError, OverflowError):
        return ""


def _fell(called: str, boot: BootRow) -> str:
    where = {
        "kernel-no-sign-of-life": "started, then fell silent",
        "loader-refused": "took its loader, then fell silent",
        "autoexec-missing": "took its loader, then lost its way",
        "ipxe-loop": "loads its loader again and again",
        "download-aborted": "broke off the download",
        "script-failed": "could not carry out its script",
        "e18-no-tftp": "got an address and fetched nothing",
        "unit-not-active": "came up, but not well",
        "unanswered": "asked and was not answered",
        "tftp-not-found": "asked for a file that is not there",
    }
    return f"{called} {where.get(boot.diagnosis or '', 'fell short')}"


def _drawn(
    lane: Lane, axis: charts.Axis, usual: Mapping[str, float], boot: BootRow, reached: float
) -> DrawnLane:
    fell = lane.state in {"fell", "silent"}
    kind = "fell" if fell else "unreached" if lane.state == "unreached" else ""
    expected = usual.get(lane.key)
    shape = {"fell": "bar bad", "silent": "silence", "live": "bar live"}.get(lane.state, "bar")
    bars = tuple(
        charts.bar(axis, span.start, span.end - span.start, shape if last else "bar")
        for last, span in _with_last(lane.spans)
    )
    frame_ = None
    if expected and len(lane.spans) == 1 and lane.key != "up":
        frame_ = charts.bar(axis, lane.spans[0].start, expected, "usual")
    took, beside = _took(lane, expected, boot)
    return DrawnLane(
        title=lane.title,
        note=said.note(lane, boot),
        kind=kind,
        bars=bars,
        usual=frame_,
        never=f"{min(axis.percent(reached), 98):.2f}",
        said=_picture(lane, expected),
        took=took,
        beside=beside,
        bad=fell,
    )


def _took(lane: Lane, expected: float | None, boot: BootRow) -> tuple[str, str]:
    if lane.state == "unreached":
        silent = lane.key == "kernel" and boot.state == "served"
        return "–", "not watched" if silent else ""
    if lane.key == "up":
        return phrases.took(lane.spans[0].start), "after it began"
    took = lane.took
    if lane.state == "silent":
        usually = f", usually {phrases.took(expected)}" if expected else ""
        return phrases.took(took), f"silent{usually}"
    if lane.key == "part" and took > 0:
        return phrases.took(took), phrases.rate(lane.bytes, took)
    if expected is None:
        return phrases.took(took), ""
    near = abs(took - expected) <= max(_AS_USUAL * expected, 0.1)
    return phrases.took(took), "as usual" if near else f"usually {phrases.took(expected)}"


def _picture(lane: Lane, expected: float | None) -> str:
    if not lane.spans:
        return "Not reached"
    spans = " and ".join(
        f"from {span.start:.1f} to {span.end:.1f} seconds" for span in lane.spans[:4]
    )
    silent = ", nothing heard" if lane.state == "silent" else ""
    usual = f", usually {expected:.1f} seconds" if expected else ""
    return f"{lane.title} {spans}{silent}{usual}"


def _with_last(spans: Sequence[lanes.Span]) -> list[tuple[bool, lanes.Span]]:
    return [(place == len(spans) - 1, span) for place, span in enumerate(spans)]
