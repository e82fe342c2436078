"""/builders: other computers that build for this router, and what each trial found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.actions import builders as deeds
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from appliance.model.builders import (
    SYSTEMS,
    Builder,
    Said,
    authorized,
    fingerprint,
    print_fingerprint,
)
from appliance.store import builder_states as rows
from appliance.store.builder_states import BuilderState, Step
from webui import phrases
from webui.forms import beside, filled
from webui.pages import frame
from webui.pages.choices import Choice
from webui.pages.frame import Shell
from webui.pages.generations import Sufficient, sufficient
from webui.pages.page import Field, after, page
from webui.pages.states import Pill, pill
from webui.session import Here, Owning

router = APIRouter(include_in_schema=False)
PATH = "/builders"
STATES: Mapping[str, Pill] = {
    rows.NEW: Pill("wait", "Not tried yet"),
    rows.UNKNOWN: Pill("wait", "Waits for you"),
    rows.TRYING: Pill("live", "On trial"),
    rows.READY: Pill("ok", "Builds"),
    rows.LOST: Pill("bad", "Does not answer"),
    rows.UNFIT: Pill("bad", "Does not build"),
}
OFF = Pill("off", "Switched off")
WORDS: Mapping[str, str] = {
    rows.REACH: "Reached",
    rows.KEY: "Host key",
    rows.LOGIN: "Login",
    rows.NIX: "Nix",
    rows.TRUST: "Trust",
    rows.BUILD: "A small build",
    rows.EVALUATE: "A small evaluation",
}
"""Step of a trial → its name."""
INPUTS: Mapping[str, tuple[str, str]] = {
    "host": ("Name or address", "As other machines here know it, like kiln.lan or 10.20.0.7."),
    "port": ("Port of ssh", "22, unless its sshd says otherwise."),
    "user": (
        "User there",
        "Best an account of its own. It needs no rights, and no trust of Nix.",
    ),
    "name": ("What you call it", "Left empty, it is called like its address."),
    "jobs": (
        "Builds at once",
        "How many derivations of a shared build it is given. For whole builds that is max-jobs in "
        "its own nix.conf, which is 1 where nobody says more.",
    ),
    "features": (
        "Features",
        "Words of system-features in its nix.conf that builds may require, like kvm big-parallel.",
    ),
    "speed": ("Speed", "Of two builders, the one with the larger number is asked first."),
}


@dataclass(frozen=True, slots=True)
class Typed:
    """A builder as its form says it; `deed` is the button that was pressed."""

    deed: str = "save"
    id: str = ""
    host_key: str = ""
    name: str = ""
    host: str = ""
    port: str = "22"
    user: str = "nix"
    jobs: str = "2"
    speed: str = "1"
    features: str = ""
    shares: str = ""
    evaluates: str = ""
    systems: tuple[str, ...] = ()


class StepLine(NamedTuple):
    """One step of a trial."""

    name: str
    state: Pill
    what: str


class Card(NamedTuple):
    """One builder, ready to print."""

    id: str
    name: str
    address: str
    under: str
    state: Pill
    steps: tuple[StepLine, ...]
    tried: str
    enabled: bool
    line: str  # for its authorized_keys, "" before there is a key
    file: str
    host_key: str  # that waits to be compared, "" for none
    fingerprint: str
    command: str
    changed: bool  # another one was trusted before
    known_by: str  # the fingerprint that was trusted, "" for none


class Input(NamedTuple):
    """One text of the form."""

    id: str
    label: str
    hint: str
    at: Field


class BuilderForm(NamedTuple):
    """The form; `id` is "" for a new builder."""

    id: str
    heading: str
    inputs: tuple[Input, ...]
    systems: tuple[Choice, ...]
    systems_problem: str
    shares: bool
    evaluates: bool


class BuildersView(NamedTuple):
    """The page."""

    shell: Shell
    lead: str
    own: Sufficient | None  # what this router can do itself
    cards: tuple[Card, ...]
    form: BuilderForm
    problem: str


@router.get(PATH)
def show(here: Owning) -> Response:
    """The page."""
    return page("builders.html", built(here))


@router.get(f"{PATH}/now")
def now(here: Owning) -> Response:
    """How the builders stand."""
    return page("builders/now.html", built(here))


@router.post(PATH)
def change(here: Owning, typed: Annotated[Typed, filled(Typed)]) -> Response:
    """Add, change, try, trust, switch or remove one."""
    desk, actor = here.desk, here.actor
    try:
        if typed.deed in deeds.DEEDS:
            done = deeds.act_on_builder(desk, actor, typed.id, typed.deed)
        elif typed.deed == "trust":
            done = deeds.trust_host_key(desk, actor, typed.id, typed.host_key)
        elif typed.deed == "remove":
            done = deeds.remove_builder(desk, actor, typed.id)
        else:
            done = deeds.save_builder(desk, actor, typed.id, _said(typed))
    except Unknown:
        raise
    except Refused as refused:
        saved = typed if typed.deed == "save" else None
        return page("builders.html", built(here, saved, beside(refused)), 422)
    return after(PATH, done.act)


def built(
    here: Here, typed: Typed | None = None, wrong: Mapping[str, str] | None = None
) -> BuildersView:
    """The view of this moment."""
    found, states = here.reads.builders(), here.reads.builder_states()
    problems = dict(wrong or {})
    form = _form(typed or _chosen(found, here.request.query_params.get("edit", "")), problems)
    return BuildersView(
        shell=frame.shell(here, "builds", "Builders"),
        lead=lead(found, states),
        own=sufficient(here.reads.hardware(), here.now),
        cards=tuple(card(one, states.get(one.id, BuilderState(one.id)), here.now) for one in found),
        form=form,
        problem=" ".join(problems.values()),
    )


def lead(found: Sequence[Builder], states: Mapping[str, BuilderState]) -> str:
    """Who builds.

    >>> lead([], {})
    'This router builds alone. A second computer with Nix and SSH takes the work off it.'
    """
    if not found:
        return "This router builds alone. A second computer with Nix and SSH takes the work off it."
    there = [
        one.name
        for one in found
        if one.enabled and one.id in states and states[one.id].state == rows.READY
    ]
    if not there:
        return "None of them builds now, so this router builds itself what it can."
    verb = "builds" if len(there) == 1 else "build"
    home = "" if any(one.shares for one in found) else ", and only images come home"
    return f"{phrases.listing(there)} {verb} for this router{home}."


def card(one: Builder, state: BuilderState, now: float) -> Card:
    """One builder, ready to print."""
    waits = state.shown_key if state.shown_key not in ("", one.host_key) else ""
    jobs = f", {phrases.counted(one.jobs, 'derivation')} at once, of builds made here"
    does = jobs if one.shares else ""
    has = f", with {phrases.listing(one.features)}" if one.features else ""
    does += ", evaluates flakes" if one.evaluates else ""
    return Card(
        id=one.id,
        name=one.name,
        address=one.address,
        under=f"{phrases.listing(one.systems)}{has}{does}, speed {one.speed}",
        state=pill(STATES, state.state) if one.enabled else OFF,
        steps=tuple(line(step, compared=bool(one.host_key)) for step in state.steps),
        tried=f"Tried {phrases.ago(now - state.tried_at)}." if state.tried_at else "",
        enabled=one.enabled,
        line=authorized(state.public_key, evaluates=one.evaluates) if state.public_key else "",
        file=f"~{one.user}/.ssh/authorized_keys",
        host_key=waits,
        fingerprint=fingerprint(waits) if waits else "",
        command=print_fingerprint(waits) if waits else "",
        changed=bool(waits and one.host_key),
        known_by=fingerprint(one.host_key) if one.host_key else "",
    )


def line(step: Step, *, compared: bool = True) -> StepLine:
    """One step of a trial; a host key that was never `compared` is nothing bad."""
    name = WORDS.get(step.step, step.step)
    waits = step.step == rows.KEY and not compared
    kind = "ok" if step.state == "ok" else "wait" if waits else "bad"
    return StepLine(name, Pill(kind, name), step.what)


def _said(typed: Typed) -> Said:
    """What was typed, with 0 for what is no number, which is refused beside its field."""
    port, jobs, speed = (
        int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
        for text in (one.strip() for one in (typed.port, typed.jobs, typed.speed))
    )
    return Said(
        name=typed.name,
        host=typed.host,
        port=port,
        user=typed.user,
        systems=typed.systems,
        jobs=jobs,
        speed=speed,
        features=tuple(typed.features.split()),
        shares=bool(typed.shares),
        evaluates=bool(typed.evaluates),
    )


def _chosen(found: Sequence[Builder], ident: str) -> Typed:
    """What the form begins with."""
    for one in found:
        if one.id == ident:
            return Typed(
                id=one.id,
                name=one.name,
                host=one.host,
                port=str(one.port),
                user=one.user,
                jobs=str(one.jobs),
                speed=str(one.speed),
                features=" ".join(one.features),
                shares="yes" if one.shares else "",
                evaluates="yes" if one.evaluates else "",
                systems=one.systems,
            )
    return Typed(systems=SYSTEMS[:1])


def _form(typed: Typed, problems: dict[str, str]) -> BuilderForm:
    """The form; it takes the problems of its fields out of `problems`."""
    return BuilderForm(
        id=typed.id,
        heading=f"Change {typed.name}" if typed.id else "Add a builder",
        inputs=tuple(
            Input(name, *words, Field(getattr(typed, name), problems.pop(name, "")))
            for name, words in INPUTS.items()
        ),
        systems=tuple(Choice(one, one, one in typed.systems) for one in SYSTEMS),
        systems_problem=problems.pop("systems", ""),
        shares=bool(typed.shares),
        evaluates=bool(typed.evaluates),
    )
