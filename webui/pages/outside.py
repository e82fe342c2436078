"""/firewall/outside: what a stranger on the internet's side gets to see of this router."""

from collections.abc import Iterator
from ipaddress import ip_address
from typing import NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import outside as deeds
from appliance.actions.outside import Look
from appliance.model.firewall import INTERNET
from appliance.model.outside import EXPECTED, OPEN, Heard, Socket, reached_by
from webui import phrases
from webui.pages import frame
from webui.pages.frame import Shell
from webui.pages.page import after, page
from webui.pages.states import Pill
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)
PATH = "/firewall/outside"
RIGHT, WRONG, LET_IN = Pill("ok", "Silent"), Pill("bad", "Wrong"), Pill("ok", "You let it in")


class Answer(NamedTuple):
    """One port that a stranger heard."""

    what: str
    address: str
    said: str
    state: Pill


class Row(NamedTuple):
    """One socket: what waits where, for whom."""

    what: str
    whose: str
    where: str
    address: str
    who: str  # who may ask it
    state: Pill | None


class OutsideView(NamedTuple):
    """The page; without `state` nobody has looked yet."""

    shell: Shell
    heading: str
    lead: str
    state: Pill | None
    why_not: str
    older: bool
    findings: tuple[str, ...]  # what was told and is not over
    answers: tuple[Answer, ...]
    rows: tuple[Row, ...]


@router.get("/firewall/outside")
def show(here: Signed) -> Response:
    """The page."""
    return page("outside.html", built(here))


@router.get("/firewall/outside/now")
def now(here: Signed) -> Response:
    """All of it that moves."""
    return page("outside/now.html", built(here))


@router.post("/firewall/outside")
def look(here: Signed) -> Response:
    """Have somebody look."""
    return after(PATH, deeds.look(here.desk, here.actor).act)


def built(here: Here) -> OutsideView:
    """The view of this moment."""
    found = deeds.newest(here.desk, here.now)
    heading, lead, state = said(found, here.now)
    return OutsideView(
        shell=frame.shell(here, "firewall", "Seen from outside"),
        heading=heading,
        lead=lead,
        state=state,
        why_not=deeds.why_not(here.desk),
        older=found is not None and found.older,
        findings=tuple(f"{one.what} {one.todo}" for one in here.reads.exposures()),
        answers=tuple(answers(found)) if found else (),
        rows=tuple(rows(found, here.now)) if found else (),
    )


def said(found: Look | None, now: float) -> tuple[str, str, Pill | None]:
    """The answer, how it was found, and its shape."""
    if found is None:
        what = "A look from the internet’s side shows what answers there: nothing of this router."
        return "Seen from outside", what, None
    seen = found.seen
    asked = f"{phrases.count(seen.tried, 'port')} asked from the internet’s side"
    lead = f"{phrases.capital(asked)}, {phrases.ago(now - found.at)}."
    if found.wrong or found.bare:
        return "Something answers that should not", lead, WRONG
    if not seen.answered:
        return "Nobody was at the other end", f"{lead} Silence proves nothing then.", WRONG
    return "From outside, nothing of ours answers", lead, RIGHT


def answers(found: Look) -> Iterator[Answer]:
    """Every port that did not keep silent, what should not have answered first."""
    wrong = set(found.wrong)
    for one in sorted(found.seen.heard, key=lambda one: (one not in wrong, one.port)):
        yield Answer(
            what=f"{one.protocol} {one.port}",
            address=one.address,
            said=heard(one),
            state=WRONG if one in wrong else LET_IN,
        )


def heard(one: Heard) -> str:
    """What a stranger learns there."""
    return "Answers" if one.how == OPEN else "Says that nobody is there"


def rows(found: Look, now: float) -> Iterator[Row]:
    """Every socket, those of the internet's side first, then by link."""
    networks = {network.bridge: network.name for network in found.config.networks}
    port = found.config.wan.port if found.config.wan else ""
    ordered = sorted(
        found.seen.sockets, key=lambda one: (one.link not in ("", port), one.link, one.port)
    )
    for one in ordered:
        asked = reached_by(found.config, one, now)
        yield Row(
            what=f"{one.protocol} {one.port}",
            whose=one.owner or "another program",
            where=place(one, networks, port),
            address=one.address,
            who=for_whom(one, asked, port),
            state=WRONG if one in found.bare else None,
        )


def place(one: Socket, networks: dict[str, str], port: str) -> str:
    """Where a socket waits."""
    if ip_address(one.address.partition("%")[0]).is_loopback:
        return "the router itself"
    if one.link == port and port:
        return "the internet’s port"
    return networks.get(one.link, one.link) or "every interface"


def for_whom(one: Socket, asked: tuple[str, ...], port: str) -> str:
    """Who gets through to it."""
    if one.link in ("", port) and (why := EXPECTED.get((one.protocol, one.port))):
        return why
    named = ["the internet" if zone == INTERNET else zone for zone in asked]
    return phrases.listing(named) if named else "nobody"
