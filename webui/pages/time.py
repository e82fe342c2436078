"""/networks/time: who is asked for the time, who gets it here, and which clock rules follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import draft
from appliance.actions import router as deeds
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from webui.forms import beside, filled, ticked
from webui.pages import frame
from webui.pages.frame import Shell
from webui.pages.page import Field, after, page
from webui.session import Here, Owning, Signed

router = APIRouter(include_in_schema=False)
PATH = "/networks/time"


@dataclass(frozen=True, slots=True)
class Typed:
    """The time, as the form says it."""

    servers: str = ""
    serve: str = ""
    time_zone: str = ""


class TimeView(NamedTuple):
    """The page; `trusted` says whether the router's clock is believed."""

    shell: Shell
    servers: Field
    serve: bool
    time_zone: Field
    trusted: bool
    problem: str


@router.get("/networks/time")
def show(here: Signed) -> Response:
    """The page."""
    config = draft.edited(here.desk)
    servers = "\n".join(config.time.servers)
    serve = "yes" if config.time.serve else ""
    return page("time.html", built(here, Typed(servers, serve, config.time_zone)))


@router.post("/networks/time")
def change(here: Owning, typed: Annotated[Typed, filled(Typed)]) -> Response:
    """Change it in the draft."""
    try:
        done = deeds.set_time(
            here.desk,
            here.actor,
            typed.servers.replace(",", " ").split(),
            typed.time_zone.strip(),
            serve=ticked(typed.serve),
        )
    except Unknown:
        raise
    except Refused as refused:
        return page("time.html", built(here, typed, beside(refused)), 422)
    return after("/networks", done.act)


def built(here: Here, typed: Typed, wrong: Mapping[str, str] | None = None) -> TimeView:
    """The view from what was typed."""
    found, slices = dict(wrong or {}), here.reads.slices()
    servers = [found.pop(place) for place in [*found] if place.startswith("time.servers")]
    return TimeView(
        shell=frame.shell(here, "network", "The time"),
        servers=Field(typed.servers, " ".join(servers)),
        serve=ticked(typed.serve),
        time_zone=Field(typed.time_zone, found.pop("time_zone", "")),
        trusted=slices is None or slices.time.trusted,
        problem=" ".join(found.values()),
    )
