"""/firewall/new-rule and /firewall/rules/<id>: one rule, as a change of the draft."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import draft, rows
from appliance.actions.desk import Done
from appliance.actions.firewall import RULES
from appliance.errors import Problem, Refused
from appliance.model.config import RouterConfig
from appliance.model.firewall import INTERNET, ROUTER, Rule
from appliance.model.week import WEEK
from webui import phrases
from webui.forms import filled, seen, ticked
from webui.pages import ends, frame, port_ranges, until
from webui.pages.choices import Choice
from webui.pages.firewall import PATH
from webui.pages.frame import Shell
from webui.pages.page import Field
from webui.pages.row import RowForm, TypedRow, placed
from webui.session import Here, Owning, Signed

router = APIRouter(include_in_schema=False)
ACTIONS: Mapping[str, str] = {
    "accept": "Let it pass",
    "reject": "Refuse it, and say so",
    "drop": "Drop it in silence",
}
PROTOCOLS: Mapping[str, str] = {
    "any": "Everything",
    "tcp": "TCP",
    "udp": "UDP",
    "icmp": "Ping (ICMP)",
}
DAYS: Mapping[str, str] = {
    "mon": "Monday",
    "tue": "Tuesday",
    "wed": "Wednesday",
    "thu": "Thursday",
    "fri": "Friday",
    "sat": "Saturday",
    "sun": "Sunday",
}
PLACES: Mapping[str, str] = {
    "id": "id",
    "note": "note",
    "source": "source",
    "destination": "destination",
    "ports": "ports",
    "senders": "senders",
    "receivers": "receivers",
    "schedule": "begins",
    "until": "until",
}
"""First word of a problem's place in its rule → the field that shows it."""


@dataclass(frozen=True, slots=True)
class Typed(TypedRow):
    """A rule as the form says it."""

    id: str = ""
    note: str = ""
    source: str = ""
    destination: str = ""
    action: str = "accept"
    protocol: str = "any"
    ports: str = ""
    senders: str = ""
    receivers: str = ""
    timed: str = ""
    days: tuple[str, ...] = ()
    begins: str = ""
    ends: str = ""
    until: str = ""
    enabled: str = ""


class RuleView(NamedTuple):
    """The page; `before` is "" for a new rule."""

    shell: Shell
    before: str
    heading: str
    id: Field
    note: Field
    sources: tuple[Choice, ...]
    destinations: tuple[Choice, ...]
    source_problem: str
    destination_problem: str
    actions: tuple[Choice, ...]
    protocols: tuple[Choice, ...]
    ports: Field
    senders: Field
    receivers: Field
    timed: bool
    days: tuple[Choice, ...]
    begins: Field
    ends: str
    until: Field
    time_zone: str
    enabled: bool
    seen: str
    problem: str


@router.get("/firewall/new-rule")
def show_new(here: Signed) -> Response:
    """The form of a rule that is not there yet, with what the address says of it filled in."""
    config = draft.edited(here.desk)
    zone = config.zones[0].name if config.zones else INTERNET
    said = here.request.query_params.get
    fresh = Typed(
        source=said("source", zone),
        senders=said("senders", ""),
        destination=said("destination", INTERNET),
        receivers=said("receivers", ""),
        protocol=said("protocol", "any"),
        ports=said("ports", ""),
        action=said("action", "reject"),
        days=WEEK,
        enabled="yes",
    )
    return FORM.again(here, "", fresh)


@router.get("/firewall/rules/{ident}")
def show(here: Signed, ident: str) -> Response:
    """The form of a rule."""
    return FORM.shown(here, ident)


@router.post("/firewall/new-rule")
def add(here: Owning, typed: Annotated[Typed, filled(Typed)]) -> Response:
    """Add it to the draft."""
    return FORM.taken(here, "", typed)


@router.post("/firewall/rules/{ident}")
def change(here: Owning, ident: str, typed: Annotated[Typed, filled(Typed)]) -> Response:
    """Change it in the draft."""
    return FORM.taken(here, ident, typed)


def save(here: Here, before: str, typed: Typed) -> Done:
    """Put it into the draft.  Raises Unknown, Refused."""
    stored = as_stored(typed, draft.edited(here.desk))
    return rows.save(here.desk, here.actor, RULES, (before,) if before else (), stored)


def present(here: Here, ident: str) -> Typed:
    """A rule of the draft as its form.  Raises Unknown."""
    config = draft.edited(here.desk)
    told = typed_from(config, config.rules[RULES.at(config, (ident,))])
    return replace(told, seen=seen(asdict(told)))


def typed_from(config: RouterConfig, rule: Rule) -> Typed:
    """A rule as its form."""
    schedule = rule.schedule
    return Typed(
        id=rule.id,
        note=rule.note,
        source=rule.source,
        destination=rule.destination,
        action=rule.action,
        protocol=rule.protocol,
        ports=port_ranges.written(rule.ports),
        senders=ends.written(config, rule.senders),
        receivers=ends.written(config, rule.receivers),
        timed="yes" if schedule else "",
        days=schedule.weekdays if schedule else WEEK,
        begins=schedule.begins if schedule else "",
        ends=schedule.ends if schedule else "",
        until=until.written(rule.until, config.time_zone),
        enabled="yes" if rule.enabled else "",
    )


def as_stored(typed: Typed, config: RouterConfig) -> dict[str, Any]:
    """What the form says, as the configuration's JSON has it.  Raises Refused."""
    senders, wrong = ends.read(typed.senders, config, "senders")
    receivers, more = ends.read(typed.receivers, config, "receivers")
    problems = [*wrong, *more]
    ports = port_ranges.read(typed.ports)
    if ports is None:
        problems.append(Problem(("ports",), "Write ports as numbers: 80, 6000-6010."))
    over = None
    try:
        over = until.read(typed.until, config.time_zone)
    except ValueError:
        problems.append(Problem(("until",), "Write the end as a date and a time."))
    if problems:
        raise Refused(*problems)
    days = [*(day for day in WEEK if day in typed.days), *(set(typed.days) - set(WEEK))]
    schedule = {"weekdays": days, "begins": typed.begins, "ends": typed.ends}
    return {
        "id": typed.id.strip(),
        "note": typed.note.strip(),
        "source": typed.source,
        "destination": typed.destination,
        "action": typed.action,
        "protocol": typed.protocol,
        "ports": ports,
        "senders": senders,
        "receivers": receivers,
        "schedule": schedule if ticked(typed.timed) else None,
        "until": over,
        "enabled": ticked(typed.enabled),
    }


def built(here: Here, before: str, typed: Typed, refused: Refused | None = None) -> RuleView:
    """The view of this moment."""
    config = draft.edited(here.desk)
    wrong = placed(refused, "rules", PLACES)
    zones = tuple(zone.name for zone in config.zones)
    return RuleView(
        shell=frame.shell(here, "firewall", before or "A new rule"),
        before=before,
        heading=f"Change {before}" if before else "Add a rule",
        id=Field(typed.id, wrong.get("id", "")),
        note=Field(typed.note, wrong.get("note", "")),
        sources=zones_to_choose((*zones, INTERNET), typed.source),
        destinations=zones_to_choose((*zones, INTERNET, ROUTER), typed.destination),
        source_problem=wrong.get("source", ""),
        destination_problem=wrong.get("destination", ""),
        actions=to_choose(ACTIONS, typed.action),
        protocols=to_choose(PROTOCOLS, typed.protocol),
        ports=Field(typed.ports, wrong.get("ports", "")),
        senders=Field(typed.senders, wrong.get("senders", "")),
        receivers=Field(typed.receivers, wrong.get("receivers", "")),
        timed=ticked(typed.timed),
        days=tuple(Choice(day, DAYS[day], day in typed.days) for day in WEEK),
        begins=Field(typed.begins, wrong.get("begins", "")),
        ends=typed.ends,
        until=Field(typed.until, wrong.get("until", "")),
        time_zone=config.time_zone,
        enabled=ticked(typed.enabled),
        seen=typed.seen,
        problem=wrong.get("", ""),
    )


def zones_to_choose(zones: Iterable[str], chosen: str) -> tuple[Choice, ...]:
    """Zones and reserved words as options."""
    return tuple(Choice(zone, phrases.capital(zone), zone == chosen) for zone in zones)


def to_choose(labels: Mapping[str, str], chosen: str) -> tuple[Choice, ...]:
    """The words of a table as options."""
    return tuple(Choice(value, label, value == chosen) for value, label in labels.items())


FORM = RowForm("rule.html", PATH, present, built, save)
