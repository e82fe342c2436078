"""/config: the configuration by revisions."""

import json
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Body, Query

from appliance.actions import changes
from appliance.actions.refusals import Unknown, problem
from webui.api.words import CLASH, GONE, ApiDone, Seconds, done
from webui.session import Owning, Signed

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


@router.get("/config", responses=GONE)
def config(here: Signed) -> ApiRevision:
    """The newest revision of the configuration."""
    row = here.reads.revision()
    if row is None:
        raise Unknown(problem("There is no configuration yet. POST /config makes the first one."))
    slices = here.reads.slices()
    applied = slices.revision if slices else None
    return ApiRevision(row.number, row.author, row.at, applied, json.loads(row.config))


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
) -> ApiDone:
    """Store a configuration as the next revision; `net` applies it."""
    return done(changes.propose_revision(here.desk, here.actor, config, base=base))
