"""/notices: where the owner is told of things while not looking, and whether it gets there."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, NamedTuple

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from appliance.actions import notices as deeds
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from appliance.model.notices import KINDS, MAIL, NTFY, SECURITIES, TOPICS, WEBHOOK, Channel
from appliance.store.answers import answer
from appliance.store.notices import Outcome
from webui import phrases
from webui.forms import Text, beside, filled
from webui.pages import frame
from webui.pages.choices import Choice
from webui.pages.frame import Shell
from webui.pages.page import Field, after, page
from webui.pages.states import Pill
from webui.session import Here, Owning

router = APIRouter(include_in_schema=False)
PATH = "/notices"
SECRETS: Mapping[str, str] = {
    MAIL: "The mail server’s password.",
    WEBHOOK: "Its key: requests carry X-Nixie-Signature, the HMAC-SHA256 of the body.",
    NTFY: "An access token, where the topic needs one.",
}
"""What the secret of a channel is."""
NEW: Mapping[str, Mapping[str, str]] = {
    MAIL: {"port": "465", "security": "tls"},
    WEBHOOK: {},
    NTFY: {"url": "https://ntfy.example/my-router"},
}
"""What a new one's form begins with; the address of ntfy is an example."""


@dataclass(frozen=True, slots=True)
class Typed:
    """A channel as its form says it."""

    channel: str = ""
    kind: str = MAIL
    name: str = ""
    host: str = ""
    port: str = ""
    security: str = ""
    user: str = ""
    sender: str = ""
    recipient: str = ""
    url: str = ""
    secret: str = ""
    topics: tuple[str, ...] = ()


class Line(NamedTuple):
    """One channel and how it does."""

    id: str
    name: str
    kind: str
    where: str
    told: str
    state: Pill
    said: str


class Form(NamedTuple):
    """The form of one kind of channel; `id` is "" for a new one."""

    id: str
    kind: str
    heading: str
    mail: bool
    fields: Mapping[str, Field]
    securities: tuple[Choice, ...]
    topics: tuple[Choice, ...]
    secret: Field
    secret_hint: str


class NoticesView(NamedTuple):
    """The page."""

    shell: Shell
    lines: tuple[Line, ...]
    test: str  # the wish of a test, "" for none
    tested: str  # what it came to, "" while it is under way
    went: bool
    kinds: tuple[Choice, ...]
    form: Form | None
    problem: str


@router.get("/notices")
def show(here: Owning) -> Response:
    """The page."""
    return page("notices.html", built(here))


@router.get("/notices/now")
def now(here: Owning) -> Response:
    """How the channels do."""
    return page("notices/now.html", built(here))


@router.post("/notices")
def save(here: Owning, typed: Annotated[Typed, filled(Typed)]) -> Response:
    """Add a channel, or change one."""
    settings = {name: getattr(typed, name) for name in FIELDS}
    try:
        done = deeds.save_channel(
            here.desk,
            here.actor,
            typed.channel,
            typed.kind,
            typed.name,
            settings,
            typed.topics,
            typed.secret,
        )
    except Unknown:
        raise
    except Refused as refused:
        return page("notices.html", built(here, typed, beside(refused)), 422)
    return after(PATH, done.act)


@router.post("/notices/remove")
def remove(here: Owning, channel: Text = "") -> Response:
    """Tell nothing there any more."""
    return after(PATH, deeds.remove_channel(here.desk, here.actor, channel).act)


@router.post("/notices/test")
def try_out(here: Owning, channel: Text = "") -> Response:
    """Send a test, and come back for what the server says."""
    return RedirectResponse(
        f"{PATH}?test={deeds.try_channel(here.desk, here.actor, channel).wish}", 303
    )


FIELDS = ("host", "port", "security", "user", "sender", "recipient", "url")


def built(
    here: Here, typed: Typed | None = None, wrong: Mapping[str, str] | None = None
) -> NoticesView:
    """The view of this moment."""
    reads, asked = here.reads, here.request.query_params
    channels = reads.channels()
    outcomes, waiting = reads.outcomes(), reads.notices_waiting()
    test = asked.get("test", "")
    told = answer(reads, test) if test else None
    return NoticesView(
        shell=frame.shell(here, "system", "Notices"),
        lines=tuple(
            line(one, outcomes.get(one.id), waiting.get(one.id, 0), here.now) for one in channels
        ),
        test=test if told else "",
        tested=told.what if told and told.state != "waiting" else "",
        went=told is not None and told.state == "done",
        kinds=tuple(Choice(kind, label) for kind, label in KINDS.items()),
        form=_form(typed or _chosen(channels, asked.get("edit", ""), asked.get("new", "")), wrong),
        problem=(wrong or {}).get("", ""),
    )


def line(one: Channel, outcome: Outcome | None, waiting: int, now: float) -> Line:
    """One channel and what became of its last notice."""
    state, said = UNTRIED, ""
    if outcome is not None:
        state = TAKEN if outcome.sent else REFUSED
        said = f"{phrases.capital(phrases.ago(now - outcome.at))}: {outcome.said}"
    if waiting and (outcome is None or outcome.sent):
        state = SOON
    topics = phrases.count(len(one.topics), "kind", "kinds")
    where = one.settings.get("recipient") or one.settings.get("url", "")
    return Line(one.id, one.name, KINDS.get(one.kind, one.kind), where, topics, state, said)


def _chosen(channels: list[Channel], ident: str, kind: str) -> Typed | None:
    """What the form begins with: a channel, a new one of a kind, or there is none."""
    for one in channels:
        if one.id == ident:
            return Typed(ident, one.kind, one.name, **one.settings, topics=one.topics)
    return Typed(kind=kind, topics=tuple(TOPICS), **NEW[kind]) if kind in NEW else None


def _form(typed: Typed | None, wrong: Mapping[str, str] | None) -> Form | None:
    if typed is None or typed.kind not in KINDS:
        return None
    found = wrong or {}
    label = KINDS[typed.kind]
    return Form(
        id=typed.channel,
        kind=typed.kind,
        heading=f"Change {typed.name}" if typed.channel else f"Be told by {label.lower()}",
        mail=typed.kind == MAIL,
        fields={
            name: Field(getattr(typed, name), found.get(name, "")) for name in ("name", *FIELDS)
        },
        securities=tuple(
            Choice(word, words, word == typed.security) for word, words in SECURITIES.items()
        ),
        topics=tuple(Choice(word, words, word in typed.topics) for word, words in TOPICS.items()),
        secret=Field("", found.get("secret", "")),
        secret_hint=f"{SECRETS[typed.kind]} It is kept where nobody is shown it again"
        f"{': empty leaves it as it is' if typed.channel else ''}.",
    )


UNTRIED, SOON = Pill("off", "Nothing sent yet"), Pill("live", "About to send")
TAKEN, REFUSED = Pill("ok", "Taken"), Pill("bad", "Not taken")
