"""/builds: the queue, what runs, and what it says."""

from typing import Annotated

from fastapi import Query
from pydantic import Field

from appliance.actions import images
from appliance.actions.refusals import Unknown, problem
from appliance.store.builds import BuildRow
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import GONE, ApiDone, Before, HostId, Limit, Seconds, Word, done, one_of
from webui.session import Here, Signed

router = routes_of("builds")


@shape
class ApiBuild:
    """A build of a host."""

    id: str
    host: HostId
    name: str
    state: Annotated[str, one_of("build", examples=["running"])]
    why: Annotated[str, Field(examples=["new revision"])]
    queued_at: Seconds
    began_at: Seconds | None
    ended_at: Seconds | None
    phase: str
    done: Annotated[int, Field(description="derivations done")]
    expected: int
    what: Annotated[str, Field(description="a sentence when it failed")]
    image: str | None
    builder: Annotated[str, Field(description="who has it; empty for this router")]


@shape
class ApiLog:
    """A piece of a log: bytes `start` up to `end` of `size` so far, in whole lines."""

    start: int
    end: int
    size: int
    text: str
    finished: Annotated[bool, Field(description="no more will come")]


@router.get("/builds", responses=GONE)
def builds(
    here: Signed,
    host: Annotated[str | None, Query(max_length=400)] = None,
    limit: Limit = 50,
    before: Before = None,
) -> list[ApiBuild]:
    """Builds of every host, or of one, newest first; to go on, ask `before` the last one."""
    if before is not None:
        _row(here, before)
    return [_shown(row) for row in here.reads.builds(host, limit, before)]


@router.get("/builds/{build}")
def one_build(here: Signed, build: Word) -> ApiBuild:
    """One build."""
    return _shown(_row(here, build))


@router.get("/builds/{build}/log")
def build_log(
    here: Signed,
    build: Word,
    start: Annotated[int, Query(ge=-(1 << 40), le=1 << 40, description="negative: from end")] = 0,
    limit: Annotated[int, Query(ge=1, le=262_144, description="bytes")] = 65_536,
) -> ApiLog:
    """What a build said; ask again from `end` to follow it."""
    row = _row(here, build)
    piece = here.reads.log(row, start, limit)
    ended = row.state not in images.UNDER_WAY
    return ApiLog(piece.start, piece.end, piece.size, piece.text, ended and piece.end >= piece.size)


@router.post("/builds/{build}/cancel", status_code=202)
def cancel_build(here: Signed, build: Word) -> ApiDone:
    """Stop a build."""
    return done(images.cancel_build(here.desk, here.actor, build))


@router.post("/builds/{build}/retry", status_code=202)
def retry_build(here: Signed, build: Word) -> ApiDone:
    """Build the same host again."""
    return done(images.retry_build(here.desk, here.actor, build))


def _row(here: Here, build: str) -> BuildRow:
    row = here.reads.build(build)
    if row is None:
        raise Unknown(
            problem("There is no such build. Old ones are forgotten; GET /builds lists the others.")
        )
    return row


def _shown(row: BuildRow) -> ApiBuild:
    return ApiBuild(
        row.id,
        row.host,
        row.name,
        row.state,
        row.why,
        row.queued_at,
        row.began_at,
        row.ended_at,
        row.phase,
        row.done,
        row.expected,
        row.what,
        row.image,
        row.builder,
    )
