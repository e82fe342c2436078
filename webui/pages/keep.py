"""/keep/<token>: the page behind the link and the code, where a change is kept without signing in.

To look changes nothing: what would be kept is shown, and the button keeps it.
"""

from typing import NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import changes, keeping
from webui import phrases
from webui.pages import on_trial
from webui.pages.on_trial import Check
from webui.pages.page import page
from webui.session import Anybody, Here, reached_of

router = APIRouter(include_in_schema=False)


class KeepView(NamedTuple):
    """What would be kept; `why` says why it cannot be from here, "" when it can."""

    title: str
    theme: str
    once: str
    router: str
    clock: str
    heading: str
    under: str
    token: str
    why: str
    differences: tuple[str, ...]
    checks: tuple[Check, ...]
    kept: bool


@router.get("/keep/{token}")
def show(here: Anybody, token: str) -> Response:
    """What would be kept."""
    return page("keep.html", view(here, token))


@router.post("/keep/{token}")
def keep(here: Anybody, token: str) -> Response:
    """Keep it."""
    before = view(here, token)
    changes.keep_by_link(here.desk, token, address=here.address, reached=reached_of(here.request))
    return page("keep.html", kept(before))


def view(here: Here, token: str) -> KeepView:
    """The page as it stands.  Raises Unknown or Clash when the link is for nothing."""
    change = changes.to_keep(here.desk, token)
    holder = keeping.holder(here.address, reached_of(here.request))
    found = keeping.standing_of(here.desk, holder, change.id, change.revision)
    before, after = keeping.configs(here.desk, change.revision)
    told = changes.said(here.desk, before, after) if after else ()
    left = "" if change.ends_at is None else phrases.exact_clock(change.ends_at)
    chosen = here.request.cookies.get("theme", "")
    return KeepView(
        title="Keep a change",
        theme=chosen if chosen in ("light", "dark") else "",
        once=here.desk.new_id(),
        router="Router",
        clock=phrases.clock(here.now),
        heading=on_trial.heading(len(told)),
        under=f"Undone at {left} unless somebody keeps it." if left else "It is being applied.",
        token=token,
        why="" if found.keeps else found.why,
        differences=told,
        checks=on_trial.checks(here.reads.probes(change.id)),
        kept=False,
    )


def kept(before: KeepView) -> KeepView:
    """The page after the button."""
    return KeepView(
        title="Kept",
        theme=before.theme,
        once=before.once,
        router=before.router,
        clock=before.clock,
        heading="Kept",
        under="The router goes on like this. You can close this page.",
        token="",
        why="",
        differences=(),
        checks=(),
        kept=True,
    )
