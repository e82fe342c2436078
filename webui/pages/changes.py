"""/changes: what people did, to take back; /changes/happened: what the router tells."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import changes
from appliance.store.inventory import ActRow
from webui import phrases
from webui.pages import frame, happened
from webui.pages.frame import Shell
from webui.pages.happened import LOUD, Happened
from webui.pages.page import page
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)
SHOWN = 100


@dataclass(frozen=True, slots=True)
class Did:
    """One act; `undo` is its id while there is a way back."""

    who: str
    what: str
    at: str
    when: str
    undo: str
    undone: str  # "taken back 5 min ago", or ""


@dataclass(frozen=True, slots=True)
class ChangesView:
    """What people did."""

    shell: Shell
    lead: str
    acts: tuple[Did, ...]


@dataclass(frozen=True, slots=True)
class HappenedView:
    """What the router tells."""

    shell: Shell
    happened: tuple[Happened, ...]
    older: str  # address of those before, "" when these are all
    newest: bool


@router.get("/changes")
def show(here: Signed) -> Response:
    """What people did."""
    return page("changes.html", built(here))


@router.get("/changes/now")
def now(here: Signed) -> Response:
    """All of it that moves."""
    return page("changes/now.html", built(here))


@router.get("/changes/happened")
def show_happened(here: Signed, before: str = "") -> Response:
    """What the router tells, from a moment back."""
    return page("happened.html", all_happened(here, _moment(before)))


@router.get("/changes/happened/now")
def happened_now(here: Signed) -> Response:
    """The newest of it."""
    return page("happened/now.html", all_happened(here, inf))


def built(here: Here) -> ChangesView:
    """The view of this moment."""
    acts = changes.recent(here.desk, here.actor, SHOWN)
    shell = frame.shell(here, "undo", "Changes")
    return ChangesView(shell, lead(len(acts)), did(acts, here.now))


def all_happened(here: Here, before: float) -> HappenedView:
    """The events before a moment."""
    reads = here.reads
    entries = reads.happened(LOUD, SHOWN + 1, before)
    shown = entries[:SHOWN]
    called = happened.names(reads.machines(), reads.sources())
    older = f"/changes/happened?before={shown[-1].at!r}" if len(entries) > SHOWN else ""
    shell = frame.shell(here, "undo", "What happened")
    return HappenedView(shell, happened.told(shown, called, here.now), older, before == inf)


def lead(acts: int) -> str:
    """What is shown.

    >>> lead(0), lead(100)
    ('Nothing was done yet.', 'The last 100 things that were done, the newest first.')
    """
    if not acts:
        return "Nothing was done yet."
    if acts < SHOWN:
        return "Everything that was done, the newest first."
    return f"The last {SHOWN} things that were done, the newest first."


def did(acts: Sequence[ActRow], now: float) -> tuple[Did, ...]:
    """Acts as rows."""
    return tuple(
        Did(
            who=act.actor,
            what=act.what,
            at=f"{phrases.capital(phrases.day(act.at, now))} {phrases.exact_clock(act.at)}",
            when=phrases.ago(now - act.at),
            undo=act.id if act.undoable else "",
            undone=f"taken back {phrases.ago(now - act.undone_at)}" if act.undone_at else "",
        )
        for act in acts
    )


def _moment(text: str) -> float:
    """A moment of an address; what is none is now."""
    try:
        return float(text)
    except ValueError:
        return inf
