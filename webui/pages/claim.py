"""/claim: whoever can read the router's console types its code and becomes the owner."""

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from appliance.actions import access
from appliance.errors import Problem, Refused
from webui import phrases, session
from webui import refused as refusal
from webui.forms import beside
from webui.pages.login import connection
from webui.pages.page import Field, page
from webui.session import Anybody, Here

router = APIRouter(include_in_schema=False)


class ClaimView(NamedTuple):
    """The form of the first start."""

    title: str
    theme: str
    once: str
    router: str
    clock: str
    connection: str
    command: str  # what shows the code again
    code: Field
    name: Field
    password: Field
    again: Field
    problem: str = ""


@router.get("/claim")
def show(here: Anybody) -> Response:
    """The form, until somebody has claimed the router."""
    if here.claimed:
        return RedirectResponse("/login", 303)
    return page("claim.html", view(here))


@router.post("/claim")
def claim(
    here: Anybody,
    code: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    repeated: Annotated[str, Form(alias="again")] = "",
) -> Response:
    """Become the owner and start on the Overview."""
    try:
        if password and password != repeated:
            raise Refused(Problem(("again",), "This is not what you typed above."))
        signed_in = access.claim(
            here.desk, code.strip(), password, name=name.strip() or "owner", address=here.address
        )
    except Refused as refused:
        again = view(here, code, name, beside(refused))
        return page("claim.html", again, refusal.status(refused), refusal.headers(refused))
    done = RedirectResponse("/", 303)
    session.keep(done, here, signed_in)
    return done


def view(
    here: Here, code: str = "", name: str = "owner", problems: dict[str, str] | None = None
) -> ClaimView:
    """The form as it stands; passwords are never sent back."""
    wrong = problems or {}
    return ClaimView(
        title="Claim this router",
        theme="",
        once=here.desk.new_id(),
        router="Router",
        clock=phrases.clock(here.now),
        connection=connection(secure=here.secure),
        command=here.installed.typed("claim", here.reads.state),
        code=Field(code, wrong.get("code", "")),
        name=Field(name, wrong.get("name", "")),
        password=Field("", wrong.get("password", "")),
        again=Field("", wrong.get("again", "")),
        problem=wrong.get("", ""),
    )
