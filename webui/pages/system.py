"""/system: the keys that programs use, and the machines that no loader is there for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from appliance.actions import access
from appliance.actions.access import TokenRow
from appliance.actions.refusals import Forbidden
from appliance.errors import Problem, Refused
from webui import phrases
from webui.forms import beside, filled, whole
from webui.pages import frame
from webui.pages.choices import Choice
from webui.pages.frame import Shell
from webui.pages.page import Field, page
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)
SCOPES: Mapping[str, str] = {
    "read": "Look at everything",
    "write": "Look, and do what is not about access",
    "admin": "Everything the owner can",
}
_MAY: Mapping[str, str] = {"read": "looks", "write": "looks and acts", "admin": "everything"}


class TokenLine(NamedTuple):
    """One token of the table."""

    id: str
    name: str
    scope: str
    made: str
    used: str
    ends: str


@dataclass(frozen=True, slots=True)
class NewToken:
    """A token as the form says it."""

    name: str = ""
    scope: str = "read"
    days: str = "365"


class SystemView(NamedTuple):
    """The page; `secret` is there once, right after a token was made."""

    shell: Shell
    allowed: bool
    tokens: tuple[TokenLine, ...]
    secret: str
    made: str
    name: Field
    scopes: tuple[Choice, ...]
    scope_problem: str
    days: Field
    said: str
    loaders: tuple[str, ...]  # a sentence for each kind of machine without one


@router.get("/system")
def show(here: Signed) -> Response:
    """The page."""
    return page("system.html", built(here))


@router.get("/system/tokens")
def to_the_system() -> Response:
    """Tokens are a part of the system."""
    return RedirectResponse("/system", 303)


@router.post("/system/tokens")
def make(here: Signed, new: Annotated[NewToken, filled(NewToken)]) -> Response:
    """Make one; its secret is in this answer and nowhere else."""
    days = whole(new.days)
    try:
        if days is None and new.days.strip():
            raise Refused(Problem(("days",), "Write a number of days, or nothing for no end."))
        made = access.make_token(here.desk, here.actor, new.name, new.scope, days=days)
    except Forbidden:
        raise
    except Refused as refused:
        return page("system.html", built(here, new, beside(refused)), 422)
    return page("system.html", built(here, secret=made.secret, made=made.done.what))


@router.post("/system/tokens/{ident}/revoke")
def revoke(here: Signed, ident: str) -> Response:
    """End one."""
    done = access.revoke_token(here.desk, here.actor, ident)
    return page("system.html", built(here, said=done.what))


def built(
    here: Here,
    new: NewToken = NewToken(),
    problems: Mapping[str, str] | None = None,
    *,
    secret: str = "",
    made: str = "",
    said: str = "",
) -> SystemView:
    """The view of this moment."""
    wrong = problems or {}
    allowed = here.actor.may("admin")
    tokens = access.tokens(here.desk, here.actor) if allowed else []
    return SystemView(
        shell=frame.shell(here, "system", "System"),
        allowed=allowed,
        tokens=lines(tokens, here.now),
        secret=secret,
        made=made,
        name=Field(new.name, wrong.get("name", "")),
        scopes=tuple(Choice(key, text, key == new.scope) for key, text in SCOPES.items()),
        scope_problem=wrong.get("scope", ""),
        days=Field(new.days, wrong.get("days", "")),
        said=said,
        loaders=here.reads.missing_loaders(),
    )


def lines(tokens: Sequence[TokenRow], now: float) -> tuple[TokenLine, ...]:
    """The table's rows."""
    return tuple(
        TokenLine(
            id=one.id,
            name=one.name,
            scope=_MAY.get(one.scope, one.scope),
            made=f"{phrases.ago(now - one.created_at)}, by {one.made_by}",
            used=phrases.ago(now - one.used_at) if one.used_at else "never",
            ends=phrases.ahead(one.ends_at - now) if one.ends_at else "when revoked",
        )
        for one in tokens
    )
