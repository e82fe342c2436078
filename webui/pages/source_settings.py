"""/sources/<id>/settings: how a source is treated, its key, and the way to remove it."""

from collections.abc import Mapping
from dataclasses import astuple, dataclass, replace
from typing import Annotated, NamedTuple
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from appliance.actions import sources as deeds
from appliance.actions import webhooks
from appliance.actions.refusals import Unknown
from appliance.errors import Problem, Refused
from appliance.model.trust import treatment
from appliance.store.inventory_view import SourceView
from webui import phrases
from webui.forms import Text, beside, filled, joined, seen, ticked, whole
from webui.pages import frame, source, sources, states
from webui.pages.choices import Choice
from webui.pages.frame import Shell
from webui.pages.page import Field, after, page
from webui.pages.states import Pill
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)
KEYS: Mapping[str, str] = {
    "token": "An access token",
    "ssh-key": "A deploy key (SSH)",
    "none": "None",
}


class Delivery(NamedTuple):
    """What a forge told, and what became of it."""

    when: str
    pill: Pill
    what: str
    address: str


class Webhook(NamedTuple):
    """Where the forge tells of pushes; `url` is "" without one, `secret` shown once."""

    url: str = ""
    secret: str = ""
    deliveries: tuple[Delivery, ...] = ()


class SettingsView(NamedTuple):
    """The page; a key that is kept is never shown again."""

    shell: Shell
    id: str
    seen: str  # the settings that the form was made from
    url: str
    called: str
    name: Field
    trust: str
    trust_problem: str
    as_built: bool
    allow_ifd: bool
    only_builders: bool
    reach: Field
    wrong_ifd: str
    intervals: tuple[Choice, ...]
    schedule: Field
    time_zone: str
    webhook: Webhook
    has_key: bool
    takes_key: bool
    kinds: tuple[Choice, ...]
    user: Field
    secret: Field
    hosts: Field
    known_hosts: Field
    server: str  # what ssh-keyscan is told; "" where the address is not by SSH
    problem: str


@dataclass(frozen=True, slots=True)
class Settings:
    """How a source is treated, as the form says it."""

    name: str = ""
    trust: str = "mine"
    as_built: str = ""
    allow_ifd: str = ""
    interval: str = ""
    only_builders: str = ""
    reach: str = ""
    schedule: str = ""
    seen: str = ""


@dataclass(frozen=True, slots=True)
class Key:
    """What a source is read with, as the form says it."""

    kind: str = "token"
    user: str = ""
    secret: str = ""
    hosts: str = ""
    known_hosts: str = ""


@router.get("/sources/{ident}/settings")
def show(here: Signed, ident: str) -> Response:
    """The page; a host from files has one of its own."""
    if source.one(here.reads.sources(), ident).files:
        return RedirectResponse(f"/files?host={ident}", 303)
    return page("source_settings.html", built(here, ident))


@router.post("/sources/{ident}/settings")
def keep(here: Signed, ident: str, typed: Annotated[Settings, filled(Settings)]) -> Response:
    """Keep the settings, unless somebody else changed them since the form was made."""
    row = source.one(here.reads.sources(), ident)
    try:
        if typed.seen != stored(row).seen:
            what = (
                "Somebody changed these settings meanwhile. Below is what you typed; "
                "Keep these puts it in place of theirs."
            )
            raise Refused(Problem((), what))
        done = deeds.edit_source(
            here.desk,
            here.actor,
            ident,
            name=typed.name,
            trust=typed.trust,
            as_built=ticked(typed.as_built),
            allow_ifd=ticked(typed.allow_ifd),
            interval_seconds=whole(typed.interval),
            only_builders=ticked(typed.only_builders),
            reach=typed.reach.replace(",", " ").split(),
            schedule=typed.schedule,
        )
    except Unknown:
        raise
    except Refused as refused:
        return _again(here, ident, beside(refused), typed=typed)
    return after(f"/sources/{ident}/settings", done.act)


@router.post("/sources/{ident}/key")
def keep_key(here: Signed, ident: str, key: Annotated[Key, filled(Key)]) -> Response:
    """Keep a key, or none."""
    try:
        done = deeds.set_source_credential(
            here.desk,
            here.actor,
            ident,
            kind=key.kind,
            secret=key.secret,
            user=key.user,
            hosts=key.hosts.replace(",", " ").split(),
            known_hosts=key.known_hosts,
        )
    except Unknown:
        raise
    except Refused as refused:
        return _again(here, ident, beside(refused), key=key)
    return after(f"/sources/{ident}/settings", done.act)


@router.post("/sources/{ident}/webhook")
def set_webhook(here: Signed, ident: str, wanted: Text = "") -> Response:
    """Open a webhook with a new secret, which the answer alone shows, or close it."""
    if wanted != "open":
        done = webhooks.close_webhook(here.desk, here.actor, ident)
        return after(f"/sources/{ident}/settings", done.act)
    _, secret = webhooks.open_webhook(here.desk, here.actor, ident)
    row = source.one(here.reads.sources(), ident)
    found = _shown(here, row, stored(row), _kept(here, row))
    return page("source_settings.html", found._replace(webhook=_webhook(here, row, secret)))


@router.post("/sources/{ident}/remove")
def remove(here: Signed, ident: str) -> Response:
    """Take the source away."""
    return after("/sources", deeds.remove_source(here.desk, here.actor, ident).act)


def built(here: Here, ident: str) -> SettingsView:
    """The view of this moment.  Raises Unknown."""
    row = source.one(here.reads.sources(), ident)
    return _shown(here, row, stored(row), _kept(here, row))


def _shown(
    here: Here,
    row: SourceView,
    typed: Settings,
    key: Key,
    problems: Mapping[str, str] | None = None,
) -> SettingsView:
    shell = frame.shell(here, "sources", f"Settings of {row.name}")
    found = view(shell, row, typed, key, problems)
    clock = here.reads.slices()
    where = clock.time.zone if clock else "UTC"
    return found._replace(webhook=_webhook(here, row), time_zone=where)


def _webhook(here: Here, row: SourceView, secret: str = "") -> Webhook:
    place = f"{here.request.url.scheme}://{here.request.url.netloc}"
    return Webhook(
        f"{place}/hooks/{row.id}" if row.webhook else "",
        secret,
        tuple(
            Delivery(
                phrases.ago(here.now - at),
                states.pill(states.DELIVERY, one.outcome),
                one.what,
                one.address,
            )
            for at, one in webhooks.deliveries(here.desk, row.id)[: webhooks.SHOWN]
        ),
    )


def _kept(here: Here, row: SourceView) -> Key:
    """What may be shown of its key, as the form."""
    kept = deeds.kept_credential(here.desk, row.credential)
    return Key(
        kind=kept.kind or ("ssh-key" if asked(row.url) else "token"),
        user=kept.user,
        hosts=" ".join(kept.hosts),
        known_hosts=kept.known_hosts,
    )


def stored(row: SourceView) -> Settings:
    """The settings in force, as their form."""
    told = Settings(
        row.name,
        row.trust,
        "yes" if row.as_built else "",
        "yes" if row.allow_ifd else "",
        str(row.interval_seconds),
        "yes" if row.only_builders else "",
        " ".join(row.reach),
        row.schedule,
    )
    return replace(told, seen=seen(astuple(told)))


def view(
    shell: Shell,
    row: SourceView,
    typed: Settings,
    key: Key,
    problems: Mapping[str, str] | None = None,
) -> SettingsView:
    """The page from its row and what was typed."""
    wrong = problems or {}
    interval = whole(typed.interval)
    return SettingsView(
        shell=shell,
        id=row.id,
        seen=stored(row).seen,
        url=row.url,
        called=row.name,
        name=Field(typed.name, wrong.get("name", "")),
        trust=typed.trust,
        trust_problem=wrong.get("trust", ""),
        as_built=ticked(typed.as_built),
        allow_ifd=ticked(typed.allow_ifd),
        only_builders=ticked(typed.only_builders),
        reach=Field(typed.reach, joined(wrong, "reach")),
        wrong_ifd=wrong.get("allow_ifd", ""),
        intervals=sources.intervals(row.interval_seconds if interval is None else interval),
        schedule=Field(typed.schedule, wrong.get("schedule", "")),
        time_zone="UTC",
        webhook=Webhook(),
        has_key=row.credential is not None,
        takes_key=treatment(row.trust).keys,
        kinds=tuple(Choice(value, label, value == key.kind) for value, label in KEYS.items()),
        user=Field(key.user, wrong.get("user", "")),
        secret=Field("", wrong.get("secret", "") or wrong.get("kind", "")),
        hosts=Field(key.hosts, joined(wrong, "hosts")),
        known_hosts=Field(key.known_hosts, wrong.get("known_hosts", "")),
        server=asked(row.url),
        problem=wrong.get("", ""),
    )


def asked(url: str) -> str:
    """What ssh-keyscan is told for a source; "" where its address is not by SSH.

    >>> asked("git+ssh://git@git.example.org:2222/hosts"), asked("github:lena/hosts")
    ('-p 2222 git.example.org', '')
    """
    if not url.startswith("git+ssh:"):
        return ""
    server = urlsplit(url)
    return f"-p {server.port} {server.hostname}" if server.port else server.hostname or ""


def _again(
    here: Here,
    ident: str,
    problems: Mapping[str, str],
    *,
    typed: Settings | None = None,
    key: Key | None = None,
) -> Response:
    row = source.one(here.reads.sources(), ident)
    found = _shown(here, row, typed or stored(row), key or _kept(here, row), problems)
    return page("source_settings.html", found, 422)
