"""/names/own: names beyond those that devices have by themselves, as changes of the draft."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import names as deeds
from appliance.actions import rows
from appliance.actions.desk import Done
from appliance.model.dns import FORMS, Dns
from webui import phrases
from webui.forms import filled
from webui.pages import frame
from webui.pages.choices import Choice
from webui.pages.frame import Shell
from webui.pages.name_forms import Row, Tab, Wrong, edited, fields, kept, tabs
from webui.pages.page import Field, after, page
from webui.session import Here, Owning, Signed

router = APIRouter(include_in_schema=False)
PATH = "/names/own"


@dataclass(frozen=True, slots=True)
class TypedRecord:
    """A record as a form says it: a new one, or one to `remove`."""

    name: str = ""
    kind: str = "A"
    value: str = ""
    remove: str = ""


class OwnNamesView(NamedTuple):
    """The page."""

    shell: Shell
    tabs: tuple[Tab, ...]
    lead: str
    records: tuple[Row, ...]
    kinds: tuple[Choice, ...]
    fields: Mapping[str, Field]
    problem: str


@router.get(PATH)
def show(here: Signed) -> Response:
    """The page."""
    return page("own_names.html", built(here, TypedRecord(), {}))


@router.post(PATH)
def change(here: Owning, typed: Annotated[TypedRecord, filled(TypedRecord)]) -> Response:
    """Put in a record, or take one out, in the draft."""
    if typed.remove:
        key = (typed.name, typed.kind, typed.value)
        return after(PATH, rows.remove(here.desk, here.actor, deeds.OWN_RECORDS, key).act)

    def deed() -> Done:
        name = typed.name.strip().lower().rstrip(".")
        stored = {"name": name, "kind": typed.kind, "value": typed.value.strip()}
        return rows.save(here.desk, here.actor, deeds.OWN_RECORDS, (), stored)

    return kept(PATH, deed, "own_names.html", lambda wrong: built(here, typed, wrong))


def built(here: Here, typed: TypedRecord, wrong: Wrong) -> OwnNamesView:
    """The view of this moment."""
    config = edited(here)
    dns = config.dns if config else Dns()
    domain = config.domain if config else "lan"
    own = phrases.count(len(dns.records), "name")
    return OwnNamesView(
        shell=frame.shell(here, "names", "Your own names"),
        tabs=tabs(config, PATH),
        lead=f"Devices have their names below {domain} by themselves. Beyond those: {own}.",
        records=tuple(Row(one.name, one.kind, one.value) for one in dns.records),
        kinds=tuple(Choice(kind, kind, kind == typed.kind) for kind in FORMS),
        fields=fields({"name": (), "value": ()}, asdict(typed), wrong),
        problem=wrong.get("", ""),
    )
