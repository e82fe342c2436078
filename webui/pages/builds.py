"""/builds: what is being built, what waits, and what was built."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from appliance.actions import images
from appliance.errors import Refused
from appliance.store.builds import BuildRow
from webui import charts, phrases
from webui.forms import beside
from webui.pages import frame, states
from webui.pages.frame import Shell
from webui.pages.page import after, page
from webui.pages.states import Pill
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)
SHOWN = 60


@dataclass(frozen=True, slots=True)
class Clock:
    """Running time: for the tube, for a screen reader, and for the script that counts on."""

    text: str
    said: str
    seconds: int


@dataclass(frozen=True, slots=True)
class Active:
    """A build that runs."""

    id: str
    name: str
    source: str
    clock: Clock
    done: int
    expected: int
    progress: str
    said: str  # progress and what nix is doing


@dataclass(frozen=True, slots=True)
class Waits:
    """A build in the queue."""

    id: str
    name: str
    source: str
    why: str
    since: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A build that is over."""

    id: str
    name: str
    source: str
    state: Pill
    what: str
    took: str
    when: str
    retry: bool


@dataclass(frozen=True, slots=True)
class BuildsView:
    """The page."""

    shell: Shell
    lead: str
    active: tuple[Active, ...]
    waiting: tuple[Waits, ...]
    ended: tuple[Ended, ...]
    problem: str


@router.get("/builds")
def show(here: Signed) -> Response:
    """The page."""
    return page("builds.html", built(here))


@router.get("/builds/now")
def now(here: Signed) -> Response:
    """All of it that moves."""
    return page("builds/now.html", built(here))


@router.post("/builds")
def act(
    here: Signed, deed: Annotated[str, Form()] = "", build: Annotated[str, Form()] = ""
) -> Response:
    """Stop one, or build one again."""
    try:
        done = DEEDS.get(deed, images.retry_build)(here.desk, here.actor, build)
    except Refused as refused:
        return page("builds.html", built(here, " ".join(beside(refused).values())), 422)
    return after("/builds", done.act)


DEEDS = {"stop": images.cancel_build, "again": images.retry_build}


def built(here: Here, problem: str = "") -> BuildsView:
    """The view of this moment."""
    reads = here.reads
    return view(
        frame.shell(here, "builds", "Builds"),
        reads.builds(limit=SHOWN),
        {source.id: source.name for source in reads.sources()},
        here.now,
        problem=problem,
    )


def view(
    shell: Shell,
    rows: Sequence[BuildRow],
    sources: Mapping[str, str],
    now: float,
    *,
    problem: str = "",
) -> BuildsView:
    """The page from its rows, which come newest first."""
    running = [row for row in rows if row.state == "running"]
    waiting = [row for row in reversed(rows) if row.state == "queued"]
    over = [row for row in rows if row.state not in {"running", "queued"}]
    newest: dict[str, str] = {}
    for row in rows:
        newest.setdefault(row.host, row.id)
    return BuildsView(
        shell=shell,
        lead=lead(len(running), len(waiting)),
        active=tuple(active(row, sources, now) for row in running),
        waiting=tuple(
            Waits(row.id, row.name, sources.get(row.source, ""), why(row), _since(row, now))
            for row in waiting
        ),
        ended=tuple(_ended(row, sources, now, newest) for row in over),
        problem=problem,
    )


def lead(running: int, waiting: int) -> str:
    """What goes on.

    >>> lead(0, 0), lead(1, 2)
    ('Nothing is being built.', 'One build is running, two wait.')
    """
    if not running and not waiting:
        return "Nothing is being built."
    verb = "is" if running == 1 else "are"
    parts = [f"{phrases.counted(running, 'build')} {verb} running"] if running else []
    if waiting:
        noun = "" if running else " builds" if waiting > 1 else " build"
        parts.append(f"{phrases.word(waiting)}{noun} {'waits' if waiting == 1 else 'wait'}")
    return phrases.sentence(", ".join(parts))


def active(row: BuildRow, sources: Mapping[str, str], now: float) -> Active:
    """A running build, with how far it is."""
    return Active(
        id=row.id,
        name=row.name,
        source=sources.get(row.source, ""),
        clock=clock(now - (row.began_at or row.queued_at)),
        done=row.done,
        expected=row.expected,
        progress=progress(row),
        said=" ".join(phrases.sentence(part) for part in (progress(row), row.phase) if part),
    )


def clock(seconds: float) -> Clock:
    """Running time."""
    return Clock(phrases.tube(seconds), phrases.duration(seconds), max(0, int(seconds)))


def progress(row: BuildRow) -> str:
    """How many derivations are done, "" before nix has counted them."""
    if row.expected <= 0:
        return ""
    share = charts.share(row.done, row.expected)
    return f"{phrases.number(row.done)} of {phrases.number(row.expected)} ({share} %)"


def why(row: BuildRow) -> str:
    """What it is built for."""
    said = {
        "asked": "you asked",
        "new revision": "the source has a new revision",
        "restarted": "it was cut off by a restart",
    }
    return said.get(row.why, row.why)


def _since(row: BuildRow, now: float) -> str:
    return f"waits for {phrases.duration(now - row.queued_at)}"


def _ended(
    row: BuildRow, sources: Mapping[str, str], now: float, newest: Mapping[str, str]
) -> Ended:
    end = row.ended_at or row.queued_at
    return Ended(
        id=row.id,
        name=row.name,
        source=sources.get(row.source, ""),
        state=states.pill(states.BUILD, row.state),
        what=row.what,
        took=phrases.duration(end - row.began_at) if row.began_at else "–",
        when=phrases.ago(now - end),
        retry=row.state in {"failed", "cancelled"} and newest.get(row.host) == row.id,
    )
