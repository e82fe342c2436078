"""/acts: what was done, to take back."""

from typing import Annotated

from pydantic import Field

from appliance.actions import acts
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import CLASH, GONE, ApiDone, Before, Limit, Seconds, Word, done, one_of
from webui.session import Signed

router = routes_of("changes")


@shape
class ApiAct:
    """One act of somebody."""

    id: str
    at: Seconds
    actor: Annotated[str, Field(examples=["lena"], description="a name; two may have the same")]
    actor_kind: Annotated[
        str, one_of("actor", examples=["user"], description="empty for acts of an older Nixie")
    ]
    verb: Annotated[str, Field(examples=["assign_machine"])]
    scope: Annotated[str, one_of("scope", description="what taking it back needs")]
    subject: str
    what: str
    undoable: bool
    undone_at: Seconds | None


@router.get("/acts", responses=GONE)
def recent_acts(here: Signed, limit: Limit = 50, before: Before = None) -> list[ApiAct]:
    """What was done, newest first; to go on, ask `before` the last one's id."""
    return [
        ApiAct(
            row.id,
            row.at,
            row.actor,
            row.actor_kind,
            row.verb,
            row.scope,
            row.subject,
            row.what,
            row.undoable,
            row.undone_at,
        )
        for row in acts.recent(here.desk, here.actor, limit, before)
    ]


@router.post("/acts/{act}/undo", responses=CLASH)
def undo_act(here: Signed, act: Word) -> ApiDone:
    """Take an act back; "last" is the caller's own last one.  It needs what the act needed."""
    return done(acts.undo(here.desk, here.actor, None if act == "last" else act))
