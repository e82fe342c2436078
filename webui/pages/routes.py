"""/networks/routes: networks behind other routers, as changes of the draft."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import draft
from appliance.actions import firewall as deeds
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from appliance.model.firewall import DEFAULT_METRIC
from webui.forms import Text, filled, whole
from webui.pages import frame
from webui.pages.frame import Shell
from webui.pages.page import Field, after, page
from webui.pages.rule import placed
from webui.session import Here, Owning, Signed

router = APIRouter(include_in_schema=False)
PATH = "/networks/routes"
PLACES: Mapping[str, str] = {
    "destination": "destination",
    "gateway": "gateway",
    "metric": "metric",
}
"""First word of a problem's place in its route → the field that shows it."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A new route as the form says it."""

    destination: str = ""
    gateway: str = ""
    metric: str = str(DEFAULT_METRIC)


@dataclass(frozen=True, slots=True)
class Row:
    """One route of the table."""

    destination: str
    gateway: str
    metric: str


@dataclass(frozen=True, slots=True)
class RoutesView:
    """The page."""

    shell: Shell
    routes: tuple[Row, ...]
    destination: Field
    gateway: Field
    metric: Field
    problem: str


@router.get(PATH)
def show(here: Signed) -> Response:
    """The page."""
    return page("routes.html", built(here, Typed()))


@router.post(PATH)
def add(here: Owning, typed: Annotated[Typed, filled(Typed)]) -> Response:
    """Add a route to the draft."""
    stored = {
        "destination": typed.destination.strip(),
        "gateway": typed.gateway.strip(),
        "metric": whole(typed.metric) or 0,
    }
    try:
        done = deeds.add_route(here.desk, here.actor, stored)
    except Unknown:
        raise
    except Refused as refused:
        return page("routes.html", built(here, typed, refused), 422)
    return after(PATH, done.act)


@router.post("/networks/routes/remove")
def remove(here: Owning, destination: Text = "", metric: Text = "") -> Response:
    """Take a route out of the draft."""
    done = deeds.remove_route(here.desk, here.actor, destination, whole(metric) or 0)
    return after(PATH, done.act)


def built(here: Here, typed: Typed, refused: Refused | None = None) -> RoutesView:
    """The view of this moment."""
    wrong = placed(refused, "routes", PLACES)
    return RoutesView(
        shell=frame.shell(here, "network", "Routes"),
        routes=tuple(
            Row(str(one.destination), str(one.gateway), str(one.metric))
            for one in draft.edited(here.desk).routes
        ),
        destination=Field(typed.destination, wrong.get("destination", "")),
        gateway=Field(typed.gateway, wrong.get("gateway", "")),
        metric=Field(typed.metric, wrong.get("metric", "")),
        problem=wrong.get("", ""),
    )
