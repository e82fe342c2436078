"""/status and /events: how the router is, and the bells that say when to look again."""

from typing import Annotated

from fastapi import Request
from pydantic import Field
from starlette.responses import StreamingResponse

from appliance import troubles
from appliance.actions.changes import newest_change, present
from appliance.model.able import NO_CAKE, lacks
from appliance.store.reads import FILES, Reads
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import one_of
from webui.live import stream
from webui.session import Signed

router = routes_of("status")

LOOKED_AT = 500  # newest builds and boots


@shape
class ApiStatus:
    """The router in one look; a role that has not started has no file yet."""

    version: Annotated[str, Field(examples=["0.1.0"])]
    claimed: bool
    started: Annotated[dict[str, bool], Field(examples=[{"net": True, "build": False}])]
    revision: Annotated[
        int | None, Field(description="configuration that is kept, on trial or on its way")
    ]
    applied: Annotated[int | None, Field(description="configuration in force")]
    on_trial: Annotated[bool, Field(description="it is undone unless it is kept")]
    sources: int
    hosts: int
    machines: int
    waiting: Annotated[int, Field(description="machines on hold in the inbox")]
    builds_under_way: int
    boots_under_way: int
    leases: Annotated[int, Field(description="bound right now")]
    internet: Annotated[str, one_of("way", description="GET /internet says more")]
    internet_milliseconds: Annotated[float | None, Field(description="to the gateway and back")]
    lacks: Annotated[
        list[str],
        Field(description="what this kernel cannot do, and what that means", examples=[[NO_CAKE]]),
    ]
    troubles: Annotated[
        list[str],
        Field(
            description="what is wrong now: roles, ports, networks, sources, builds, boots",
            examples=[["enp2s0, a port of lan, is not there."]],
        ),
    ]


@router.get("/status")
def status(here: Signed) -> ApiStatus:
    """How the router is."""
    reads, now = here.reads, here.now
    revision, slices = present(here.desk), reads.slices()
    change, way = newest_change(here.desk), reads.way()
    running = {"asking", "loading", "starting", "held", "menu"}
    return ApiStatus(
        version="0.1.0",
        claimed=here.claimed,
        started={name: reads.started(name) for name in FILES},
        revision=revision.number if revision else None,
        applied=slices.revision if slices else None,
        on_trial=change is not None and change.state == "on trial",
        sources=len(reads.sources()),
        hosts=len(reads.verdicts()),
        machines=len(reads.machines()),
        waiting=len(reads.held(now)),
        builds_under_way=sum(row.state in ("queued", "running") for row in reads.builds(limit=200)),
        boots_under_way=sum(row.state in running for row in reads.boots(limit=200)),
        leases=sum(row.state == "bound" and row.ends_at > now for row in reads.leases()),
        internet=way.stand.value,
        internet_milliseconds=way.milliseconds,
        lacks=list(lacks(slices.kernel)) if slices else [],
        troubles=_troubles(reads, now),
    )


@router.get(
    "/events",
    response_class=StreamingResponse,
    responses={
        200: {
            "content": {"text/event-stream": {"example": "event: builds\ndata: 1\n\n"}},
            "description": "Bells: sources, builds, machines, boots, leases, devices, changes, "
            "wan, events.",
        }
    },
)
async def bells(request: Request, here: Signed) -> StreamingResponse:
    """Bells without payload: fetch again what you show.  A new stream begins with one of each."""
    del here  # only its permission counts
    return stream(request)


def _troubles(reads: Reads, now: float) -> list[str]:
    return [
        *reads.troubles(),
        *troubles.of_networks(reads.network_troubles(), reads.slices()),
        *troubles.of_events(reads.latest(troubles.KINDS, troubles.ABOUT), now),
        *troubles.of_sources(reads.sources(), reads.source_states()),
        *troubles.of_builds(reads.builds(limit=LOOKED_AT)),
        *troubles.of_machines(reads.machines(), reads.boots(limit=LOOKED_AT)),
    ]
