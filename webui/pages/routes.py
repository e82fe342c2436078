"""/networks/routes: networks behind other routers, as changes of the draft."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import draft, rows
from appliance.actions.firewall import ROUTES
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from appliance.model.firewall import DEFAULT_METRIC
from appliance.model.firewall_compare import gateway_said
from webui.forms import filled, whole
from webui.pages import frame
from webui.pages.frame import Shell
from webui.pages.page import Field, after, page
from webui.pages.row import placed
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
    """A route as a form says it: a new one, or one to `remove`."""

    destination: str = ""
    gateway: str = ""
    metric: str = str(DEFAULT_METRIC)
    remove: str = ""


class Row(NamedTuple):
    """One route of the table."""

    destination: str
    gateway: str
    metric: str


class RoutesView(NamedTuple):
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
def change(here: Owning, typed: Annotated[Typed, filled(Typed)]) -> Response:
    """Add a route to the draft, or take one out."""
    metric = whole(typed.metric) or 0
    if typed.remove:
        key = (typed.destination, str(metric))
        return after(PATH, rows.remove(here.desk, here.actor, ROUTES, key).act)
    stored = {
        "destination": typed.destination.strip(),
        "gateway": typed.gateway.strip(),
        "metric": metric,
    }
    try:
        done = rows.save(here.desk, here.actor, ROUTES, (), stored)
    except Unknown:
        raise
    except Refused as refused:
        return page("routes.html", built(here, typed, refused), 422)
    return after(PATH, done.act)


def built(here: Here, typed: Typed, refused: Refused | None = None) -> RoutesView:
    """The view of this moment."""
    wrong = placed(refused, "routes", PLACES)
    return RoutesView(
        shell=frame.shell(here, "network", "Routes"),
        routes=tuple(
            Row(str(one.destination), gateway_said(one.gateway), str(one.metric))
            for one in draft.edited(here.desk).routes
        ),
        destination=Field(typed.destination, wrong.get("destination", "")),
        gateway=Field(typed.gateway, wrong.get("gateway", "")),
        metric=Field(typed.metric, wrong.get("metric", "")),
        problem=wrong.get("", ""),
    )
