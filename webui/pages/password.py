"""/password: whoever signed in sets another password, given the one so far."""

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from appliance.actions import access
from appliance.errors import Problem, Refused
from webui import refused as refusal
from webui.forms import beside
from webui.pages import frame
from webui.pages.frame import Shell, Toast
from webui.pages.page import Field, page
from webui.session import Here, Known

router = APIRouter(include_in_schema=False)
CHANGED = "The password is changed. Other browsers have to sign in again."


class PasswordView(NamedTuple):
    """The form; passwords are never sent back."""

    shell: Shell
    name: str
    old: Field
    new: Field
    again: Field
    problem: str


@router.get("/password")
def show(here: Known, changed: str = "") -> Response:
    """The form, and after a change the word that it was done."""
    return page("password.html", view(here, toast=Toast(CHANGED, "") if changed else None))


@router.post("/password")
def change(
    here: Known,
    old: Annotated[str, Form()] = "",
    new: Annotated[str, Form()] = "",
    repeated: Annotated[str, Form(alias="again")] = "",
) -> Response:
    """Set it; this browser stays signed in."""
    try:
        if new != repeated:
            raise Refused(Problem(("again",), "This is not what you typed above."))
        access.change_password(here.desk, here.actor, old, new)
    except Refused as refused:
        again = view(here, beside(refused))
        return page("password.html", again, refusal.status(refused), refusal.headers(refused))
    return RedirectResponse("/password?changed=1", 303)


def view(
    here: Here, problems: dict[str, str] | None = None, toast: Toast | None = None
) -> PasswordView:
    """The page as it stands."""
    wrong = problems or {}
    return PasswordView(
        shell=frame.shell(here, "", "Password", toast),
        name=here.actor.name,
        old=Field("", wrong.get("old", "")),
        new=Field("", wrong.get("new", "")),
        again=Field("", wrong.get("again", "")),
        problem=" ".join(wrong[key] for key in ("", "name") if key in wrong),
    )
