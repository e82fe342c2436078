"""/firewall/new-zone and /firewall/zones/<name>: one zone, as a change of the draft."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Annotated, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import draft
from appliance.actions.desk import Done
from appliance.actions.zones import ZONES, remove_zone, save_zone
from appliance.errors import Refused
from appliance.model.config import RouterConfig
from appliance.model.firewall import INTERNET
from webui.forms import filled, seen, ticked
from webui.pages import frame
from webui.pages.choices import Choice
from webui.pages.firewall import PATH
from webui.pages.frame import Shell
from webui.pages.page import Field
from webui.pages.row import RowForm, TypedRow, placed
from webui.session import Here, Owning, Signed

router = APIRouter(include_in_schema=False)
PLACES: Mapping[str, str] = {"name": "name", "reaches": "reaches"}
"""First word of a problem's place in its zone → the field that shows it."""


@dataclass(frozen=True, slots=True)
class Typed(TypedRow):
    """A zone as the form says it; `remove` is the other button."""

    name: str = ""
    manages: str = ""
    reaches: tuple[str, ...] = ()
    itself: str = ""
    networks: tuple[str, ...] = ()
    remove: str = ""


class ZoneView(NamedTuple):
    """The page; `before` is "" for a new zone."""

    shell: Shell
    before: str
    heading: str
    name: Field
    manages: bool
    reaches: tuple[Choice, ...]
    reaches_problem: str
    itself: bool
    networks: tuple[Choice, ...]
    seen: str
    problem: str


@router.get("/firewall/new-zone")
def show_new(here: Signed) -> Response:
    """The form of a zone that is not there yet."""
    return FORM.again(here, "", Typed(reaches=(INTERNET,)))


@router.get("/firewall/zones/{name}")
def show(here: Signed, name: str) -> Response:
    """The form of a zone."""
    return FORM.shown(here, name)


@router.post("/firewall/new-zone")
def add(here: Owning, typed: Annotated[Typed, filled(Typed)]) -> Response:
    """Add it to the draft."""
    return FORM.taken(here, "", typed)


@router.post("/firewall/zones/{name}")
def change(here: Owning, name: str, typed: Annotated[Typed, filled(Typed)]) -> Response:
    """Change it in the draft, or take it out."""
    return FORM.taken(here, name, typed)


def save(here: Here, before: str, typed: Typed) -> Done:
    """Put it into the draft.  Raises Unknown, Refused."""
    if typed.remove:
        return remove_zone(here.desk, here.actor, before)
    name = before or typed.name.strip()
    reaches = (*typed.reaches, *((name,) if ticked(typed.itself) else ()))
    stored = {"name": name, "manages": ticked(typed.manages), "reaches": list(reaches)}
    key = (before,) if before else ()
    return save_zone(here.desk, here.actor, key, stored, typed.networks)


def present(here: Here, name: str) -> Typed:
    """A zone of the draft as its form.  Raises Unknown."""
    config = draft.edited(here.desk)
    zone = config.zones[ZONES.at(config, (name,))]
    told = Typed(
        name=name,
        manages="yes" if zone.manages else "",
        reaches=tuple(one for one in zone.reaches if one != name),
        itself="yes" if name in zone.reaches else "",
        networks=tuple(one.name for one in config.networks if one.zone == name),
    )
    return replace(told, seen=seen(asdict(told)))


def built(here: Here, before: str, typed: Typed, refused: Refused | None = None) -> ZoneView:
    """The view from what was typed."""
    config = draft.edited(here.desk)
    wrong = placed(refused, "zones", PLACES)
    return ZoneView(
        shell=frame.shell(here, "firewall", before or "A new zone"),
        before=before,
        heading=f"The zone {before}" if before else "Add a zone",
        name=Field(typed.name, wrong.get("name", "")),
        manages=ticked(typed.manages),
        reaches=others(config, before, typed.reaches),
        reaches_problem=wrong.get("reaches", ""),
        itself=ticked(typed.itself),
        networks=joining(config, before, typed.networks),
        seen=typed.seen,
        problem=wrong.get("", ""),
    )


def others(config: RouterConfig, before: str, reached: tuple[str, ...]) -> tuple[Choice, ...]:
    """What its devices may begin conversations with, besides the zone itself."""
    names = {INTERNET: "The internet"} | {one.name: one.name for one in config.zones}
    return tuple(
        Choice(name, label, name in reached) for name, label in names.items() if name != before
    )


def joining(config: RouterConfig, before: str, chosen: tuple[str, ...]) -> tuple[Choice, ...]:
    """The networks that may be in it; one that is in it already leaves for another zone there."""
    return tuple(
        Choice(one.name, f"{one.name}, now in {one.zone}", one.name in chosen)
        for one in config.networks
        if one.zone != before
    )


FORM = RowForm(template="zone.html", path=PATH, present=present, built=built, save=save)
