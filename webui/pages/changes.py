"""/changes: what people did, to take back; /changes/happened: what the router tells."""

from collections.abc import Sequence
from typing import NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import acts
from appliance.store import journals
from appliance.store.inventory import ActRow
from appliance.store.journals import Cursor, NotACursor
from webui import phrases
from webui.pages import frame, happened, on_trial
from webui.pages.frame import Shell
from webui.pages.happened import LOUD, Happened
from webui.pages.on_trial import Now
from webui.pages.page import page
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)
SHOWN = 100


class Did(NamedTuple):
    """One act; `undo` is its id while there is a way back."""

    who: str
    what: str
    at: str
    when: str
    undo: str
    undone: str  # "taken back 5 min ago", or ""


class ChangesView(NamedTuple):
    """What people did."""

    shell: Shell
    lead: str
    acts: tuple[Did, ...]
    trial: Now


class HappenedView(NamedTuple):
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


@router.get("/changes/trial")
def trial(here: Signed) -> Response:
    """The change on trial, and who has not moved since the last one."""
    return page("changes/trial.html", built(here))


@router.get("/changes/happened")
def show_happened(here: Signed, before: str = "") -> Response:
    """What the router tells, from a place in its journal back."""
    return page("happened.html", all_happened(here, _place(before)))


@router.get("/changes/happened/now")
def happened_now(here: Signed) -> Response:
    """The newest of it."""
    return page("happened/now.html", all_happened(here, None))


def built(here: Here) -> ChangesView:
    """The view of this moment."""
    done = acts.recent(here.desk, here.actor, SHOWN)
    shell = frame.shell(here, "undo", "Changes")
    return ChangesView(shell, lead(len(done)), did(done, here.now), on_trial.now(here))


def all_happened(here: Here, before: Cursor | None) -> HappenedView:
    """The events before a place, the newest without one."""
    reads = here.reads
    found = journals.older(reads, SHOWN, before, kinds=LOUD)
    called = happened.names(reads.machines(), reads.sources())
    older = journals.cursor_text(found.older) if found.older else ""
    return HappenedView(
        shell=frame.shell(here, "undo", "What happened"),
        happened=happened.told(found.told, called, here.now),
        older=f"/changes/happened?before={older}" if older else "",
        newest=before is None,
    )


def lead(done: int) -> str:
    """What is shown.

    >>> lead(0), lead(100)
    ('Nothing was done yet.', 'The last 100 things that were done, the newest first.')
    """
    if not done:
        return "Nothing was done yet."
    if done < SHOWN:
        return "Everything that was done, the newest first."
    return f"The last {SHOWN} things that were done, the newest first."


def did(rows: Sequence[ActRow], now: float) -> tuple[Did, ...]:
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
        for act in rows
    )


def _place(text: str) -> Cursor | None:
    """A place of an address; what is none is the end."""
    try:
        return journals.read_cursor(text)
    except NotACursor:
        return None
