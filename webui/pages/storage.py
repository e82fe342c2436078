"""/storage: the disk that images lie on, what stays on it and what could go."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import storage as deeds
from appliance.model.storage import FULL, ROOMY, TIGHT, USUAL, Choice, Storage
from webui import charts, phrases
from webui.forms import Text
from webui.pages import frame
from webui.pages.frame import Shell
from webui.pages.page import after, page
from webui.pages.states import Pill
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)
PATH = "/storage"
STATES: Mapping[str, Pill] = {
    ROOMY: Pill("ok", "Room to build"),
    TIGHT: Pill("warn", "Gets full"),
    FULL: Pill("bad", "Builds wait"),
}


class Line(NamedTuple):
    """One number of generations to keep, and what choosing it lets go."""

    keep: int
    label: str
    hint: str
    chosen: bool


class StorageView(NamedTuple):
    """The page; `choices` are () before anything was weighed."""

    shell: Shell
    lead: str
    state: Pill
    why: str
    free: str
    used: int  # percent
    keep: int
    choices: tuple[Line, ...]
    garbage: str  # "" for none
    weighed: str


@router.get("/storage")
def show(here: Signed) -> Response:
    """The page."""
    return page("storage.html", built(here))


@router.get("/storage/now")
def now(here: Signed) -> Response:
    """Everything of it that moves."""
    return page("storage/now.html", built(here))


@router.post("/storage")
def press(here: Signed, keep: Text = "", deed: Text = "keep") -> Response:
    """Keep so many generations, or have garbage removed."""
    if deed == "clear":
        return after(PATH, deeds.clear_garbage(here.desk, here.actor).act)
    number = int(keep) if keep.isdecimal() else 0
    return after(PATH, deeds.keep_generations(here.desk, here.actor, number).act)


def built(here: Here) -> StorageView:
    """The view of this moment."""
    return view(
        frame.shell(here, "builds", "Storage"), here.reads.storage(), here.reads.keep(), here.now
    )


def view(shell: Shell, told: Storage, keep: int = USUAL, now: float = 0.0) -> StorageView:
    """The page from what is known."""
    used = told.size - told.free
    return StorageView(
        shell=shell,
        lead=lead(told),
        state=STATES.get(told.state, STATES[ROOMY]),
        why=told.what,
        free=f"{phrases.size(told.free)} of {phrases.size(told.size)} free" if told.size else "",
        used=charts.share(used, told.size) if told.size else 0,
        keep=keep,
        choices=lines(told.choices, keep),
        garbage=phrases.size(told.garbage) if told.garbage else "",
        weighed=f"Weighed {phrases.ago(now - told.weighed_at)}." if told.weighed_at else "",
    )


def lead(told: Storage) -> str:
    """How it stands.

    >>> lead(Storage())
    'The role build has not looked at the disk yet.'
    """
    if not told.size:
        return "The role build has not looked at the disk yet."
    share = charts.share(told.free, told.size)
    return f"{share} % of the disk that images lie on is free."


def lines(choices: Sequence[Choice], keep: int) -> tuple[Line, ...]:
    """What there is to choose; the number in force is among it."""
    every = {one.keep: one for one in choices}
    every.setdefault(keep, Choice(keep, 0, 0, ""))
    return (
        tuple(
            Line(one.keep, phrases.count(one.keep, "generation"), hint(one, keep), one.keep == keep)
            for _, one in sorted(every.items())
        )
        if choices
        else ()
    )


def hint(one: Choice, keep: int) -> str:
    """What choosing it does.

    >>> hint(Choice(5, 0, 0, ""), 5), hint(Choice(10, 0, 0, ""), 5)
    ('As it is now.', 'Nothing goes.')
    >>> hint(Choice(1, 3, 0, "3 of ember"), 5)
    'Lets go of 3 of ember. Others need all of what they are made of, so nothing is freed.'
    """
    if one.keep == keep:
        return "As it is now."
    if not one.generations:
        return "Nothing goes."
    if not one.bytes:
        more = "Others need all of what they are made of, so nothing is freed."
        return f"Lets go of {one.what}. {more}"
    return f"Lets go of {one.what}, and frees about {phrases.size(one.bytes)}."
