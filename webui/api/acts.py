"""/acts: what was done, to take back."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from appliance.actions import acts
from webui.api.words import ApiDone, Limit, Seconds, Word, done
from webui.session import Signed

router = APIRouter(tags=["changes"])

ActorKind = Annotated[
    str, Field(examples=["user"], description="user, token, box, nobody; empty for old acts")
]


@dataclass(frozen=True, slots=True)
class ApiAct:
    """One act of somebody."""

    id: str
    at: Seconds
    actor: Annotated[str, Field(examples=["lena"], description="a name; two may have the same")]
    actor_kind: ActorKind
    verb: Annotated[str, Field(examples=["assign_machine"])]
    scope: Annotated[str, Field(examples=["write"], description="what taking it back needs")]
    subject: str
    what: str
    undoable: bool
    undone_at: Seconds | None


@router.get("/acts")
def recent(here: Signed, limit: Limit = 50) -> list[ApiAct]:
    """What was done, newest first."""
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
        for row in acts.recent(here.desk, here.actor, limit)
    ]


@router.post("/acts/{act}/undo")
def undo(here: Signed, act: Word) -> ApiDone:
    """Take an act back; "last" is the caller's own last one.  It needs what the act needed."""
    return done(acts.undo(here.desk, here.actor, None if act == "last" else act))
