"""/networks/router: what the router is called, whom it asks for names, and its own IPv6 prefix.

All of it is a change of the draft.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import draft
from appliance.actions import router as deeds
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from webui.forms import beside, filled
from webui.pages import frame
from webui.pages.frame import Shell
from webui.pages.page import Field, after, page
from webui.session import Here, Owning, Signed

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, slots=True)
class Typed:
    """What the router is called, as the form says it."""

    hostname: str = ""
    domain: str = ""
    upstreams: str = ""
    ula: str = ""


class RouterView(NamedTuple):
    """The page of the names."""

    shell: Shell
    hostname: Field
    domain: Field
    upstreams: Field
    ula: Field
    problem: str


@router.get("/networks/router")
def show(here: Signed) -> Response:
    """What the router is called."""
    config = draft.edited(here.desk)
    upstreams = "\n".join(str(one.address) for one in config.dns.upstreams)
    typed = Typed(config.hostname, config.domain, upstreams, str(config.ula or ""))
    return page("router.html", built(here, typed))


@router.post("/networks/router")
def change(here: Owning, typed: Annotated[Typed, filled(Typed)]) -> Response:
    """Change it in the draft."""
    try:
        done = deeds.set_names(
            here.desk,
            here.actor,
            typed.hostname.strip(),
            typed.domain.strip(),
            typed.upstreams.replace(",", " ").split(),
            typed.ula.strip(),
        )
    except Unknown:
        raise
    except Refused as refused:
        return page("router.html", built(here, typed, beside(refused)), 422)
    return after("/networks", done.act)


def built(here: Here, typed: Typed, wrong: Mapping[str, str] | None = None) -> RouterView:
    """The view from what was typed."""
    found = dict(wrong or {})
    servers = [found.pop(place) for place in [*found] if place.startswith("dns.upstreams")]
    return RouterView(
        shell=frame.shell(here, "network", "The router’s name"),
        hostname=Field(typed.hostname, found.pop("hostname", "")),
        domain=Field(typed.domain, found.pop("domain", "")),
        upstreams=Field(typed.upstreams, " ".join(servers)),
        ula=Field(typed.ula, found.pop("ula", "")),
        problem=" ".join(found.values()),
    )
