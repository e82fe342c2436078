"""/hosts: what each source offers to boot, with verdicts and findings."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from appliance.actions import generations, images
from appliance.actions.refusals import Unknown, problem
from appliance.model.images import Finding, Verdict
from appliance.model.outlook import Outlook
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import ApiDone, HostId, Seconds, SourceWord, Word, body, done, one_of
from webui.session import Here, Signed

router = routes_of("hosts")


@shape
class ApiFinding:
    """Something to know about a host or a lock file; bad: it cannot boot so."""

    severity: Annotated[str, one_of("severity", examples=["warn"])]
    what: str
    missing: Annotated[str | None, Field(description="the line to add")]
    where: Annotated[str | None, Field(examples=["hosts/ember.nix:12"])]
    obstacle: Annotated[
        str, Field(examples=["outside-path"], description="the same as a word that stays; or empty")
    ] = ""


@shape
class ApiNeed:
    """Something a build takes; bad: it cannot be built so, and `way` is the way out."""

    kind: Annotated[str, one_of("need", examples=["ok"])]
    what: Annotated[str, Field(examples=["Builds here in about 12 minutes."])]
    way: str
    link: Annotated[str, Field(description="the page where the way out is, or empty")]


@shape
class ApiOutlook:
    """Whether the hardware is sufficient for a build, as of `at`."""

    kind: Annotated[str, one_of("need", examples=["ok"])]
    short: Annotated[str, Field(examples=["about 12 minutes here"])]
    needs: list[ApiNeed]
    at: Seconds


@shape
class ApiHost:
    """A host of a source; `reason` says why it is not bootable."""

    id: HostId
    name: Annotated[str, Field(examples=["ember"])]
    source: str
    kind: Annotated[str, one_of("host", examples=["adaptable"])]
    reason: str | None
    system: Annotated[str | None, Field(examples=["x86_64-linux"])]
    release: Annotated[str | None, Field(examples=["26.05"])]
    watched: bool
    specialisations: list[str]
    findings: list[ApiFinding]
    image: Annotated[str | None, Field(description="id of the newest image")]
    generation: int | None
    outlook: Annotated[
        ApiOutlook | None, Field(description="what a build takes; null before it was found out")
    ]


@shape
class ApiNumber:
    """Which generation of the host."""

    __pydantic_config__ = body(generation=3)
    generation: Annotated[int, Field(ge=1, examples=[3])]


@router.get("/hardware")
def hardware(here: Signed) -> ApiOutlook | None:
    """What this router can build itself, whatever the host; null before that was found out."""
    told = here.reads.hardware()
    return _foreseen(told) if told else None


@router.get("/hosts")
def hosts(
    here: Signed, source: Annotated[str | None, Query(max_length=200)] = None
) -> list[ApiHost]:
    """Every host, or those of one source (id)."""
    in_force = {view.id for view in here.reads.sources()}
    newest, outlooks = _newest(here), here.reads.outlooks()
    return [
        _shown(verdict, newest, outlooks.get(verdict.host))
        for verdict in here.reads.verdicts(source)
        if verdict.host.partition("/")[0] in in_force
    ]


@router.get("/hosts/{source}/{name}")
def one_host(here: Signed, source: SourceWord, name: Word) -> ApiHost:
    """One host of a source (id)."""
    for verdict in here.reads.verdicts(source):
        if verdict.host == f"{source}/{name}":
            return _shown(verdict, _newest(here), here.reads.outlooks().get(verdict.host))
    raise Unknown(problem("There is no such host. GET /hosts lists them."))


@router.post("/hosts/{source}/{name}/build", status_code=202)
def build_host(here: Signed, source: SourceWord, name: Word) -> ApiDone:
    """Queue a build."""
    return done(images.build_host(here.desk, here.actor, f"{source}/{name}"))


@router.post("/hosts/{source}/{name}/pin", status_code=202)
def pin(here: Signed, source: SourceWord, name: Word, asked: ApiNumber) -> ApiDone:
    """Serve one generation and no other until it is unpinned."""
    host = f"{source}/{name}"
    return done(generations.pin_generation(here.desk, here.actor, host, asked.generation))


@router.post("/hosts/{source}/{name}/unpin", status_code=202)
def unpin(here: Signed, source: SourceWord, name: Word) -> ApiDone:
    """Serve the newest generation again."""
    return done(generations.unpin_generation(here.desk, here.actor, f"{source}/{name}"))


@router.post("/hosts/{source}/{name}/roll-back", status_code=202)
def roll_back(here: Signed, source: SourceWord, name: Word) -> ApiDone:
    """Set the generation that is served aside, and serve the one before."""
    return done(generations.roll_back(here.desk, here.actor, f"{source}/{name}"))


@router.post("/hosts/{source}/{name}/try-again", status_code=202)
def try_again(here: Signed, source: SourceWord, name: Word, asked: ApiNumber) -> ApiDone:
    """Put a bad generation on trial again."""
    host = f"{source}/{name}"
    return done(generations.try_again(here.desk, here.actor, host, asked.generation))


def finding(found: Finding) -> ApiFinding:
    """A finding as the API says it."""
    return ApiFinding(found.severity, found.what, found.missing, found.where, found.obstacle)


def _newest(here: Here) -> dict[str, tuple[str, int]]:
    """Host → (image, number) of its newest generation."""
    newest: dict[str, tuple[str, int]] = {}
    for row in here.reads.generations():
        newest.setdefault(row.host, (row.image, row.number))
    return newest


def _shown(
    verdict: Verdict, newest: dict[str, tuple[str, int]], outlook: Outlook | None
) -> ApiHost:
    image, number = newest.get(verdict.host, (None, None))
    return ApiHost(
        id=verdict.host,
        name=verdict.name,
        source=verdict.host.partition("/")[0],
        kind=verdict.kind,
        reason=verdict.reason,
        system=verdict.system,
        release=verdict.release,
        watched=verdict.watched,
        specialisations=list(verdict.specialisations),
        findings=[finding(one) for one in verdict.findings],
        image=image,
        generation=number,
        outlook=_foreseen(outlook) if outlook else None,
    )


def _foreseen(told: Outlook) -> ApiOutlook:
    needs = [ApiNeed(one.kind, one.what, one.way, one.link) for one in told.needs]
    return ApiOutlook(told.kind, told.short, needs, told.at)
