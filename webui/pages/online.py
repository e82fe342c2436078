"""/internet: whether it is there, since when, by what, and what to press when it is not.

How it is reached is changed on `internet.py`'s page, in the draft.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import internet as deeds
from appliance.actions import router as way_out
from appliance.events import WanFound
from appliance.model import pppoe
from appliance.model.way import FOREVER, Held, Stand, Way
from appliance.store import journals
from appliance.store.journal import Entry
from appliance.store.public_names import Record
from webui import phrases
from webui.forms import Text
from webui.pages import frame, happened
from webui.pages.frame import Shell
from webui.pages.happened import OF_INTERNET, Happened
from webui.pages.page import Fact, after, known_facts, page
from webui.pages.public_names import Row, row
from webui.pages.states import Pill
from webui.session import Here, Owning, Signed

router = APIRouter(include_in_schema=False)
SHOWN_EVENTS = 8
FOUND_SECONDS = 3600.0
"""How long the answer of a search stays on the page."""

PILLS: Mapping[Stand, Pill] = {
    Stand.OFF: Pill("off", "Not set up"),
    Stand.NO_CABLE: Pill("bad", "No cable"),
    Stand.ASKING: Pill("live", "Asking for an address"),
    Stand.UNANSWERED: Pill("bad", "No answer"),
    Stand.REFUSED: Pill("bad", "Address refused"),
    Stand.LISTENING: Pill("live", "Connecting"),
    Stand.ONLINE: Pill("ok", "Online"),
    Stand.SILENT: Pill("bad", "Gateway silent"),
    Stand.DENIED: Pill("bad", "Password not accepted"),
    Stand.UNABLE: Pill("bad", "Not with this kernel"),
}
OFF = "No port is the internet’s yet. Find its cable, or name the port in the configuration."
HEADINGS: Mapping[Stand, str] = {
    Stand.OFF: "There is no way to the internet",
    Stand.ASKING: "Asking the provider",
    Stand.LISTENING: "Connecting",
}


class Port(NamedTuple):
    """One port of a search, and what was found there."""

    link: str
    state: Pill
    what: str
    useful: bool = False  # somebody offers an address there, and it is not the internet's yet


class Search(NamedTuple):
    """The newest search."""

    what: str
    when: str
    ports: tuple[Port, ...]


class InternetView(NamedTuple):
    """The page."""

    shell: Shell
    heading: str
    lead: str
    state: Pill
    wrong: str
    link: str  # "" when no port is the internet's
    facts: tuple[Fact, ...]
    given: tuple[Fact, ...]
    search: Search | None
    can_search: bool
    names: tuple[Row, ...]
    happened: tuple[Happened, ...]


@router.get("/internet")
def show(here: Signed) -> Response:
    """The page."""
    return page("online.html", built(here))


@router.get("/internet/now")
def now(here: Signed) -> Response:
    """All of it that moves."""
    return page("online/now.html", built(here))


@router.post("/internet/renew")
def renew(here: Signed) -> Response:
    """Ask the provider again."""
    return after("/internet", deeds.renew(here.desk, here.actor).act)


@router.post("/internet/use")
def use(here: Owning, port: Text = "") -> Response:
    """Make a port the internet's, by DHCP; a change of the draft."""
    return after("/internet", way_out.set_internet(here.desk, here.actor, by_dhcp(port)).act)


@router.post("/internet/probe")
def probe(here: Signed) -> Response:
    """Find the provider's cable."""
    return after("/internet", deeds.search(here.desk, here.actor).act)


def built(here: Here) -> InternetView:
    """The view of this moment."""
    reads = here.reads
    way, held = reads.way(), reads.provided()
    called = happened.names(reads.machines(), reads.sources())
    records = reads.public_records()
    told = journals.older(reads, SHOWN_EVENTS, kinds=OF_INTERNET).told
    return InternetView(
        shell=frame.shell(here, "network", "Internet"),
        heading=heading(way, here.now),
        lead=lead(way),
        state=PILLS[way.stand],
        wrong=phrases.capital(way.why),
        link=way.link,
        facts=facts(way, here.now),
        given=(*(given(held, here.now) if held else ()), *lent(here)),
        search=newest(reads.latest([WanFound.__name__], []), way.link, here.now),
        can_search=bool(deeds.free_ports(here.desk)),
        names=tuple(
            row(one, records.get(one.id, Record()), here.now) for one in reads.public_names()
        ),
        happened=happened.told(told, called, here.now),
    )


def heading(way: Way, now: float) -> str:
    """The answer.

    >>> heading(Way(Stand.ONLINE, since=100.0), 100.0 + 3 * 86_400)
    'Online for 3\\xa0days'
    >>> heading(Way(Stand.SILENT), 0.0)
    'There is no internet'
    """
    if way.stand is Stand.ONLINE:
        return f"Online for {phrases.duration(now - way.since)}"
    return HEADINGS.get(way.stand, "There is no internet")


def lead(way: Way) -> str:
    """By which port, to whom.

    >>> lead(Way(Stand.ONLINE, "enp1s0", gateway="203.0.113.1"))
    'The cable in enp1s0 leads to 203.0.113.1.'
    """
    if way.stand is Stand.OFF:
        return OFF
    return f"The cable in {way.link} leads to {way.gateway or 'your provider'}."


def facts(way: Way, now: float) -> tuple[Fact, ...]:
    """How it is measured."""
    fast = "" if way.milliseconds is None else f"{way.milliseconds:g}\N{NO-BREAK SPACE}ms"
    lost = "" if way.lost_percent is None else f"{way.lost_percent}\N{NO-BREAK SPACE}%"
    return known_facts(
        Fact("Port", way.link, code=True),
        Fact("Address", way.address, code=True),
        Fact("Gateway", way.gateway, code=True),
        Fact("It answers in", fast),
        Fact("Lost", lost),
        Fact("Since", phrases.ago(now - way.since) if way.since else ""),
    )


def given(held: Held, now: float) -> tuple[Fact, ...]:
    """What the provider gave."""
    lease = held.lease
    endless = lease.lease_seconds == FOREVER
    until = phrases.ahead(held.given_at + lease.lease_seconds - now)
    return known_facts(
        Fact(
            "PPPoE server" if held.link == pppoe.LINK else "DHCP server",
            str(lease.server),
            code=True,
        ),
        Fact("Name servers", ", ".join(map(str, lease.name_servers)), code=True),
        Fact("Domain", lease.domain, code=True),
        Fact("Routes", "; ".join(f"{one.destination} via {one.gateway}" for one in lease.routes)),
        Fact("Largest packet", f"{lease.mtu} bytes" if lease.mtu else ""),
        Fact("Given", phrases.ago(now - held.given_at)),
        Fact("Ends", "never" if endless else until),
    )


def lent(here: Here) -> tuple[Fact, ...]:
    """The IPv6 prefix that the provider delegates."""
    slices = here.reads.slices()
    prefix = slices.ipv6.delegated if slices else None
    return known_facts(Fact("IPv6 prefix", str(prefix or ""), code=True))


def by_dhcp(link: str) -> dict[str, str | None]:
    """The way out by DHCP through a port, as the configuration's JSON has it."""
    return {"port": link, "static": None, "pppoe": None}


def newest(found: Sequence[Entry], mine: str, now: float) -> Search | None:
    """The newest search, while it is news; `mine` is the internet's port now."""
    if not found or now - found[0].at > FOUND_SECONDS or not isinstance(found[0].event, WanFound):
        return None
    event = found[0].event
    ports = tuple(port(text, mine) for text in event.ports)
    return Search(event.what, phrases.ago(now - found[0].at), ports)


def port(text: str, mine: str = "") -> Port:
    """One port, as wan tells it.

    >>> port("enp1s0 offer 203.0.113.1 203.0.113.5/24").what
    '203.0.113.1 offers 203.0.113.5/24'
    >>> port("enp2s0 cut").state.text
    'No cable'
    """
    link, state, *more = text.split()
    if state == "offer":
        return Port(link, Pill("ok", "Internet"), " offers ".join(more), link != mine)
    if state == "silent":
        return Port(link, Pill("off", "Silent"), "Nobody offers an address there")
    return Port(link, Pill("off", "No cable"), "")
