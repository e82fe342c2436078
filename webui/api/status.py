"""/status and /events: how the router is, and the bells that say when to look again."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import StreamingResponse

from appliance.store.reads import FILES
from webui.live import stream
from webui.session import Signed

router = APIRouter(tags=["status"])


@dataclass(frozen=True, slots=True)
class ApiStatus:
    """The router in one look; a role that has not started has no file yet."""

    version: Annotated[str, Field(examples=["0.1.0"])]
    claimed: bool
    started: Annotated[dict[str, bool], Field(examples=[{"net": True, "build": False}])]
    revision: Annotated[int | None, Field(description="newest configuration")]
    applied: Annotated[int | None, Field(description="configuration in force")]
    sources: int
    hosts: int
    machines: int
    waiting: Annotated[int, Field(description="machines on hold in the inbox")]
    builds_under_way: int
    boots_under_way: int
    leases: Annotated[int, Field(description="bound right now")]
    troubles: Annotated[
        list[str], Field(description="roles that do not run, ports that are taken, and why")
    ]


@router.get("/status")
def status(here: Signed) -> ApiStatus:
    """How the router is."""
    reads, now = here.reads, here.now
    revision, slices = reads.revision(), reads.slices()
    running = {"asking", "loading", "starting", "held", "menu"}
    return ApiStatus(
        version="0.1.0",
        claimed=here.claimed,
        started={name: reads.started(name) for name in FILES},
        revision=revision.number if revision else None,
        applied=slices.revision if slices else None,
        sources=len(reads.sources()),
        hosts=len(reads.verdicts()),
        machines=len(reads.machines()),
        waiting=len(reads.held(now)),
        builds_under_way=sum(row.state in ("queued", "running") for row in reads.builds(limit=200)),
        boots_under_way=sum(row.state in running for row in reads.boots(limit=200)),
        leases=sum(row.state == "bound" and row.ends_at > now for row in reads.leases()),
        troubles=reads.troubles(),
    )


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {"text/event-stream": {"example": "event: builds\ndata: 1\n\n"}},
            "description": "Bells: sources, builds, machines, boots, leases, changes, events.",
        }
    },
)
async def events(request: Request, here: Signed) -> StreamingResponse:
    """Bells without payload: fetch again what you show.  A new stream begins with one of each."""
    del here  # only its permission counts
    return stream(request)
