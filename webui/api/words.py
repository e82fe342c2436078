"""Words that the whole API shares: errors, what an act came to, and types with examples."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import Field

from appliance.actions.desk import Done


@dataclass(frozen=True, slots=True)
class ApiProblem:
    """One thing wrong with a request; `where` is the path of the field, [] the whole request."""

    where: list[str | int]
    what: Annotated[str, Field(examples=["Write github:owner/repository."])]


@dataclass(frozen=True, slots=True)
class Problems:
    """Why a request was refused; nothing was changed."""

    problems: list[ApiProblem]


@dataclass(frozen=True, slots=True)
class ApiDone:
    """What an act came to.  `act` is what `POST /acts/{act}/undo` takes when it is undoable."""

    act: Annotated[str, Field(examples=["01936f2e-7a10-7000-8000-0242ac120002"])]
    subject: Annotated[str, Field(description="id of the thing made or changed")]
    what: Annotated[str, Field(examples=["ember waits to be built."])]
    undoable: bool
    wish: Annotated[str | None, Field(description="answered by an event with this id")] = None


def done(told: Done) -> ApiDone:
    """An act's answer as the API says it."""
    return ApiDone(told.act, told.subject, told.what, told.undoable, told.wish)


REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Problems, "description": "No token, or one that opens nothing."},
    403: {"model": Problems, "description": "The token's scope is too small."},
    404: {"model": Problems, "description": "There is no such thing."},
    409: {"model": Problems, "description": "It changed meanwhile."},
    422: {"model": Problems, "description": "The request has problems; nothing was changed."},
    413: {"model": Problems, "description": "The body is too long."},
    429: {"model": Problems, "description": "Too many tries; wait for Retry-After seconds."},
    503: {"model": Problems, "description": "A role does not answer; try again later."},
}
"""What any route may answer beside its own."""

SOURCE = "01936f2e-7a10-7000-8000-0242ac120003"
HOST = f"{SOURCE}/ember"
MAC = "52:54:00:12:34:56"

# Ids and names that people choose: never empty, never longer than any real one.
Word = Annotated[str, Path(min_length=1, max_length=200)]
SourceWord = Annotated[
    str, Path(min_length=1, max_length=200, description="id or name", examples=[SOURCE])
]
MachineWord = Annotated[
    str, Path(min_length=1, max_length=200, description="id, name or MAC", examples=[MAC])
]
Limit = Annotated[int, Query(ge=1, le=500, description="at most so many")]
Seconds = Annotated[float, Field(examples=[1795385100.25], description="Unix seconds, UTC")]
HostId = Annotated[str, Field(examples=[HOST], description="<source id>/<name>")]
MacText = Annotated[str, Field(examples=[MAC])]
Text = Annotated[str, Field(max_length=4096)]
ShortText = Annotated[str, Field(max_length=200)]
