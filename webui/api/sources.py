"""/sources: flakes, how they are treated, and directories they may lie in."""

from dataclasses import field
from typing import Annotated

from pydantic import Field

from appliance.actions import sources, webhooks
from appliance.actions.refusals import Unknown, problem
from appliance.store.builds import RevisionRow, SourceStateRow
from appliance.store.inventory_view import SourceView
from webui.api.hosts import ApiFinding, finding
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import (
    GONE,
    ApiDone,
    Seconds,
    ShortText,
    SourceWord,
    Text,
    body,
    done,
    one_of,
)
from webui.session import Here, Owning, Signed

router = routes_of("sources")

Url = Annotated[str, Field(max_length=1024, examples=["github:owner/hosts?ref=main"])]
Trust = Annotated[str, one_of("trust", max_length=20)]
Reach = Annotated[
    list[ShortText],
    Field(
        max_length=16,
        examples=[["git.lan"]],
        description="servers of the owner's network that it may fetch from",
    ),
]
OnlyBuilders = Annotated[bool, Field(description="this router builds nothing of it")]
Interval = Annotated[
    int, Field(examples=[3600], ge=0, le=2_592_000, description="seconds; 0: only when asked")
]


Schedule = Annotated[
    str,
    Field(
        max_length=200,
        examples=["mon,fri 04:00"],
        description="days and times by the router's clock, in place of the interval; empty: none",
    ),
]


@shape
class ApiLocked:
    """One locked state of a source."""

    rev: Annotated[str, Field(examples=["0123456789abcdef0123456789abcdef01234567"])]
    locked: str
    nar_hash: str
    last_modified: int
    seen_at: Seconds
    changes: list[str]
    findings: list[ApiFinding]


@shape
class ApiSource:
    """A source and where it stands; waiting: nobody has looked at it yet."""

    id: str
    name: Annotated[str, Field(examples=["hosts"])]
    url: Url
    trust: Trust
    as_built: bool
    allow_ifd: bool
    interval_seconds: Interval
    only_builders: OnlyBuilders
    reach: Reach
    schedule: Schedule
    has_credential: bool
    webhook: Annotated[bool, Field(description="whether its forge may tell of pushes")]
    state: Annotated[str, one_of("source", examples=["ready"])]
    what: Annotated[str, Field(description="a sentence when it is unreadable")]
    checked_at: Seconds | None
    next_at: Seconds | None
    hosts: Annotated[int, Field(description="how many hosts it has")]
    revision: ApiLocked | None


@shape
class NewSource:
    """What `POST /sources` takes."""

    __pydantic_config__ = body(url="github:owner/hosts?ref=main", name="hosts", trust="mine")
    url: Url
    name: ShortText = ""
    trust: Trust = "mine"
    as_built: bool = False
    allow_ifd: bool = False
    interval_seconds: Interval = 3600
    only_builders: OnlyBuilders = False
    reach: Reach = field(default_factory=list)


@shape
class SourceEdit:
    """What `PATCH /sources/{source}` takes; what is left out stays."""

    __pydantic_config__ = body(interval_seconds=900, allow_ifd=True)
    name: ShortText | None = None
    trust: Trust | None = None
    as_built: bool | None = None
    allow_ifd: bool | None = None
    interval_seconds: Interval | None = None
    only_builders: OnlyBuilders | None = None
    reach: Reach | None = None
    schedule: Schedule | None = None


@shape
class WantedWebhook:
    """Whether the source has a webhook; `open` makes a new secret each time."""

    __pydantic_config__ = body(open=True)
    open: bool


@shape
class ApiDelivery:
    """What a forge told, and what became of it."""

    at: Seconds
    outcome: Annotated[str, one_of("delivery", examples=["taken"])]
    what: str
    address: str


@shape
class ApiWebhook:
    """Where the forge tells of pushes; `secret` is shown this once, and empty otherwise."""

    path: Annotated[str, Field(examples=["/hooks/0197…"], description='"" where it has none')]
    secret: str
    what: str
    deliveries: list[ApiDelivery]


@shape
class Credential:
    """A token or deploy key; it is never shown again.  The kind none takes it away.

    What is left out stays as it is kept, as long as the kind is the same.
    """

    __pydantic_config__ = body(kind="token", secret="github_pat_…", hosts=["git.example.org"])
    kind: Annotated[str, one_of("credential", max_length=20, examples=["token"])]
    secret: Annotated[
        str,
        Field(
            max_length=20_000,
            examples=["github_pat_…"],
            description="empty: the one that is kept stays",
        ),
    ] = ""
    user: ShortText | None = None
    hosts: Annotated[list[ShortText] | None, Field(max_length=50)] = None
    known_hosts: Annotated[
        str | None,
        Field(
            max_length=50_000,
            examples=["git.example.org ssh-ed25519 AAAA…"],
            description="with ssh-key: the server's host keys, as ssh-keyscan prints them; compare"
            " their fingerprints first",
        ),
    ] = None


@shape
class Directory:
    """A directory below which sources may lie."""

    __pydantic_config__ = body(path="/srv/flakes")
    path: Annotated[Text, Field(examples=["/srv/flakes"])]


@router.get("/sources")
def every_source(here: Signed) -> list[ApiSource]:
    """Every source with its state."""
    states = here.reads.source_states()
    return [_shown(here, view, states.get(view.id)) for view in here.reads.sources()]


@router.post("/sources", status_code=201)
def add_source(here: Signed, new: NewSource) -> ApiDone:
    """Add a flake; it is looked at straight away."""
    return done(
        sources.add_source(
            here.desk,
            here.actor,
            new.url,
            name=new.name,
            trust=new.trust,
            as_built=new.as_built,
            allow_ifd=new.allow_ifd,
            interval_seconds=new.interval_seconds,
            only_builders=new.only_builders,
            reach=new.reach,
        )
    )


@router.get("/sources/{source}")
def one_source(here: Signed, source: SourceWord) -> ApiSource:
    """One source, by id or name."""
    for view in here.reads.sources():
        if source in (view.id, view.name):
            return _shown(here, view, here.reads.source_states().get(view.id))
    raise Unknown(problem("There is no such source. GET /sources lists them."))


@router.patch("/sources/{source}")
def edit_source(here: Signed, source: SourceWord, edit: SourceEdit) -> ApiDone:
    """Change how a source is treated."""
    return done(
        sources.edit_source(
            here.desk,
            here.actor,
            source,
            name=edit.name,
            trust=edit.trust,
            as_built=edit.as_built,
            allow_ifd=edit.allow_ifd,
            interval_seconds=edit.interval_seconds,
            only_builders=edit.only_builders,
            reach=edit.reach,
            schedule=edit.schedule,
        )
    )


@router.delete("/sources/{source}")
def remove_source(here: Signed, source: SourceWord) -> ApiDone:
    """Take a source away."""
    return done(sources.remove_source(here.desk, here.actor, source))


@router.post("/sources/{source}/refresh", status_code=202)
def refresh_source(here: Signed, source: SourceWord) -> ApiDone:
    """Look at the source again, now."""
    return done(sources.refresh_source(here.desk, here.actor, source))


@router.put("/sources/{source}/credential")
def set_source_credential(here: Owning, source: SourceWord, credential: Credential) -> ApiDone:
    """Keep a token or deploy key, valid at the source's own server and at `hosts`."""
    return done(
        sources.set_source_credential(
            here.desk,
            here.actor,
            source,
            kind=credential.kind,
            secret=credential.secret,
            user=credential.user,
            hosts=credential.hosts,
            known_hosts=credential.known_hosts,
        )
    )


@router.get("/sources/{source}/webhook")
def source_webhook(here: Signed, source: SourceWord) -> ApiWebhook:
    """Its webhook, with what was delivered last."""
    return _webhook(here, one_source(here, source).id, "", "")


@router.put("/sources/{source}/webhook")
def set_source_webhook(here: Owning, source: SourceWord, wanted: WantedWebhook) -> ApiWebhook:
    """Open a webhook with a new secret, or close it."""
    if wanted.open:
        told, secret = webhooks.open_webhook(here.desk, here.actor, source)
    else:
        told, secret = webhooks.close_webhook(here.desk, here.actor, source), ""
    return _webhook(here, told.subject, told.what, secret)


@router.get("/sources/{source}/revisions")
def source_revisions(here: Signed, source: SourceWord) -> list[ApiLocked]:
    """Locked states of a source, newest first, with what changed."""
    return [_revision(row) for row in here.reads.revisions(one_source(here, source).id)]


@router.get("/directories")
def directories(here: Signed) -> list[Directory]:
    """Directories of this machine below which sources may lie."""
    return [Directory(path) for path in here.reads.allowed_directories()]


@router.post("/directories", status_code=201)
def allow_directory(here: Owning, directory: Directory) -> ApiDone:
    """Allow a directory."""
    return done(sources.allow_directory(here.desk, here.actor, directory.path))


@router.delete("/directories", responses=GONE)
def forbid_directory(here: Owning, path: Text) -> ApiDone:
    """Take the permission back."""
    return done(sources.forbid_directory(here.desk, here.actor, path))


def _shown(here: Here, view: SourceView, state: SourceStateRow | None) -> ApiSource:
    newest = here.reads.revisions(view.id, 1)
    return ApiSource(
        id=view.id,
        name=view.name,
        url=view.url,
        trust=view.trust,
        as_built=view.as_built,
        allow_ifd=view.allow_ifd,
        interval_seconds=view.interval_seconds,
        only_builders=view.only_builders,
        reach=list(view.reach),
        schedule=view.schedule,
        has_credential=view.credential is not None,
        webhook=view.webhook is not None,
        state=state.state if state else "waiting",
        what=state.what if state else "",
        checked_at=state.checked_at if state else None,
        next_at=state.next_at if state else None,
        hosts=len(here.reads.verdicts(view.id)),
        revision=_revision(newest[0]) if newest else None,
    )


def _webhook(here: Here, source: str, what: str, secret: str) -> ApiWebhook:
    is_open = any(one.id == source and one.webhook for one in here.reads.sources())
    told = webhooks.deliveries(here.desk, source)[: webhooks.SHOWN]
    rows = [ApiDelivery(at, one.outcome, one.what, one.address) for at, one in told]
    return ApiWebhook(f"/hooks/{source}" if is_open else "", secret, what, rows)


def _revision(row: RevisionRow) -> ApiLocked:
    return ApiLocked(
        row.rev,
        row.locked,
        row.nar_hash,
        row.last_modified,
        row.seen_at,
        list(row.changes),
        [finding(one) for one in row.findings],
    )
