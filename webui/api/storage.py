"""/storage: the disk that images lie on, what stays on it and what could go."""

from typing import Annotated

from pydantic import Field

from appliance.actions import storage
from appliance.model.storage import MOST
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import ApiDone, Seconds, body, done, one_of
from webui.session import Signed

router = routes_of("builds")


@shape
class ApiKeeping:
    """What keeping so many generations of each host would let go."""

    keep: int
    generations: Annotated[int, Field(description="that would go")]
    bytes: Annotated[int, Field(description="that would be free then")]
    what: Annotated[str, Field(examples=["2 of ember and 1 of anvil"])]


@shape
class ApiStorage:
    """How the disk of the store stands; `what` is a sentence while it is not roomy."""

    state: Annotated[str, one_of("storage", examples=["roomy"])]
    what: str
    free: Annotated[int, Field(description="bytes")]
    size: Annotated[int, Field(description="bytes")]
    garbage: Annotated[int, Field(description="bytes that nothing needs")]
    keep: Annotated[int, Field(description="generations of each host that stay")]
    choices: list[ApiKeeping]
    weighed_at: Seconds | None


@shape
class ApiKeep:
    """Keep so many generations of each host, or with null only remove what nothing needs."""

    __pydantic_config__ = body(keep=3)
    keep: Annotated[int | None, Field(ge=1, le=MOST)]


@router.get("/storage")
def storage_now(here: Signed) -> ApiStorage:
    """What there is, what is kept and what could go."""
    told = here.reads.storage()
    return ApiStorage(
        state=told.state,
        what=told.what,
        free=told.free,
        size=told.size,
        garbage=told.garbage,
        keep=here.reads.keep(),
        choices=[
            ApiKeeping(one.keep, one.generations, one.bytes, one.what) for one in told.choices
        ],
        weighed_at=told.weighed_at,
    )


@router.post("/storage", status_code=202)
def change_storage(here: Signed, asked: ApiKeep) -> ApiDone:
    """Keep so many generations: older ones go at once.  Null removes what nothing needs."""
    if asked.keep is None:
        return done(storage.clear_garbage(here.desk, here.actor))
    return done(storage.keep_generations(here.desk, here.actor, asked.keep))
