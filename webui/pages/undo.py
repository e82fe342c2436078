"""/undo/<act>: the way back from the last thing done, pressed in its toast."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from appliance.actions import acts
from webui.pages.page import after, own_path
from webui.session import Signed

router = APIRouter(include_in_schema=False)


@router.post("/undo/{act}")
def undo(here: Signed, act: str, back: Annotated[str, Form()] = "/") -> Response:
    """Take it back, and show the page again on which it was done."""
    return after(own_path(back), acts.undo(here.desk, here.actor, act).act)
