"""/names/asked: who asks for which name, what was answered and why, as long as it is put down."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import names as deeds
from appliance.actions.known_devices import Known, known
from appliance.store.names import Question
from webui import phrases
from webui.forms import Text, whole
from webui.pages import frame
from webui.pages.choices import Choice
from webui.pages.frame import Shell
from webui.pages.name_forms import Tab, edited, tabs
from webui.pages.name_rows import Pause, paused
from webui.pages.page import after, page
from webui.pages.states import Pill
from webui.session import Here, Owning

router = APIRouter(include_in_schema=False)
PATH = "/names/asked"
SHOWN = 100
SPANS = (15, 60, 1_440)
"""Minutes that a button offers."""


class Row(NamedTuple):
    """One question with its answer."""

    when: str
    name: str
    record: str
    who: str
    device: str  # its page, "" for nobody known
    state: Pill
    said: str
    why: str


class Span(NamedTuple):
    """How long questions can be put down."""

    minutes: int
    label: str


class AskedView(NamedTuple):
    """The page; `left` while questions are put down."""

    shell: Shell
    tabs: tuple[Tab, ...]
    left: Pause | None
    spans: tuple[Span, ...]
    devices: tuple[Choice, ...]
    asks: str  # what a fragment of it is asked with
    rows: tuple[Row, ...]
    problem: str


@router.get("/names/asked")
def show(here: Owning, device: str = "") -> Response:
    """The page."""
    return page("asked.html", built(here, device))


@router.get("/names/asked/now")
def now(here: Owning, device: str = "") -> Response:
    """The questions."""
    return page("asked/now.html", built(here, device))


@router.post("/names/asked")
def note(here: Owning, minutes: Text = "") -> Response:
    """Put questions down for some minutes; 0 forgets them."""
    return after(PATH, deeds.note_questions(here.desk, here.actor, whole(minutes) or 0).act)


def built(here: Here, mac: str) -> AskedView:
    """The view of this moment; of one device alone when there is one with that MAC."""
    everybody = known(here.reads)
    chosen = [one for one in everybody if one.mac == mac]
    of = [address for one in chosen for address in one.row.addresses]
    left = paused(here.reads.questions_noted_until(), here.now)
    found = here.reads.questions(of, SHOWN) if left and (of or not chosen) else []
    return AskedView(
        shell=frame.shell(here, "names", "Who asks for what"),
        tabs=tabs(edited(here), PATH),
        left=left,
        spans=tuple(Span(one, phrases.duration(60 * one)) for one in SPANS),
        devices=tuple(
            Choice(one.mac, one.name, one.mac == mac) for one in everybody if one.row.addresses
        ),
        asks=f"?{urlencode({'device': mac})}" if chosen else "",
        rows=rows(found or (), everybody),
        problem="The names role does not say what it remembers." if found is None else "",
    )


def rows(found: Sequence[Question], everybody: Sequence[Known]) -> tuple[Row, ...]:
    """The questions as they are shown; who asked is known by its address."""
    owner = {address: one for one in everybody for address in one.row.addresses}
    return tuple(
        Row(
            phrases.exact_clock(one.at),
            one.name,
            one.record,
            owner[one.client].name if one.client in owner else one.client,
            f"/devices/{owner[one.client].mac.replace(':', '-')}" if one.client in owner else "",
            STATES.get(one.why, ANSWERED),
            one.said,
            because(one),
        )
        for one in found
    )


def because(one: Question) -> str:
    """Why it was answered so.

    >>> because(Question(0, "10.77.0.5", "a.example", "A", "A 192.0.2.1", "upstream", "9.9.9.9"))
    'asked of 9.9.9.9'
    """
    words = WHY.get(one.why, one.why)
    return f"{words} {one.by}" if one.by and one.why in ("upstream", "blocked") else words


WHY: Mapping[str, str] = {
    "blocked": "blocked by",
    "local": "known here",
    "cache": "asked before",
    "upstream": "asked of",
    "stale": "an old answer: no server answered",
    "private": "left out: it led into your networks",
    "failed": "no server answered",
    "refused": "not answered here",
}
"""The word that dns has for it → ours."""
ANSWERED = Pill("ok", "Answered")
STATES: Mapping[str, Pill] = {
    "blocked": Pill("hold", "Blocked"),
    "private": Pill("hold", "Left out"),
    "stale": Pill("warn", "Old answer"),
    "failed": Pill("bad", "No answer"),
    "refused": Pill("off", "Refused"),
}
