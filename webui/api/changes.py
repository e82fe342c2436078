"""/config, /revisions, /change: the configuration, on trial until it is kept."""

import json
from typing import Annotated, Any

from fastapi import Body, Path, Query
from pydantic import Field

from appliance.actions import changes, keeping
from appliance.actions.refusals import Unknown, problem
from appliance.store.inventory_view import RevisionView
from appliance.trial import LONGEST_SECONDS, SECONDS, SHORTEST_SECONDS
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import CLASH, GONE, ApiDone, Seconds, Word, done, one_of
from webui.session import Here, Owning, Signed

router = routes_of("changes")

EXAMPLE = {
    "networks": [
        {
            "name": "lan",
            "bridge": "br-lan",
            "ports": ["enp2s0"],
            "address": "10.77.0.1/24",
            "dhcp": {"pool": {"first": "10.77.0.100", "last": "10.77.0.199"}},
        }
    ]
}
Config = Annotated[
    dict[str, Any], Body(examples=[EXAMPLE], description="a whole RouterConfig, layout 2")
]


Number = Annotated[int, Path(ge=1, le=1 << 31, description="of a revision")]
TrialSeconds = Annotated[
    int,
    Query(
        ge=SHORTEST_SECONDS,
        le=LONGEST_SECONDS,
        description="how long it is on trial: undone then, unless it is kept",
    ),
]


@shape
class ApiRevision:
    """One revision.  `applied` is the number that is in force, kept or on trial."""

    number: int
    author: str
    at: Seconds
    applied: int | None
    config: dict[str, Any]


@shape
class ApiNumbered:
    """One revision in the list, and what became of it."""

    number: int
    author: str
    at: Seconds
    state: Annotated[
        str, one_of("revision", description="empty: never tried", examples=["in force"])
    ]
    why: Annotated[str, Field(examples=["Nobody pressed Keep in time."])]


@shape
class ApiProbe:
    """One of the router's own checks; `ok` is null while it is not known."""

    name: Annotated[str, Field(examples=["lan hands out addresses"])]
    ok: bool | None
    figure: Annotated[str, Field(examples=["1 ms"])]
    seen_at: Seconds


@shape
class ApiLeaving:
    """An address of the router from before the last Keep: it goes when the last lease has moved."""

    network: Annotated[str, Field(examples=["lan"])]
    address: Annotated[str, Field(examples=["10.77.0.1/24"])]
    until: Seconds | None


@shape
class ApiChange:
    """The newest change.  `id` is what Keep, Undo and Extend name."""

    id: Annotated[str, Field(examples=["01936f2e-7a10-7000-8000-0242ac120002"])]
    revision: int
    state: Annotated[str, one_of("change", examples=["on trial"])]
    why: Annotated[str, Field(examples=["Nobody pressed Keep in time."])]
    ends_at: Seconds | None
    seconds_left: Annotated[float | None, Field(description="until it is undone by itself")]
    keeps: Annotated[bool, Field(description="whether you may keep it over this connection")]
    keeps_not: Annotated[str, Field(description="why not, else empty")]
    keeps_at: Annotated[str, Field(description="the address where Keep is taken, else empty")]
    probes: Annotated[list[ApiProbe], Field(description="the router's own checks of it")]
    leaving: Annotated[list[ApiLeaving], Field(description="old addresses that still answer")]


@shape
class ApiReview:
    """What a configuration would change against revision `base`."""

    base: int
    differences: list[str]


@router.get("/config", responses=GONE)
def config(here: Signed) -> ApiRevision:
    """The configuration that is on trial, else the one that is kept: what a change starts from."""
    row = changes.present(here.desk)
    if row is None:
        raise Unknown(problem("There is no configuration yet. POST /config makes the first one."))
    return _revision(here, row)


@router.post("/config/review")
def review(here: Signed, config: Config) -> ApiReview:
    """Check a configuration and say what it would change; nothing is stored."""
    found = changes.review(here.desk, here.actor, config)
    return ApiReview(found.base, list(found.differences))


@router.post("/config", status_code=202, responses=CLASH)
def propose(
    here: Owning,
    config: Config,
    base: Annotated[
        int | None, Query(ge=0, le=1 << 31, description="refuse if another came")
    ] = None,
    seconds: TrialSeconds = SECONDS,
) -> ApiDone:
    """Store a configuration as the next revision; `net` tries it, and undoes it without Keep.

    The answer's `wish` is the id of the change.  The very first revision is kept at once.
    """
    told = changes.propose_revision(here.desk, here.actor, config, base=base, seconds=seconds)
    return done(told)


@router.get("/revisions")
def revisions(here: Signed) -> list[ApiNumbered]:
    """Every revision, newest first."""
    return [
        ApiNumbered(row.number, row.author, row.at, row.state, row.why)
        for row in changes.history(here.desk, here.actor)
    ]


@router.get("/revisions/{number}")
def revision(here: Signed, number: Number) -> ApiRevision:
    """One revision."""
    row = here.reads.revision(number)
    if row is None:
        raise Unknown(problem(f"There is no revision {number}."))
    return _revision(here, row)


@router.post("/revisions/{number}/revert", status_code=202, responses=CLASH)
def revert(here: Owning, number: Number, seconds: TrialSeconds = SECONDS) -> ApiDone:
    """Go back to a revision that was kept once; it is tried like any other."""
    return done(changes.revert(here.desk, here.actor, number, seconds=seconds))


@router.get("/change", responses=GONE)
def newest_change(here: Signed) -> ApiChange:
    """The newest change: on trial, or how it ended."""
    found = changes.newest_change(here.desk)
    if found is None:
        raise Unknown(problem("No change was ever on trial."))
    left = None if found.ends_at is None else max(0.0, found.ends_at - here.now)
    stands = keeping.standing_of(here.desk, here.actor, found.id, found.revision)
    probes = here.reads.probes(found.id)
    leaving = here.reads.leaving()
    return ApiChange(
        id=found.id,
        revision=found.revision,
        state=found.state,
        why=found.why,
        ends_at=found.ends_at,
        seconds_left=left,
        keeps=stands.keeps and not found.over,
        keeps_not="" if found.over else stands.why,
        keeps_at="" if found.over else stands.at,
        probes=[ApiProbe(one.name, one.ok, one.figure, one.seen_at) for one in probes],
        leaving=[ApiLeaving(one.network, str(one.address), one.until) for one in leaving],
    )


@router.post("/change/{change}/keep", status_code=202, responses=CLASH)
def keep_change(here: Owning, change: Word) -> ApiDone:
    """Keep the change that is on trial; an older one's id is refused."""
    return done(changes.keep(here.desk, here.actor, change))


@router.post("/change/{change}/undo", status_code=202, responses=CLASH)
def undo_change(here: Owning, change: Word) -> ApiDone:
    """Undo the change that is on trial, at once."""
    return done(changes.take_back(here.desk, here.actor, change))


@router.post("/change/{change}/extend", status_code=202, responses=CLASH)
def extend_change(here: Owning, change: Word, seconds: TrialSeconds = SECONDS) -> ApiDone:
    """Have the change on trial for at least so many seconds from now."""
    return done(changes.extend(here.desk, here.actor, change, seconds))


def _revision(here: Here, row: RevisionView) -> ApiRevision:
    slices = here.reads.slices()
    applied = slices.revision if slices else None
    return ApiRevision(row.number, row.author, row.at, applied, json.loads(row.config))
