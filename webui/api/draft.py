"""/draft: the one configuration being prepared, until it is applied or discarded."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from appliance.actions import changes, draft
from appliance.actions.refusals import Unknown, problem
from appliance.model import read
from appliance.trial import SECONDS
from webui.api.changes import Config, TrialSeconds
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import CLASH, GONE, ApiDone, Seconds, done
from webui.session import Owning, Signed

router = routes_of("changes")

Base = Annotated[int, Query(ge=0, le=1 << 31, description="of what was read: GET /draft")]
Seen = Annotated[str, Query(max_length=128, description="of what was read: GET /draft")]


@shape
class ApiDraft:
    """The draft, and what applying it would change now."""

    began: Annotated[int, Field(description="the revision that its author started from")]
    base: Annotated[int, Field(description="the revision that `differences` compare with")]
    seen: Annotated[str, Field(description="a word for its content")]
    author: str
    at: Seconds
    differences: list[str]
    config: dict[str, Any]


@router.get("/draft", responses=GONE)
def show_draft(here: Signed) -> ApiDraft:
    """What is changed and not applied; `base` and `seen` are what POST /draft/apply asks for."""
    found = draft.review(here.desk)
    if found is None:
        raise Unknown(problem("Everything is applied. PUT /draft begins a change."))
    one = found.draft
    return ApiDraft(
        began=one.base,
        base=found.base,
        seen=one.seen,
        author=one.author,
        at=one.at,
        differences=list(found.differences),
        config=read.to_json(one.config),
    )


@router.put("/draft", responses=GONE)
def put_draft(here: Owning, config: Config) -> ApiDone:
    """Make the draft this whole configuration; nothing of the network changes yet."""
    wanted = changes.checked(config)
    return done(
        draft.edit(here.desk, here.actor, lambda _: wanted, "The draft is a whole new one.")
    )


@router.delete("/draft", responses=GONE)
def discard_draft(here: Owning) -> ApiDone:
    """Let go of everything that is not applied."""
    return done(draft.discard(here.desk, here.actor))


@router.post("/draft/apply", status_code=202, responses={**GONE, **CLASH})
def apply_draft(here: Owning, base: Base, seen: Seen, seconds: TrialSeconds = SECONDS) -> ApiDone:
    """Put the draft on trial, if it and the revision below it are as they were read.

    The answer's `wish` is the id of the change.
    """
    return done(draft.apply(here.desk, here.actor, base=base, seen=seen, seconds=seconds))
