"""/changes/import: a configuration from a file, made the draft."""

from dataclasses import dataclass
from typing import Annotated, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import changes, draft
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from appliance.model.exchange import imported
from webui.forms import beside, filled, ticked
from webui.pages import frame
from webui.pages.frame import Shell
from webui.pages.page import Field, after, page
from webui.session import Here, Owning, Signed

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Typed:
    """A file's text, and whether to go on without what has no counterpart."""

    text: str = ""
    leave_out: str = ""


class ImportView(NamedTuple):
    """The page; `left` is what has no counterpart here."""

    shell: Shell
    text: Field
    leave_out: bool
    left: tuple[str, ...]


@router.get("/changes/import")
def show(here: Signed) -> Response:
    """The empty form."""
    return page("intake.html", built(here, Typed()))


@router.post("/changes/import")
def take(here: Owning, typed: Annotated[Typed, filled(Typed)]) -> Response:
    """Make it the draft, unless something of it has no counterpart that must not be left out."""
    left: tuple[str, ...] = ()
    try:
        found = imported(typed.text)
        left = found.left
        if left and not ticked(typed.leave_out):
            return page("intake.html", built(here, typed, left), 422)
        wanted = changes.checked(found.stored)
        what = "The draft is what was imported."
        done = draft.edit(here.desk, here.actor, lambda _: wanted, what)
    except Unknown:
        raise
    except Refused as refused:
        wrong = (f"{place}: {what}" if place else what for place, what in beside(refused).items())
        return page("intake.html", built(here, typed, left, " ".join(wrong)), 422)
    return after("/changes/review", done.act)


def built(here: Here, typed: Typed, left: tuple[str, ...] = (), problem: str = "") -> ImportView:
    """The view of this moment."""
    return ImportView(
        shell=frame.shell(here, "undo", "Import"),
        text=Field(typed.text, problem),
        leave_out=ticked(typed.leave_out),
        left=left,
    )
