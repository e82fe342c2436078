"""/names: whom the router asks for names, what it knows itself, what it blocks; and the pools."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from appliance.actions import draft
from appliance.actions import names as deeds
from appliance.actions.desk import Done
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from appliance.model.config import RouterConfig
from appliance.model.dns import FORMS, Dns, Upstream
from appliance.model.names import mac_from
from appliance.store.answers import answer
from webui import phrases
from webui.forms import Text, beside, filled, whole
from webui.pages import frame
from webui.pages.choices import Choice
from webui.pages.frame import Shell
from webui.pages.name_rows import Listed, Pause, Server, lead, listed, paused, servers
from webui.pages.page import Field, after, page
from webui.session import Here, Owning, Signed

router = APIRouter(include_in_schema=False)
PAUSES = (5, 30, 120)
"""Minutes that a button offers."""


@dataclass(frozen=True, slots=True)
class TypedNames:
    """Everything that the forms of this page send; each sends its own part."""

    upstreams: str = ""
    private_answers: str = ""
    lists: str = ""
    names: str = ""
    allowed: str = ""
    exempt: str = ""
    refresh_hours: str = "24"
    name: str = ""
    kind: str = "A"
    value: str = ""
    domain: str = ""
    servers: str = ""
    sought: str = ""


@dataclass(frozen=True, slots=True)
class Minutes:
    """A pause that can be chosen."""

    minutes: int
    label: str


@dataclass(frozen=True, slots=True)
class Row:
    """One record or one forwarding, as the draft has it."""

    name: str
    kind: str
    value: str


@dataclass(frozen=True, slots=True)
class Pool:
    """Where a network's addresses are looked after."""

    network: str
    what: str


@dataclass(frozen=True, slots=True)
class NamesView:
    """The page."""

    shell: Shell
    lead: str
    servers: tuple[Server, ...]
    blocks: bool
    pause: Pause | None
    pauses: tuple[Minutes, ...]
    lists: tuple[Listed, ...]
    pools: tuple[Pool, ...]
    records: tuple[Row, ...]
    forwardings: tuple[Row, ...]
    kinds: tuple[Choice, ...]
    fields: Mapping[str, Field]
    records_asked: tuple[Choice, ...]
    look: str  # the wish of a name that is looked up, "" for none
    looked: str  # what it came to, "" while it is under way
    problem: str


@router.get("/names")
def show(here: Signed) -> Response:
    """The page."""
    return page("names.html", built(here))


@router.get("/names/now")
def now(here: Signed) -> Response:
    """What of it moves."""
    return page("names/now.html", built(here))


@router.post("/names/pause")
def pause(here: Signed, minutes: Text = "") -> Response:
    """Block nothing for some minutes, at once."""
    return after("/names", deeds.pause_blocking(here.desk, here.actor, whole(minutes) or 0).act)


@router.post("/names/resume")
def resume(here: Signed) -> Response:
    """End a pause, at once."""
    return after("/names", deeds.resume_blocking(here.desk, here.actor).act)


@router.post("/names/look")
def look(here: Signed, sought: Text = "", record: Text = "A") -> Response:
    """Have a name looked up."""
    try:
        done = deeds.look_up(here.desk, here.actor, sought, record)
    except Refused as refused:
        typed = TypedNames(sought=sought)
        what = " ".join(one.what for one in refused.problems)
        return page("names.html", built(here, typed, {"sought": what}), 422)
    return RedirectResponse(f"/names?look={done.wish}", 303)


Typed = Annotated[TypedNames, filled(TypedNames)]


@router.post("/names/upstreams")
def upstreams(here: Owning, typed: Typed) -> Response:
    """Whom to ask, in the draft."""
    return _kept(
        here,
        typed,
        lambda: deeds.set_upstreams(here.desk, here.actor, typed.upstreams.splitlines()),
    )


@router.post("/names/private")
def private(here: Owning, typed: Typed) -> Response:
    """Which names may lead into the LAN, in the draft."""
    return _kept(
        here,
        typed,
        lambda: deeds.set_private_answers(here.desk, here.actor, _words(typed.private_answers)),
    )


@router.post("/names/blocking")
def blocking(here: Owning, typed: Typed) -> Response:
    """What is blocked, in the draft."""
    return _kept(
        here, typed, lambda: deeds.set_blocking(here.desk, here.actor, blocking_as_stored(typed))
    )


@router.post("/names/records")
def add_record(here: Owning, typed: Typed) -> Response:
    """A record, in the draft."""
    name, kind, value = typed.name.strip().lower().rstrip("."), typed.kind, typed.value.strip()
    return _kept(here, typed, lambda: deeds.add_record(here.desk, here.actor, name, kind, value))


@router.post("/names/records/remove")
def remove_record(here: Owning, typed: Typed) -> Response:
    """Drop one, in the draft."""
    done = deeds.remove_record(here.desk, here.actor, typed.name, typed.kind, typed.value)
    return after("/names", done.act)


@router.post("/names/forwardings")
def add_forwarding(here: Owning, typed: Typed) -> Response:
    """A domain with servers of its own, in the draft."""
    domain = typed.domain.strip().lower().strip(".")
    return _kept(
        here,
        typed,
        lambda: deeds.add_forwarding(here.desk, here.actor, domain, typed.servers.splitlines()),
    )


@router.post("/names/forwardings/remove")
def remove_forwarding(here: Owning, typed: Typed) -> Response:
    """Drop one, in the draft."""
    return after("/names", deeds.remove_forwarding(here.desk, here.actor, typed.domain).act)


def _kept(here: Here, typed: TypedNames, deed: Callable[[], Done]) -> Response:
    """Do it; what is refused is shown beside its field."""
    try:
        return after("/names", deed().act)
    except Unknown:
        raise
    except Refused as refused:
        return page("names.html", built(here, typed, placed(beside(refused))), 422)


def blocking_as_stored(typed: TypedNames) -> dict[str, Any]:
    """What the form says, as the configuration's JSON has it."""
    return {
        "lists": [{"url": one} for one in _words(typed.lists)],
        "names": _words(typed.names),
        "allowed": _words(typed.allowed),
        "exempt": [_mac(one) for one in _words(typed.exempt)],
        "refresh_hours": whole(typed.refresh_hours) or 0,
    }


PLACES: Mapping[str, str] = {
    "dns.upstreams": "upstreams",
    "dns.private_answers": "private_answers",
    "dns.blocking.lists": "lists",
    "dns.blocking.names": "names",
    "dns.blocking.allowed": "allowed",
    "dns.blocking.exempt": "exempt",
    "dns.blocking.refresh_hours": "refresh_hours",
}
"""The beginning of a problem's place → the field that shows it."""
LAST: Mapping[tuple[str, str], str] = {
    ("records", "name"): "name",
    ("records", "kind"): "kind",
    ("records", "value"): "value",
    ("forwardings", "domain"): "domain",
}


def placed(found: Mapping[str, str]) -> dict[str, str]:
    """Problems by field; what no field shows is the page's own.

    >>> placed({"dns.upstreams.0.address": "No.", "dns.records.2.value": "Odd.", "domain": "X."})
    {'upstreams': 'No.', 'value': 'Odd.', '': 'X.'}
    """
    shown: dict[str, str] = {}
    for place, what in found.items():
        field = _field(place)
        shown[field] = f"{shown[field]} {what}" if field in shown else what
    return shown


def _field(place: str) -> str:
    begun = next((field for start, field in PLACES.items() if place.startswith(start)), "")
    if begun:
        return begun
    words = place.split(".")
    if "forwardings" in words and "upstreams" in words:
        return "servers"
    return LAST.get((words[1] if len(words) > 1 else "", words[-1]), "")


def built(
    here: Here, typed: TypedNames | None = None, wrong: Mapping[str, str] | None = None
) -> NamesView:
    """The view of this moment."""
    config = _edited(here)
    reads = here.reads
    dns = config.dns if config else Dns()
    given = typed or TypedNames()
    found = dict(wrong or {})
    sought = here.request.query_params.get("look", "")
    told = answer(reads, sought) if sought else None
    return NamesView(
        shell=frame.shell(here, "names", "DHCP & DNS"),
        lead=lead(reads.names_standing()),
        servers=servers(reads.names_standing()),
        blocks=bool(dns.blocking.lists or dns.blocking.names),
        pause=paused(reads.blocking_paused_until(), here.now),
        pauses=tuple(Minutes(one, phrases.duration(60 * one)) for one in PAUSES),
        lists=tuple(listed(one, here.now) for one in reads.blocklists()),
        pools=tuple(_pools(config)),
        records=tuple(Row(one.name, one.kind, one.value) for one in dns.records),
        forwardings=tuple(
            Row(one.domain, "", ", ".join(map(line, one.upstreams))) for one in dns.forwardings
        ),
        kinds=tuple(Choice(kind, kind, kind == given.kind) for kind in FORMS),
        fields=_fields(dns, typed, found),
        records_asked=tuple(Choice(one, one) for one in deeds.RECORDS),
        look=sought if told else "",
        looked=told.what if told and told.state == "done" else "",
        problem=found.get("", ""),
    )


def _fields(dns: Dns, typed: TypedNames | None, wrong: Mapping[str, str]) -> dict[str, Field]:
    """What each field shows: what was typed into the form that was refused, else what is so."""
    blocking = dns.blocking
    stored: dict[str, Sequence[str]] = {
        "upstreams": tuple(map(line, dns.upstreams)),
        "private_answers": dns.private_answers,
        "lists": tuple(one.url for one in blocking.lists),
        "names": blocking.names,
        "allowed": blocking.allowed,
        "exempt": blocking.exempt,
        "refresh_hours": (str(blocking.refresh_hours),),
    }
    alone = ("name", "value", "domain", "servers", "sought")
    sent = {one: getattr(typed, one) for one in (*stored, *alone)} if typed else {}
    return {
        one: Field(
            sent[one] if one in wrong or sent.get(one) else "\n".join(stored.get(one, ())),
            wrong.get(one, ""),
        )
        for one in (*stored, *alone)
    }


def line(upstream: Upstream) -> str:
    """A server as it is typed."""
    return f"{upstream.address} {upstream.tls_name or ''}".strip()


def _pools(config: RouterConfig | None) -> list[Pool]:
    found = []
    for one in config.networks if config else ():
        if one.dhcp:
            pool = one.dhcp.pool
            fixed = phrases.count(len(one.dhcp.reservations), "fixed address", "fixed addresses")
            found.append(Pool(one.name, f"{pool.first} – {pool.last}, {fixed}"))
        else:
            found.append(Pool(one.name, "gives no addresses"))
    return found


def _edited(here: Here) -> RouterConfig | None:
    try:
        return draft.edited(here.desk)
    except Unknown:
        return None


def _words(text: str) -> list[str]:
    """What stands between spaces, commas and lines, in small letters but for addresses of lists."""
    words = text.replace(",", " ").split()
    return [one if "://" in one else one.lower() for one in words]


def _mac(text: str) -> str:
    try:
        return mac_from(text)
    except ValueError:
        return text  # the configuration says what is wrong with it
