"""The bar of a change that is on trial, on every page: what becomes of it, Keep and Undo."""

from dataclasses import dataclass, replace

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import changes, keeping
from appliance.actions.changes import Change
from appliance.trial import LONGEST_SECONDS
from webui import phrases
from webui.forms import Text
from webui.pages.page import after, own_path
from webui.session import Here, Owning

router = APIRouter(include_in_schema=False)
MINUTE_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Bar:
    """A change that is not over; `text` and `seconds` count down, `text` is "" before it stands."""

    change: str
    what: str
    under: str
    text: str
    said: str
    seconds: int
    keeps: bool = True  # False: Keep is taken elsewhere, which /changes tells


def present(here: Here) -> Bar | None:
    """The bar of this moment; None when nothing is on trial."""
    change = changes.newest_change(here.desk)
    if change is None or change.over:
        return None
    found = keeping.standing_of(here.desk, here.actor, change.id, change.revision)
    return replace(bar(change, here.now), keeps=found.keeps)


def bar(change: Change, now: float) -> Bar:
    """The bar of a change that is not over.

    >>> bar(Change("c", 2, "on its way"), 0).what
    'Revision 2 is on its way'
    >>> bar(Change("c", 2, "on trial", ends_at=72.4), 0).said
    '1\\xa0min\\xa012\\xa0s left'
    """
    what = f"Revision {change.revision} is {change.state}"
    if change.ends_at is None:
        return Bar(change.id, what, "It is tried first, and kept only when you say so.", "", "", 0)
    left = max(0, int(change.ends_at - now))
    undone = f"Undone at {phrases.exact_clock(change.ends_at)} unless you keep it."
    if left == 0:
        undone = "Nobody kept it; it is being undone."
    return Bar(
        change=change.id,
        what=what,
        under=undone,
        text=phrases.tube(left),
        said=f"{phrases.duration(left)} left",
        seconds=left,
    )


@router.post("/trial/{change}/keep")
def keep(here: Owning, change: str, back: Text = "/") -> Response:
    """Keep the change."""
    return after(own_path(back), changes.keep(here.desk, here.actor, change).act)


@router.post("/trial/{change}/undo")
def take_back(here: Owning, change: str, back: Text = "/") -> Response:
    """Undo the change at once."""
    return after(own_path(back), changes.take_back(here.desk, here.actor, change).act)


@router.post("/trial/{change}/extend")
def extend(here: Owning, change: str, back: Text = "/") -> Response:
    """Have more time to look."""
    return after(own_path(back), changes.extend(here.desk, here.actor, change).act)


@router.post("/trial/{change}/minute")
def minute(here: Owning, change: str, back: Text = "/") -> Response:
    """Have a minute more than there is."""
    found = changes.newest_change(here.desk)
    left = found.ends_at - here.now if found and found.ends_at else 0.0
    seconds = min(LONGEST_SECONDS, MINUTE_SECONDS + max(0, int(left)))
    return after(own_path(back), changes.extend(here.desk, here.actor, change, seconds).act)
