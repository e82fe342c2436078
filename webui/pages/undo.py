"""/undo/<act>: the way back from the last thing done, pressed in its toast."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from appliance.actions import acts
from webui.forms import Text
from webui.pages.page import after, own_path
from webui.session import Signed

router = APIRouter(include_in_schema=False)


@router.get("/undo")
def to_the_changes() -> Response:
    """Everything that can be taken back is among the changes."""
    return RedirectResponse("/changes", 303)


@router.post("/undo/{act}")
def undo(here: Signed, act: str, back: Text = "/") -> Response:
    """Take it back, and show the page again on which it was done."""
    return after(own_path(back), acts.undo(here.desk, here.actor, act).act)
