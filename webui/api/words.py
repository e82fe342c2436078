"""Words that the whole API shares: errors, what an act came to, and types with examples."""

from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import ConfigDict, Field
from pydantic.fields import FieldInfo

from appliance.actions.desk import Done
from webui.api.sets import SETS
from webui.api.shape import shape


@shape
class ApiProblem:
    """One thing wrong with a request; `where` is the path of the field, [] the whole request."""

    where: list[str | int]
    what: Annotated[str, Field(examples=["Write github:owner/repository."])]


@shape
class Problems:
    """Why a request was refused; nothing was changed."""

    problems: list[ApiProblem]


@shape
class ApiDone:
    """What an act came to.  `act` is what `POST /acts/{act}/undo` takes when it is undoable."""

    act: Annotated[str, Field(examples=["01936f2e-7a10-7000-8000-0242ac120002"])]
    subject: Annotated[str, Field(description="id of the thing made or changed")]
    what: Annotated[str, Field(examples=["ember waits to be built."])]
    undoable: bool
    wish: Annotated[
        str | None, Field(description="what a role was asked: GET /wishes/{wish} has its answer")
    ] = None


def done(told: Done) -> ApiDone:
    """An act's answer as the API says it."""
    return ApiDone(told.act, told.subject, told.what, told.undoable, told.wish)


GONE: dict[int | str, dict[str, Any]] = {404: {}}
CLASH: dict[int | str, dict[str, Any]] = {409: {}}
OFTEN: dict[int | str, dict[str, Any]] = {429: {}}
"""What a route declares beside what follows from its path, method and scope."""


def one_of(what: str, **more: Any) -> FieldInfo:
    """A field that is one word of a closed set.

    It is said, not checked: acts refuse other words in a sentence, and what a role wrote is shown.
    """
    found: FieldInfo = Field(json_schema_extra={"enum": list(SETS[what])}, **more)
    return found


def body(**example: Any) -> ConfigDict:
    """How a body is read: other names are refused, and this is one that is taken."""
    return ConfigDict(extra="forbid", json_schema_extra={"examples": [example]})


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
Before = Annotated[
    str | None, Query(max_length=200, description="only older ones than that with this id")
]
Limit = Annotated[int, Query(ge=1, le=500, description="at most so many")]
Seconds = Annotated[float, Field(examples=[1795385100.25], description="Unix seconds, UTC")]
HostId = Annotated[str, Field(examples=[HOST], description="<source id>/<name>")]
MacText = Annotated[str, Field(examples=[MAC])]
Text = Annotated[str, Field(max_length=4096)]
ShortText = Annotated[str, Field(max_length=200)]
