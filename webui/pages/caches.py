"""/caches: who may have built something already, in order, and what each trial found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import caches as deeds
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from appliance.model.caches import Cache, Said
from appliance.store import cache_states as rows
from appliance.store.cache_states import CacheState
from webui import phrases
from webui.forms import beside, filled
from webui.pages import frame
from webui.pages.builders import OFF, Input, StepLine
from webui.pages.frame import Shell
from webui.pages.page import Field, after, page
from webui.pages.states import Pill, pill
from webui.session import Here, Owning

router = APIRouter(include_in_schema=False)
PATH = "/caches"
STATES: Mapping[str, Pill] = {
    rows.NEW: Pill("wait", "Not tried yet"),
    rows.TRYING: Pill("live", "On trial"),
    rows.READY: Pill("ok", "Gives"),
    rows.LOST: Pill("bad", "Does not answer"),
    rows.UNFIT: Pill("bad", "Gives nothing"),
}
WORDS: Mapping[str, str] = {
    rows.REACH: "Reached",
    rows.LOGIN: "Login",
    rows.STORE: "A Nix cache",
    rows.KEY: "Key",
}
"""Step of a trial → its name."""
INPUTS: Mapping[str, tuple[str, str]] = {
    "url": ("Address", "As substituters in nix.conf have it, like https://cache.example.org."),
    "keys": (
        "Public key",
        "As trusted-public-keys has it. Several stand with spaces between. What is signed with "
        "none of them is not taken.",
    ),
    "user": ("User", "Only for a cache that wants a password."),
    "password": (
        "Password",
        "Never shown again. Over http, everybody on the way can read it: better https.",
    ),
}


@dataclass(frozen=True, slots=True)
class Typed:
    """A cache as its form says it; `deed` is the button that was pressed."""

    deed: str = "save"
    id: str = ""
    url: str = ""
    keys: str = ""
    user: str = ""
    password: str = ""
    what: str = ""


class CacheCard(NamedTuple):
    """One cache, ready to print."""

    id: str
    name: str
    url: str
    keys: str
    under: str
    state: Pill
    steps: tuple[StepLine, ...]
    tried: str
    enabled: bool
    first: bool
    last: bool
    answer: str
    what: Field  # to ask for


class CachesView(NamedTuple):
    """The page; `ident` is "" where the form is for a new cache."""

    shell: Shell
    lead: str
    cards: tuple[CacheCard, ...]
    ident: str
    heading: str
    inputs: tuple[Input, ...]
    problem: str


@router.get(PATH)
def show(here: Owning) -> Response:
    """The page."""
    return page("caches.html", built(here))


@router.get(f"{PATH}/now")
def now(here: Owning) -> Response:
    """How the caches stand."""
    return page("caches/now.html", built(here))


@router.post(PATH)
def change(here: Owning, typed: Annotated[Typed, filled(Typed)]) -> Response:
    """Add, change, order, try, ask, switch or remove one."""
    desk, actor = here.desk, here.actor
    try:
        if typed.deed == "save":
            said = Said(typed.url, typed.keys, typed.user, typed.password)
            done = deeds.save_cache(desk, actor, typed.id, said)
        else:
            done = deeds.act_on_cache(desk, actor, typed.id, typed.deed, typed.what)
    except Unknown:
        raise
    except Refused as refused:
        return page("caches.html", built(here, typed, beside(refused)), 422)
    return after(PATH, done.act)


def built(
    here: Here, typed: Typed | None = None, wrong: Mapping[str, str] | None = None
) -> CachesView:
    """The view of this moment."""
    found, states = here.reads.caches(), here.reads.cache_states()
    problems = dict(wrong or {})
    asked = typed if typed and typed.deed == "has" else Typed()
    what = Field(asked.what, problems.pop("what", ""))
    form = typed if typed and typed.deed == "save" else _chosen(here, found)
    return CachesView(
        shell=frame.shell(here, "builds", "Caches"),
        lead=lead(found, states),
        cards=tuple(
            card(one, states.get(one.id, CacheState(one.id)), at, len(found), here.now)._replace(
                what=what if one.id == asked.id else Field()
            )
            for at, one in enumerate(found, 1)
        ),
        ident=form.id,
        heading="Change a cache" if form.id else "Add a cache",
        inputs=tuple(
            Input(name, *words, Field(_kept(form, name), problems.pop(name, "")))
            for name, words in INPUTS.items()
        ),
        problem=" ".join(problems.values()),
    )


def lead(found: Sequence[Cache], states: Mapping[str, CacheState]) -> str:
    """Who is asked.

    >>> lead([], {})
    'No cache is asked, so everything is built.'
    """
    asked = [one for one in found if one.enabled]
    if not asked:
        return "No cache is asked, so everything is built."
    there = [one.name for one in asked if one.id in states and states[one.id].state == rows.READY]
    if not there:
        return "None of them gives anything now, so everything is built. That takes longer."
    verb = "is" if len(there) == 1 else "are"
    return f"Before anything is built, {phrases.listing(there)} {verb} asked."


def card(one: Cache, state: CacheState, place: int, count: int, now: float) -> CacheCard:
    """One cache, ready to print."""
    private = f"Logs in as {one.user}, and is asked for what the others have not."
    return CacheCard(
        id=one.id,
        name=one.name,
        url=one.url,
        keys=" ".join(one.keys),
        under=private if one.credential else "",
        state=pill(STATES, state.state) if one.enabled else OFF,
        steps=tuple(
            StepLine(
                WORDS.get(step.step, step.step),
                Pill("ok" if step.state == "ok" else "bad", WORDS.get(step.step, step.step)),
                step.what,
            )
            for step in state.steps
        ),
        tried=f"Tried {phrases.ago(now - state.tried_at)}." if state.tried_at else "",
        enabled=one.enabled,
        first=place == 1,
        last=place == count,
        answer=state.answer,
        what=Field(),
    )


def _kept(typed: Typed, name: str) -> str:
    """What a field shows: never a password."""
    return "" if name == "password" else str(getattr(typed, name))


def _chosen(here: Here, found: Sequence[Cache]) -> Typed:
    """What the form begins with."""
    ident = here.request.query_params.get("edit", "")
    for one in found:
        if one.id == ident:
            return Typed(id=one.id, url=one.url, keys=" ".join(one.keys), user=one.user)
    return Typed()
