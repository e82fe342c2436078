"""/builds: what is being built, what waits, and what was built."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import images
from appliance.store.builds import BuildRow
from webui import charts, phrases
from webui.forms import Text
from webui.pages import frame, states
from webui.pages.frame import Shell
from webui.pages.page import after, own_path, page
from webui.pages.states import Pill
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)
SHOWN = 60
SHOWN_WAITING = 20


class Clock(NamedTuple):
    """Running time: for the tube, for a screen reader, and for the script that counts on."""

    text: str
    said: str
    seconds: int


class Active(NamedTuple):
    """A build that runs."""

    id: str
    name: str
    source: str
    clock: Clock
    done: int
    expected: int
    progress: str
    said: str  # progress and what nix is doing


class Waits(NamedTuple):
    """A build in the queue."""

    id: str
    name: str
    source: str
    why: str
    since: str


class Ended(NamedTuple):
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
class Chip:
    """A filter, which is a link."""

    key: str
    href: str
    label: str
    count: str
    current: bool


class BuildsView(NamedTuple):
    """The page."""

    shell: Shell
    lead: str
    held: str  # why none of the queue begins, "" when they do
    active: tuple[Active, ...]
    waiting: tuple[Waits, ...]
    more: str  # those of the queue that are not shown
    chips: tuple[Chip, ...]
    ended: tuple[Ended, ...]
    show: str
    anything: bool
    owns: bool


@router.get("/builds")
def show(here: Signed, show: str = "all") -> Response:
    """The page."""
    return page("builds.html", built(here, show))


@router.get("/builds/now")
def now(here: Signed, show: str = "all") -> Response:
    """All of it that moves."""
    return page("builds/now.html", built(here, show))


@router.post("/builds/{ident}/stop")
def stop(here: Signed, ident: str, back: Text = "/builds") -> Response:
    """Stop one, or take it out of the queue."""
    return after(own_path(back), images.cancel_build(here.desk, here.actor, ident).act)


@router.post("/builds/{ident}/again")
def again(here: Signed, ident: str, back: Text = "/builds") -> Response:
    """Build its host once more."""
    return after(own_path(back), images.retry_build(here.desk, here.actor, ident).act)


def built(here: Here, show: str) -> BuildsView:
    """The view of this moment."""
    reads = here.reads
    failing = reads.builds_failing()
    return view(
        frame.shell(here, "builds", "Builds"),
        reads.builds_under_way(),
        failing if show == FAILING else reads.builds_over(limit=SHOWN),
        {source.id: source.name for source in reads.sources()},
        here.now,
        failing=len(failing),
        show=show,
        owns=here.actor.may("admin"),
    )


FAILING = "failed"


def view(
    shell: Shell,
    under_way: Sequence[BuildRow],
    over: Sequence[BuildRow],
    sources: Mapping[str, str],
    now: float,
    *,
    failing: int = 0,
    show: str = "all",
    owns: bool = False,
) -> BuildsView:
    """The page from its rows: what runs or waits, and what ended, newest first."""
    running = [row for row in under_way if row.state == "running"]
    waiting = [row for row in under_way if row.state == "queued"]
    left = len(waiting) - SHOWN_WAITING
    return BuildsView(
        shell=shell,
        lead=lead(len(running), len(waiting)),
        held=next((row.what for row in waiting if row.what), ""),
        active=tuple(active(row, sources, now) for row in running),
        waiting=tuple(
            Waits(row.id, row.name, sources.get(row.source, ""), why(row), _since(row, now))
            for row in waiting[:SHOWN_WAITING]
        ),
        more=phrases.count(left, "more build") if left > 0 else "",
        chips=(
            Chip("all", "/builds", "All", "", show != FAILING),
            Chip(FAILING, f"/builds?show={FAILING}", "Not built", str(failing), show == FAILING),
        )
        if failing or show == FAILING
        else (),
        ended=ended(over, {row.host for row in under_way}, sources, now),
        show=show,
        anything=bool(over or under_way or show == FAILING),
        owns=owns,
    )


def ended(
    over: Sequence[BuildRow], busy: Collection[str], sources: Mapping[str, str], now: float
) -> tuple[Ended, ...]:
    """Rows for builds that ended, newest first; the last one of a host can be done again.

    `busy` are the hosts of which a build runs or waits.
    """
    found, met = [], set(busy)
    for row in over:
        again = row.state in {"failed", "cancelled"} and row.host not in met
        met.add(row.host)
        found.append(_ended(row, sources, now, again=again))
    return tuple(found)


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
        said=" ".join(map(phrases.sentence, filter(None, (progress(row), row.phase, on(row))))),
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


def on(row: BuildRow) -> str:
    """Which builder has it, "" for this router."""
    return f"on {row.builder}" if row.builder else ""


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


def _ended(row: BuildRow, sources: Mapping[str, str], now: float, *, again: bool) -> Ended:
    end = row.ended_at or row.queued_at
    return Ended(
        id=row.id,
        name=row.name,
        source=sources.get(row.source, ""),
        state=states.pill(states.BUILD, row.state),
        what=row.what,
        took=phrases.duration(end - row.began_at) if row.began_at else "–",
        when=phrases.ago(now - end),
        retry=again,
    )
