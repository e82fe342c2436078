"""/names/servers: whom the router asks for names of the internet, as changes of the draft."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import names as deeds
from appliance.actions import rows
from appliance.actions.desk import Done
from appliance.model.dns import Dns, Upstream
from webui.forms import filled
from webui.pages import frame
from webui.pages.frame import Shell
from webui.pages.name_forms import Row, Tab, Wrong, edited, fields, kept, tabs, words
from webui.pages.page import Field, after, page
from webui.session import Here, Owning, Signed

router = APIRouter(include_in_schema=False)
PATH = "/names/servers"


@dataclass(frozen=True, slots=True)
class TypedServers:
    """What the forms of this page send; each sends its own part."""

    upstreams: str = ""
    private_answers: str = ""
    domain: str = ""
    servers: str = ""
    remove: str = ""


class ServersView(NamedTuple):
    """The page."""

    shell: Shell
    tabs: tuple[Tab, ...]
    lead: str
    forwardings: tuple[Row, ...]
    fields: Mapping[str, Field]
    problem: str


Typed = Annotated[TypedServers, filled(TypedServers)]


@router.get(PATH)
def show(here: Signed) -> Response:
    """The page."""
    return page("name_servers.html", built(here, TypedServers(), {}))


@router.post(PATH)
def upstreams(here: Owning, typed: Typed) -> Response:
    """Whom to ask, in the draft."""

    def deed() -> Done:
        return deeds.set_upstreams(here.desk, here.actor, typed.upstreams.splitlines())

    return kept(PATH, deed, "name_servers.html", lambda wrong: built(here, typed, wrong))


@router.post("/names/servers/private")
def private(here: Owning, typed: Typed) -> Response:
    """Which names may lead into the LAN, in the draft."""

    def deed() -> Done:
        return deeds.set_private_answers(here.desk, here.actor, words(typed.private_answers))

    return kept(PATH, deed, "name_servers.html", lambda wrong: built(here, typed, wrong))


@router.post("/names/servers/domains")
def domains(here: Owning, typed: Typed) -> Response:
    """Give a domain servers of its own, or take them away, in the draft."""
    if typed.remove:
        done = rows.remove(here.desk, here.actor, deeds.FORWARDINGS, (typed.domain,))
        return after(PATH, done.act)

    def deed() -> Done:
        domain = typed.domain.strip().lower().strip(".")
        stored = deeds.forwarding_as_stored(domain, typed.servers.splitlines())
        return rows.save(here.desk, here.actor, deeds.FORWARDINGS, (), stored)

    return kept(PATH, deed, "name_servers.html", lambda wrong: built(here, typed, wrong))


def built(here: Here, typed: TypedServers, wrong: Wrong) -> ServersView:
    """The view of this moment."""
    config = edited(here)
    dns = config.dns if config else Dns()
    stored = {
        "upstreams": tuple(map(line, dns.upstreams)),
        "private_answers": dns.private_answers,
        "domain": (),
        "servers": (),
    }
    return ServersView(
        shell=frame.shell(here, "names", "Name servers"),
        tabs=tabs(config, PATH),
        lead=lead(dns),
        forwardings=tuple(
            Row(one.domain, "", ", ".join(map(line, one.upstreams))) for one in dns.forwardings
        ),
        fields=fields(stored, asdict(typed), wrong),
        problem=wrong.get("", ""),
    )


def lead(dns: Dns) -> str:
    """Who is asked, and how.

    >>> lead(Dns())
    'The servers that your provider names are asked.'
    """
    if not dns.upstreams:
        return "The servers that your provider names are asked."
    hidden = sum(one.tls_name is not None for one in dns.upstreams)
    if hidden == len(dns.upstreams):
        return "Every question for the internet leaves encrypted."
    if hidden:
        return "Some questions for the internet leave encrypted, some do not."
    return "Questions for the internet leave unencrypted."


def line(upstream: Upstream) -> str:
    """A server as it is typed."""
    return f"{upstream.address} {upstream.tls_name or ''}".strip()
