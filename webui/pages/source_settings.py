"""/sources/<id>/settings: how a source is treated, its key, and the way to remove it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Form
from starlette.responses import Response

from appliance.actions import sources as deeds
from appliance.actions.refusals import Unknown
from appliance.errors import Refused
from appliance.store.inventory_view import SourceView
from webui.forms import beside, ticked
from webui.pages import frame, source, sources
from webui.pages.choices import Choice
from webui.pages.frame import Shell
from webui.pages.page import Field, after, page
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)
KEYS: Mapping[str, str] = {
    "token": "An access token",
    "ssh-key": "A deploy key (SSH)",
    "none": "None",
}


@dataclass(frozen=True, slots=True)
class SettingsView:
    """The page; a key that is kept is never shown again."""

    shell: Shell
    id: str
    url: str
    called: str
    name: Field
    trust: str
    trust_problem: str
    as_built: bool
    allow_ifd: bool
    intervals: tuple[Choice, ...]
    has_key: bool
    kinds: tuple[Choice, ...]
    user: Field
    secret: Field
    hosts: Field
    known_hosts: Field
    server: str  # where host keys are asked for, "git.example.org"
    problem: str


@router.get("/sources/{ident}/settings")
def show(here: Signed, ident: str) -> Response:
    """The page."""
    return page("source_settings.html", built(here, ident))


@router.post("/sources/{ident}/settings")
def act(
    here: Signed,
    ident: str,
    deed: Annotated[str, Form()] = "",
    name: Annotated[str, Form()] = "",
    trust: Annotated[str, Form()] = "mine",
    as_built: Annotated[str, Form()] = "",
    allow_ifd: Annotated[str, Form()] = "",
    interval: Annotated[str, Form()] = "",
    kind: Annotated[str, Form()] = "token",
    user: Annotated[str, Form()] = "",
    secret: Annotated[str, Form()] = "",
    hosts: Annotated[str, Form()] = "",
    known_hosts: Annotated[str, Form()] = "",
) -> Response:
    """Keep the settings or a key, or remove the source."""
    desk, actor = here.desk, here.actor
    try:
        match deed:
            case "remove":
                return after("/sources", deeds.remove_source(desk, actor, ident).act)
            case "key":
                done = deeds.set_source_credential(
                    desk,
                    actor,
                    ident,
                    kind=kind,
                    secret=secret,
                    user=user,
                    hosts=hosts.replace(",", " ").split(),
                    known_hosts=known_hosts,
                )
            case _:
                done = deeds.edit_source(
                    desk,
                    actor,
                    ident,
                    name=name,
                    trust=trust,
                    as_built=ticked(as_built),
                    allow_ifd=ticked(allow_ifd),
                    interval_seconds=int(interval) if interval.isdecimal() else None,
                )
    except Unknown:
        raise
    except Refused as refused:
        typed = {"name": name, "user": user, "hosts": hosts, "kind": kind}
        typed["known_hosts"] = known_hosts
        return page("source_settings.html", built(here, ident, beside(refused), typed), 422)
    return after(f"/sources/{ident}/settings", done.act)


def built(
    here: Here,
    ident: str,
    problems: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
) -> SettingsView:
    """The view of this moment.  Raises Unknown."""
    row = source.one(here.reads.sources(), ident)
    shell = frame.shell(here, "sources", f"Settings of {row.name}")
    return view(shell, row, deeds.kept_credential(here.desk, row.credential), problems, typed)


def view(
    shell: Shell,
    row: SourceView,
    kept: deeds.Kept,
    problems: Mapping[str, str] | None = None,
    typed: Mapping[str, str] | None = None,
) -> SettingsView:
    """The page from its row and what may be shown of its key."""
    wrong = problems or {}
    again = {
        "user": kept.user,
        "hosts": " ".join(kept.hosts),
        "known_hosts": kept.known_hosts,
        "kind": kept.kind or ("ssh-key" if asked(row.url) else "token"),
        **(typed or {}),
    }
    servers = " ".join(what for where, what in wrong.items() if where.startswith("hosts"))
    return SettingsView(
        shell=shell,
        id=row.id,
        url=row.url,
        called=row.name,
        name=Field(again.get("name") or row.name, wrong.get("name", "")),
        trust=row.trust,
        trust_problem=wrong.get("trust", ""),
        as_built=row.as_built,
        allow_ifd=row.allow_ifd,
        intervals=sources.intervals(row.interval_seconds),
        has_key=row.credential is not None,
        kinds=tuple(Choice(value, label, value == again["kind"]) for value, label in KEYS.items()),
        user=Field(again["user"], wrong.get("user", "")),
        secret=Field("", wrong.get("secret", "") or wrong.get("kind", "")),
        hosts=Field(again["hosts"], servers),
        known_hosts=Field(again["known_hosts"], wrong.get("known_hosts", "")),
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
