"""/config and /acts: the configuration by revisions, and what was done, to take back."""

import json
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query
from pydantic import Field

from appliance.actions import changes
from appliance.actions.refusals import Unknown, problem
from webui.api.words import ApiDone, Limit, Seconds, Word, done
from webui.session import Signed

router = APIRouter(tags=["changes"])

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
ActorKind = Annotated[
    str, Field(examples=["user"], description="user, token, box, nobody; empty for old acts")
]
Config = Annotated[
    dict[str, Any], Body(examples=[EXAMPLE], description="a whole RouterConfig, layout 1")
]


@dataclass(frozen=True, slots=True)
class ApiRevision:
    """The newest revision.  `applied` is the number that is in force."""

    number: int
    author: str
    at: Seconds
    applied: int | None
    config: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ApiReview:
    """What a configuration would change against revision `base`."""

    base: int
    differences: list[str]


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


@router.get("/config")
def config(here: Signed) -> ApiRevision:
    """The newest revision of the configuration."""
    row = here.reads.revision()
    if row is None:
        raise Unknown(problem("There is no configuration yet."))
    slices = here.reads.slices()
    applied = slices.revision if slices else None
    return ApiRevision(row.number, row.author, row.at, applied, json.loads(row.config))


@router.post("/config/review")
def review(here: Signed, config: Config) -> ApiReview:
    """Check a configuration and say what it would change; nothing is stored."""
    found = changes.review(here.desk, here.actor, config)
    return ApiReview(found.base, list(found.differences))


@router.post("/config", status_code=202)
def propose(
    here: Signed,
    config: Config,
    base: Annotated[
        int | None, Query(ge=0, le=1 << 31, description="refuse if another came")
    ] = None,
) -> ApiDone:
    """Store a configuration as the next revision; `net` applies it."""
    return done(changes.propose_revision(here.desk, here.actor, config, base=base))


@router.get("/acts")
def acts(here: Signed, limit: Limit = 50) -> list[ApiAct]:
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
        for row in changes.recent(here.desk, here.actor, limit)
    ]


@router.post("/acts/{act}/undo")
def undo(here: Signed, act: Word) -> ApiDone:
    """Take an act back; "last" is the caller's own last one.  It needs what the act needed."""
    return done(changes.undo(here.desk, here.actor, None if act == "last" else act))
