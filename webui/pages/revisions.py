"""/changes/revisions: every numbered configuration, and what became of it."""

import json
from typing import NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import changes
from appliance.actions.changes import Numbered
from appliance.model import migrate, read
from appliance.model.config import RouterConfig
from webui import phrases
from webui.pages import frame
from webui.pages.frame import Shell
from webui.pages.page import page
from webui.pages.states import Pill
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)
SHOWN = 50
LARGEST = 1 << 31  # a number that no router comes to
PILLS = {
    "in force": Pill("ok", "In force"),
    "on its way": Pill("wait", "On its way"),
    "being applied": Pill("live", "Being applied"),
    "on trial": Pill("trial", "On trial"),
    "kept": Pill("off", "Kept before"),
    "undone": Pill("off", "Undone"),
    "refused": Pill("bad", "Refused"),
    "": Pill("wait", "Never tried"),
}
"""State of a revision (changes.REVISION_STATES) to how it is shown."""


class Row(NamedTuple):
    """One revision of the list."""

    number: int
    what: str
    more: str  # "and two more", or ""
    who: str
    when: str
    at: str
    state: Pill
    why: str


class RevisionsView(NamedTuple):
    """The list."""

    shell: Shell
    lead: str
    owns: bool
    rows: tuple[Row, ...]


@router.get("/changes/revisions")
def show(here: Signed) -> Response:
    """The list."""
    return page("revisions.html", built(here))


@router.get("/changes/revisions/now")
def now(here: Signed) -> Response:
    """All of it that moves."""
    return page("revisions/now.html", built(here))


def built(here: Here) -> RevisionsView:
    """The list of this moment."""
    found = changes.history(here.desk, here.actor)
    return RevisionsView(
        shell=frame.shell(here, "undo", "Revisions"),
        lead=lead(len(found)),
        owns=here.actor.may("admin"),
        rows=tuple(_row(here, each) for each in found[:SHOWN]),
    )


def lead(many: int) -> str:
    """How many there are.

    >>> lead(0), lead(1), lead(200)[:38]
    ('There is none yet.', 'There is one.', 'The newest 50 of 200, the newest first')
    """
    if not many:
        return "There is none yet."
    if many == 1:
        return "There is one."
    if many <= SHOWN:
        return f"All {many}, the newest first. Open one to read it, or to go back to it."
    return f"The newest {SHOWN} of {many}, the newest first. The API has them all."


def _row(here: Here, found: Numbered) -> Row:
    wanted, before = config(here, found.number), config(here, found.number - 1)
    told = changes.said(here.desk, before, wanted) if wanted else ()
    first, *others = told or ("Nothing that can be told in a sentence.",)
    return Row(
        number=found.number,
        what=first,
        more=f"and {phrases.word(len(others))} more" if others else "",
        who=found.author,
        when=phrases.ago(here.now - found.at),
        at=f"{phrases.capital(phrases.day(found.at, here.now))} {phrases.exact_clock(found.at)}",
        state=PILLS[found.state],
        why=found.why,
    )


def config(here: Here, number: int) -> RouterConfig | None:
    """What a revision was; None when there is none of that number."""
    row = here.reads.revision(number) if 0 < number <= LARGEST else None
    return read.config(migrate.upgraded(json.loads(row.config))) if row else None
