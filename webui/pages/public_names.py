"""/internet/names: names on the internet that follow this router, and what their services said."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from appliance.actions import public_names as deeds
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from appliance.model.public_names import (
    ALGORITHMS,
    DEFAULTS,
    DNS_SERVER,
    FIELDS,
    OWN_SERVER,
    PUBLISHES,
    SERVICES,
    PublicName,
    known_settings,
)
from appliance.store.answers import answer
from appliance.store.public_names import HIDDEN, WAITING, Outcome, Record
from webui import phrases
from webui.forms import beside, filled
from webui.pages import frame
from webui.pages.choices import Choice
from webui.pages.frame import Shell
from webui.pages.page import Field, after, page
from webui.pages.states import Pill
from webui.session import Here, Owning

router = APIRouter(include_in_schema=False)
PATH = "/internet/names"
STATES: Mapping[str, Pill] = {
    Outcome.NEW: Pill("wait", "About to publish"),
    Outcome.PUBLISHED: Pill("ok", "Published"),
    Outcome.FAILED: Pill("warn", "Tried again"),
    Outcome.STOPPED: Pill("bad", "Not published"),
    WAITING: Pill("wait", "Waits"),
    HIDDEN: Pill("bad", "No public address"),
}
INPUTS: Mapping[str, tuple[str, str]] = {
    "server": ("Server", "Its name, like dyn.example.org; a port or a path may follow."),
    "user": ("User", "As you sign in there."),
    "zone": ("Zone", "Empty: all of the name after its first dot."),
    "key": ("Key", "Its name on the server, like home-router."),
    "ttl": ("Time to live, in seconds", "How long others may remember the address."),
    "refresh_days": (
        "Say it again after, in days",
        "Even if nothing changed: services forget names of which they hear nothing.",
    ),
}
"""Settings that are typed: label and hint; the others are chosen."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A name as its form says it; `deed` is the button that was pressed."""

    deed: str = "save"
    id: str = ""
    name: str = ""
    service: str = OWN_SERVER
    secret: str = ""
    publishes: str = ""
    refresh_days: str = ""
    server: str = ""
    user: str = ""
    zone: str = ""
    key: str = ""
    algorithm: str = ""
    ttl: str = ""


class Row(NamedTuple):
    """One name and how it stands."""

    id: str
    name: str
    service: str
    state: Pill
    addresses: tuple[str, ...]  # that it leads to
    said: str


class Input(NamedTuple):
    """One text of the form."""

    id: str
    label: str
    hint: str
    at: Field


class Form(NamedTuple):
    """The form of one service; `id` is "" for a new name."""

    id: str
    service: str
    heading: str
    name: Input
    inputs: tuple[Input, ...]
    publishes: tuple[Choice, ...]
    publishes_problem: str
    algorithms: tuple[Choice, ...]  # () where there is no key
    secret: Field
    secret_hint: str


class PublicNamesView(NamedTuple):
    """The page."""

    shell: Shell
    rows: tuple[Row, ...]
    wish: str  # of *Update now*, "" for none
    answered: str  # what it came to, "" while it is under way
    went: bool
    services: tuple[Choice, ...]
    form: Form | None
    problem: str


@router.get(PATH)
def show(here: Owning) -> Response:
    """The page."""
    return page("public_names.html", built(here))


@router.get(f"{PATH}/now")
def now(here: Owning) -> Response:
    """How the names stand."""
    return page("public_names/now.html", built(here))


@router.post(PATH)
def change(here: Owning, typed: Annotated[Typed, filled(Typed)]) -> Response:
    """Add, change, remove or publish one."""
    if typed.deed == "remove":
        return after(PATH, deeds.remove_name(here.desk, here.actor, typed.id).act)
    if typed.deed == "publish":
        wish = deeds.publish_now(here.desk, here.actor, typed.id).wish
        return RedirectResponse(f"{PATH}?wish={wish}", 303)
    settings = {one: getattr(typed, one) for one in FIELDS}
    told = (typed.id, typed.name, typed.service, settings, typed.secret)
    try:
        done = deeds.save_name(here.desk, here.actor, *told)
    except Unknown:
        raise
    except Refused as refused:
        return page("public_names.html", built(here, typed, beside(refused)), 422)
    return after(PATH, done.act)


def built(
    here: Here, typed: Typed | None = None, wrong: Mapping[str, str] | None = None
) -> PublicNamesView:
    """The view of this moment."""
    reads, asked = here.reads, here.request.query_params
    named, records = reads.public_names(), reads.public_records()
    wish = asked.get("wish", "")
    told = answer(reads, wish) if wish else None
    problems = dict(wrong or {})
    form = _form(typed or _chosen(named, asked.get("edit", ""), asked.get("new", "")), problems)
    return PublicNamesView(
        shell=frame.shell(here, "network", "Names on the internet"),
        rows=tuple(row(one, records.get(one.id, Record()), here.now) for one in named),
        wish=wish if told else "",
        answered=told.what if told and told.state != "waiting" else "",
        went=told is not None and told.state == "done",
        services=tuple(Choice(word, one.label) for word, one in SERVICES.items()),
        form=form,
        problem=" ".join(problems.values()),
    )


def row(one: PublicName, record: Record, now: float) -> Row:
    """One name, ready to print."""
    return Row(
        id=one.id,
        name=one.name,
        service=SERVICES[one.service].label,
        state=STATES[record.state],
        addresses=record.addresses,
        said=said(record, now),
    )


def said(record: Record, now: float) -> str:
    """When the last try was, what came of it, and when the next one is.

    >>> busy = Record(outcome=Outcome.FAILED, said="It is busy.", tried_at=60.0, next_at=180.0)
    >>> said(busy, 120.0)
    '1\\xa0min ago: It is busy. Again in 1\\xa0min.'
    """
    if record.waits or not record.tried_at:
        return record.waits
    what = f"{phrases.capital(phrases.ago(now - record.tried_at))}: {record.said}"
    if record.outcome is Outcome.FAILED:
        return f"{what} Again {phrases.ahead(record.next_at - now)}."
    if record.outcome is Outcome.STOPPED and record.published_at:
        return f"{what} Published last {phrases.ago(now - record.published_at)}."
    return what


def _chosen(named: list[PublicName], ident: str, service: str) -> Typed | None:
    """What the form begins with: a name, a new one of a service, or there is none."""
    for one in named:
        if one.id == ident:
            return Typed(id=one.id, name=one.name, service=one.service, **one.settings)
    return Typed(service=service, **DEFAULTS) if service in SERVICES else None


def _form(typed: Typed | None, problems: dict[str, str]) -> Form | None:
    """The form; it takes the problems of its fields out of `problems`."""
    if typed is None or typed.service not in SERVICES:
        return None
    service, known = SERVICES[typed.service], known_settings(typed.service)

    def field(name: str) -> Field:
        return Field(getattr(typed, name), problems.pop(name, ""))

    example = f"home.{service.under or 'example.org'}"
    return Form(
        id=typed.id,
        service=typed.service,
        heading=f"Change {typed.name}" if typed.id else f"A name at {service.label}",
        name=Input("name", "Name", f"The whole name, like {example}.", field("name")),
        inputs=tuple(
            Input(name, *words, field(name)) for name, words in INPUTS.items() if name in known
        ),
        publishes=tuple(
            Choice(word, words, word == typed.publishes)
            for word, words in PUBLISHES.items()
            if typed.service != DNS_SERVER or word != "seen"
        ),
        publishes_problem=problems.pop("publishes", ""),
        algorithms=tuple(
            Choice(word, word.upper(), word == typed.algorithm)
            for word in ALGORITHMS
            if "algorithm" in known
        ),
        secret=Field("", problems.pop("secret", "")),
        secret_hint=f"{service.secret} It is kept where nobody is shown it again"
        f"{'; empty leaves it as it is, at the same server' if typed.id else ''}.",
    )
