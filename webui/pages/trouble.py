"""The page of a request that no page could answer: what happened, and the way on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from starlette.responses import Response

from appliance.errors import Problem
from webui.pages.page import page
from webui.session import Here

HEADINGS: Mapping[int, str] = {
    403: "This is not yours to change",
    404: "There is nothing here",
    409: "Somebody changed it meanwhile",
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


@dataclass(frozen=True, slots=True)
class TroubleView:
    """The page."""

    title: str
    theme: str
    heading: str
    sentences: tuple[str, ...]


def trouble(here: Here | None, status: int, problems: Sequence[Problem]) -> Response:
    """The page for `status`; it reads nothing, so it works when the files cannot be read."""
    theme = here.request.cookies.get("theme", "") if here else ""
    return page("trouble.html", view(status, problems, theme), status)


def view(status: int, problems: Sequence[Problem], theme: str = "") -> TroubleView:
    """What happened in sentences."""
    heading = HEADINGS.get(status, "That did not work")
    said = [problem.what for problem in problems if problem.what.rstrip(".") != heading]
    if not said and status in _ELSE:
        said = [_ELSE[status]]
    return TroubleView(heading, theme if theme in ("light", "dark") else "", heading, tuple(said))
