"""/login: a name and a password; /logout."""

from typing import Annotated, NamedTuple

from fastapi import APIRouter, Form
from starlette.responses import RedirectResponse, Response

from appliance.actions import access
from appliance.errors import Refused
from appliance.store.standing.open import hardened
from webui import phrases, session
from webui import refused as refusal
from webui.forms import beside
from webui.pages.page import Field, own_path, page
from webui.session import Anybody, Here

router = APIRouter(include_in_schema=False)


class LoginView(NamedTuple):
    """The sign-in form beside the router's own clock."""

    title: str
    theme: str
    once: str
    router: str
    clock: str
    connection: str
    command: str  # the way back in
    name: Field
    password: Field
    onward: str  # where to go afterwards
    problem: str = ""
    hard: str = ""  # nothing can be saved, and why


@router.get("/login")
def show(here: Anybody, next: str = "/") -> Response:
    """The form, or onward when somebody is signed in already."""
    if not here.claimed:
        return RedirectResponse("/claim", 303)
    if here.visitor is not None:
        return RedirectResponse(own_path(next), 303)
    return page("login.html", view(here, onward=own_path(next)))


@router.post("/login")
def login(
    here: Anybody,
    name: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
    onward: Annotated[str, Form()] = "/",
) -> Response:
    """Sign in; a wrong answer comes back beside the password."""
    try:
        signed_in = access.login(here.desk, name, password, address=here.address)
    except Refused as refused:
        problems = beside(refused)
        again = view(here, name=name, onward=own_path(onward), problems=problems)
        return page("login.html", again, refusal.status(refused), refusal.headers(refused))
    done = RedirectResponse(own_path(onward), 303)
    session.keep(done, here, signed_in)
    return done


@router.post("/logout")
def logout(here: Anybody) -> Response:
    """End the session; the form is next."""
    if here.visitor is not None:
        access.logout(here.desk, here.actor)
    done = RedirectResponse("/login", 303)
    session.forget(done, here)
    return done


def view(
    here: Here, *, name: str = "", onward: str = "/", problems: dict[str, str] | None = None
) -> LoginView:
    """The form as it stands."""
    wrong = problems or {}
    chosen = here.request.cookies.get("theme", "")
    return LoginView(
        title="Sign in",
        theme=chosen if chosen in ("light", "dark") else "",
        once=here.desk.new_id(),
        router="Router",
        clock=phrases.clock(here.now),
        connection=connection(secure=here.secure),
        command=here.installed.typed("rescue", here.reads.state),
        name=Field(name, wrong.get("name", "")),
        password=Field("", wrong.get("password", "")),
        onward=onward,
        problem=wrong.get("", ""),
        hard=hardened(here.reads.state) or "",
    )


def connection(*, secure: bool) -> str:
    """Who can read along.

    >>> connection(secure=True)
    'The connection is encrypted.'
    """
    if secure:
        return "The connection is encrypted."
    return "The connection stays on this computer."
