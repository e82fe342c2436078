"""The page of a request that no page could answer: what happened, and the way on."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from starlette.responses import Response

from appliance.errors import Problem
from webui.pages import frame
from webui.pages.frame import Shell
from webui.pages.page import page
from webui.session import Here

HEADINGS: Mapping[int, str] = {
    403: "This is not yours to change",
    404: "There is nothing here",
    409: "Somebody changed it meanwhile",
    413: "That is too long",
    421: "This router has another name",
    422: "That could not be done",
    429: "That was too often",
    500: "Nixie tripped over its own feet",
    503: "One part of the router does not answer",
}
_ELSE: Mapping[int, str] = {
    403: "Your account may look but not touch. The owner can give you more.",
    404: "The page is gone, or its address was mistyped.",
    500: "Nothing that was confirmed is lost. Routing, names and boots go on without this page.",
    503: "It is being started again. Routing and boots go on meanwhile.",
}


class TroubleView(NamedTuple):
    """What happened, inside the frame of somebody who is signed in."""

    shell: Shell
    heading: str
    sentences: tuple[str, ...]
    href: str  # the way on
    onward: str


class AloneView(NamedTuple):
    """The same for anybody else."""

    title: str
    theme: str
    heading: str
    sentences: tuple[str, ...]
    onward: bool  # False under a name that is not ours: no page of ours is there


def trouble(here: Here | None, status: int, problems: Sequence[Problem]) -> Response:
    """The page for `status`; it reads nothing, so it works when the files cannot be read."""
    if here is None or here.visitor is None:
        theme = here.request.cookies.get("theme", "") if here else ""
        return page("trouble/alone.html", alone(status, problems, theme), status)
    shell = frame.bare(here, "", heading(status))
    came_from_a_form = here.request.method == "POST" and shell.back != "/"
    href, onward = (shell.back, "Back") if came_from_a_form else ("/", "To the Overview")
    view = TroubleView(shell, heading(status), sentences(status, problems), href, onward)
    return page("trouble.html", view, status)


def alone(status: int, problems: Sequence[Problem], theme: str = "") -> AloneView:
    """The page without a frame."""
    known = theme if theme in frame.THEMES else ""
    return AloneView(
        heading(status), known, heading(status), sentences(status, problems), status != 421
    )


def heading(status: int) -> str:
    """What happened in a few words."""
    return HEADINGS.get(status, "That did not work")


def sentences(status: int, problems: Sequence[Problem]) -> tuple[str, ...]:
    """What happened, and what that means."""
    said = tuple(one.what for one in problems if one.what.rstrip(".") != heading(status))
    return said or ((_ELSE[status],) if status in _ELSE else ())
