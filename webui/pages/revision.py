"""/changes/revisions/<number>: one configuration, what it changed, and the way back to it."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import changes, draft
from appliance.actions.refusals import Unknown, problem
from appliance.model.config import RouterConfig
from appliance.model.exchange import exported
from webui import phrases
from webui.pages import frame, revisions
from webui.pages.frame import Shell
from webui.pages.page import after, page
from webui.pages.states import Pill
from webui.session import Here, Owning, Signed

router = APIRouter(include_in_schema=False)
FORMS: Mapping[str, Callable[[RouterConfig], str]] = {"nix": exported, "json": draft.written}
"""What a revision is downloaded as."""


class RevisionView(NamedTuple):
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


@router.get("/changes/revisions/{number}")
def show(here: Signed, number: int) -> Response:
    """One of them."""
    return page("revision.html", built(here, number))


@router.get("/changes/revisions/{number}/nixie.{form}")
def download(here: Signed, number: int, form: str) -> Response:
    """One of them as a file."""
    config = revisions.config(here, number)
    if config is None or form not in FORMS:
        raise Unknown(problem(f"There is no nixie.{form} of revision {number}."))
    headers = {"Content-Disposition": f'attachment; filename="nixie-{number}.{form}"'}
    return Response(FORMS[form](config), media_type="text/plain; charset=utf-8", headers=headers)


@router.post("/changes/revisions/{number}/back")
def back(here: Owning, number: int) -> Response:
    """Make the draft what that revision was, to be read before it is applied."""
    wanted = revisions.config(here, number)
    if wanted is None:
        raise Unknown(problem(f"There is no revision {number}."))
    done = draft.edit(
        here.desk, here.actor, lambda _: wanted, f"The draft is what revision {number} was."
    )
    return after("/changes/review", done.act)


def built(here: Here, number: int) -> RevisionView:
    """One revision at this moment.  Raises Unknown."""
    found = next(
        (each for each in changes.history(here.desk, here.actor) if each.number == number), None
    )
    config, present = revisions.config(here, number), changes.present_config(here.desk)
    if found is None or config is None:
        raise Unknown(problem(f"There is no revision {number}. The list shows those there are."))
    before = revisions.config(here, number - 1)
    return RevisionView(
        shell=frame.shell(here, "undo", f"Revision {number}"),
        number=number,
        lead=f"Made by {found.author}, {phrases.ago(here.now - found.at)}.",
        state=revisions.PILLS[found.state],
        why=found.why,
        before=number - 1 if before else 0,
        changed=changes.said(here.desk, before, config),
        since=changes.said(here.desk, present, config),
        goes=config != present and here.actor.may("admin"),
        drafted=draft.current(here.desk) is not None,
        config=draft.written(config),
    )
