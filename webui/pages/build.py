"""/builds/<id>: where a build is, and what it says."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Query
from starlette.responses import Response, StreamingResponse

from appliance.actions.refusals import Unknown
from appliance.errors import Problem
from appliance.model.images import Verdict
from appliance.store.builds import BuildRow, GenerationRow, RevisionRow
from appliance.store.inventory_view import MachineView
from appliance.store.reads import Reads
from webui import logs, phrases
from webui.logs import LogLine
from webui.pages import builds, frame, sources, states
from webui.pages.builds import Clock
from webui.pages.frame import Shell
from webui.pages.page import STOP_ASKING, page
from webui.pages.states import Pill
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)
TAIL_BYTES = 48_000
PIECE_BYTES = 128_000


class Phase(NamedTuple):
    """One step of the work.  `state`: done, now, waiting, fell."""

    name: str
    state: str
    note: str


class Log(NamedTuple):
    """The lines to show and where the next ones begin."""

    build: str
    lines: tuple[LogLine, ...]
    end: int  # bytes
    live: bool
    cut: bool  # there is more before these lines


class LogView(NamedTuple):
    """A piece of the log, alone."""

    log: Log


class OneBuildView(NamedTuple):
    """The page."""

    shell: Shell
    id: str
    name: str
    heading: str
    source: str
    source_href: str
    lead: str
    state: Pill
    running: bool
    active: bool
    clock: Clock | None
    phases: tuple[Phase, ...]
    what: str
    then: str
    image: str  # id of what it made, "" when it made none
    log: Log
    earlier: tuple[builds.Ended, ...]


@router.get("/builds/{ident}")
def show(here: Signed, ident: str) -> Response:
    """The page."""
    return page("build.html", built(here, ident))


@router.get("/builds/{ident}/now")
def now(here: Signed, ident: str) -> Response:
    """All of it that moves, but the log."""
    found = built(here, ident)
    return page("build/now.html", found, 200 if found.active else STOP_ASKING)


@router.get("/builds/{ident}/log")
def log(here: Signed, ident: str, start: Annotated[int, Query(ge=0)] = 0) -> Response:
    """The log from byte `start` on, and the line that asks for the rest."""
    row = _row(here, ident)
    return page("build/log.html", LogView(log=read(here.reads, row, start)))


@router.get("/builds/{ident}/log.txt")
def whole(here: Signed, ident: str) -> Response:
    """The whole log as text."""
    row = _row(here, ident)
    return StreamingResponse(
        pieces(here.reads, row),
        media_type="text/plain; charset=utf-8",
        headers={"Cache-Control": "no-store"},
    )


def built(here: Here, ident: str) -> OneBuildView:
    """The view of this moment.  Raises Unknown."""
    reads = here.reads
    row = _row(here, ident)
    return view(
        frame.shell(here, "builds", f"Build of {row.name}"),
        row,
        read(reads, row, -TAIL_BYTES),
        reads.builds(host=row.host, limit=8),
        reads.generations(row.host),
        {source.id: source.name for source in reads.sources()},
        reads.machines(),
        here.now,
        revision=next(
            (one for one in reads.revisions(row.source, limit=100) if one.id == row.revision), None
        ),
        verdict=next((one for one in reads.verdicts(row.source) if one.host == row.host), None),
    )


def view(
    shell: Shell,
    row: BuildRow,
    log: Log,
    rows: Sequence[BuildRow],
    generations: Sequence[GenerationRow],
    called: Mapping[str, str],
    machines: Sequence[MachineView],
    now: float,
    *,
    revision: RevisionRow | None = None,
    verdict: Verdict | None = None,
) -> OneBuildView:
    """The page from its rows; `rows` are the builds of the same host."""
    made = next((each for each in generations if row.image and each.image == row.image), None)
    runs = [each.name for each in machines if each.intent == "run" and each.host == row.host]
    others = [each for each in rows if each.id != row.id and each.state not in _ACTIVE]
    return OneBuildView(
        shell=shell,
        id=row.id,
        name=row.name,
        heading=heading(row, made),
        source=called.get(row.source, "a source that was removed"),
        source_href=f"/sources/{row.source}" if row.source in called else "/sources",
        lead=lead(row, now),
        state=states.pill(states.BUILD, row.state),
        running=row.state == "running",
        active=row.state in _ACTIVE,
        clock=builds.clock(now - row.began_at) if row.state == "running" and row.began_at else None,
        phases=phases(row, now, revision, verdict),
        what=row.what if row.state == "failed" else "",
        then=then(row, made, runs),
        image=row.image or "",
        log=log,
        earlier=builds.ended(others, (), called, now),
    )


_ACTIVE = frozenset({"queued", "running"})


def heading(row: BuildRow, made: GenerationRow | None) -> str:
    """The answer in a sentence."""
    said = {
        "queued": f"{row.name} waits to be built",
        "running": f"Building {row.name}",
        "built": f"{row.name} is built" + (f", generation {made.number}" if made else ""),
        "unchanged": f"{row.name} is as it was",
        "failed": f"{row.name} could not be built",
        "cancelled": f"The build of {row.name} was stopped",
    }
    return said.get(row.state, f"{row.name}: {row.state}")


def lead(row: BuildRow, now: float) -> str:
    """When, and what for."""
    if row.state == "queued":
        return f"For {phrases.duration(now - row.queued_at)}, because {builds.why(row)}."
    if row.ended_at is None:
        return f"Because {builds.why(row)}."
    where = f", {builds.on(row)}" if row.builder else ""
    took = f" It took {phrases.duration(row.ended_at - row.began_at)}." if row.began_at else ""
    return f"{phrases.capital(phrases.ago(now - row.ended_at))}{where}.{took}"


_STAGES = ("Fetch", "Look", "Wait", "Build", "Publish")
_WAITS, _BUILDS, _PUBLISHES = 2, 3, 4


def phases(
    row: BuildRow, now: float, revision: RevisionRow | None, verdict: Verdict | None
) -> tuple[Phase, ...]:
    """Where it is; what nix says of itself stands below the phase it belongs to.

    Fetching and looking were done for the source, before the build was queued.
    """
    at = stage(row)
    over = row.state in {"built", "unchanged"}
    waited = (row.began_at or row.ended_at or now) - row.queued_at
    notes = (
        f"{sources.revision(revision)}, {phrases.ago(now - revision.seen_at)}" if revision else "",
        states.pill(states.VERDICT, verdict.kind).text.lower() if verdict else "",
        phrases.duration(waited),
        ", ".join(part for part in (builds.progress(row), builds.on(row)) if part),
        "",
    )
    found = []
    for place, name in enumerate(_STAGES):
        state = "done" if over or place < at else "waiting"
        if place == at and not over:
            state = "now" if row.state in _ACTIVE else "fell"
        note = notes[place] if place <= at or over else ""
        if state == "now" and place > _WAITS and row.phase:
            note = f"{note}, {row.phase}" if note else row.phase
        found.append(Phase(name, state, note))
    return tuple(found)


def stage(row: BuildRow) -> int:
    """The place of the present phase among the five."""
    if row.began_at is None:
        return _WAITS
    return _PUBLISHES if row.phase.startswith("publishing") else _BUILDS


def then(row: BuildRow, made: GenerationRow | None, runs: Sequence[str]) -> str:
    """What follows from it."""
    who = phrases.listing(runs)
    gets = "gets" if len(runs) == 1 else "get"
    if row.state in _ACTIVE:
        return f"{who} {gets} it on the next boot." if runs else "No machine runs it yet."
    if row.state == "built" and made:
        size = phrases.size(made.size)
        given = f"{who} {gets} it on the next boot." if runs else "No machine runs it yet."
        return f"Generation {made.number} has {size}. {given}"
    if row.state == "failed":
        return "What was published before is still served."
    if row.state == "unchanged":
        return "The revision gives the same image, so there is no new generation."
    return ""


def read(reads: Reads, row: BuildRow, start: int) -> Log:
    """The log from `start` on; a negative one counts from the end."""
    piece = reads.log(row, start, PIECE_BYTES)
    live = row.state in _ACTIVE or piece.end < piece.size
    return Log(row.id, logs.lines(piece.text), piece.end, live, start < 0 and piece.start > 0)


def pieces(reads: Reads, row: BuildRow) -> Iterator[str]:
    """The whole log, a piece at a time."""
    at = 0
    while True:
        piece = reads.log(row, at, PIECE_BYTES)
        if piece.end <= at:
            return
        at = piece.end
        yield piece.text


def _row(here: Here, ident: str) -> BuildRow:
    row = here.reads.build(ident)
    if row is None:
        raise Unknown(Problem((), "There is no such build. Old ones are cleared away."))
    return row
