"""/changes/revisions: every numbered configuration, what it changed, and the way back to it."""

import json
from dataclasses import dataclass

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import changes, draft
from appliance.actions.changes import Numbered
from appliance.actions.refusals import Unknown, problem
from appliance.model import compare, migrate, read
from appliance.model.config import RouterConfig
from webui import phrases
from webui.pages import frame
from webui.pages.frame import Shell
from webui.pages.page import after, page
from webui.pages.states import Pill
from webui.session import Here, Owning, Signed

router = APIRouter(include_in_schema=False)
SHOWN = 50
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


@dataclass(frozen=True, slots=True)
class Row:
    """One revision of the list."""

    number: int
    what: str
    more: str  # "and two more", or ""
    who: str
    when: str
    at: str
    state: Pill
    why: str


@dataclass(frozen=True, slots=True)
class RevisionsView:
    """The list."""

    shell: Shell
    lead: str
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True)
class RevisionView:
    """One revision; `goes` is whether the draft can be made of it, `config` its JSON."""

    shell: Shell
    number: int
    lead: str
    state: Pill
    why: str
    before: int  # the number it is compared with, 0 for none
    changed: tuple[str, ...]
    since: tuple[str, ...]  # what going back to it would change
    goes: bool
    drafted: bool  # a draft waits that going back replaces
    config: str


@router.get("/changes/revisions")
def show(here: Signed) -> Response:
    """The list."""
    return page("revisions.html", built(here))


@router.get("/changes/revisions/now")
def now(here: Signed) -> Response:
    """All of it that moves."""
    return page("revisions/now.html", built(here))


@router.get("/changes/revisions/{number}")
def show_one(here: Signed, number: int) -> Response:
    """One of them."""
    return page("revision.html", one(here, number))


@router.post("/changes/revisions/{number}/back")
def back(here: Owning, number: int) -> Response:
    """Make the draft what that revision was, to be read before it is applied."""
    wanted = _config(here, number)
    if wanted is None:
        raise Unknown(problem(f"There is no revision {number}."))
    done = draft.edit(
        here.desk, here.actor, lambda _: wanted, f"The draft is what revision {number} was."
    )
    return after("/changes/review", done.act)


def built(here: Here) -> RevisionsView:
    """The list of this moment."""
    found = changes.history(here.desk, here.actor)
    return RevisionsView(
        shell=frame.shell(here, "undo", "Revisions"),
        lead=lead(len(found)),
        rows=tuple(_row(here, each) for each in found[:SHOWN]),
    )


def one(here: Here, number: int) -> RevisionView:
    """One revision at this moment.  Raises Unknown."""
    found = next(
        (each for each in changes.history(here.desk, here.actor) if each.number == number), None
    )
    config, present = _config(here, number), changes.present_config(here.desk)
    if found is None or config is None:
        raise Unknown(problem(f"There is no revision {number}. The list shows those there are."))
    before = _config(here, number - 1)
    return RevisionView(
        shell=frame.shell(here, "undo", f"Revision {number}"),
        number=number,
        lead=f"Made by {found.author}, {phrases.ago(here.now - found.at)}.",
        state=PILLS[found.state],
        why=found.why,
        before=number - 1 if before else 0,
        changed=compare.differences(before, config),
        since=compare.differences(present, config),
        goes=config != present and here.actor.may("admin"),
        drafted=draft.current(here.desk) is not None,
        config=draft.written(config),
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
    config, before = _config(here, found.number), _config(here, found.number - 1)
    told = compare.differences(before, config) if config else ()
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


def _config(here: Here, number: int) -> RouterConfig | None:
    row = here.reads.revision(number) if number > 0 else None
    return read.config(migrate.upgraded(json.loads(row.config))) if row else None
