"""/names: how names are answered, and a pause of blocking.  Their settings are in /config."""

from dataclasses import asdict
from typing import Annotated

from fastapi import Query
from pydantic import Field

from appliance.actions import names
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import ApiDone, Seconds, ShortText, body, done
from webui.session import Owning, Signed

router = routes_of("networks")


@shape
class ApiUpstream:
    """A name server; `well` while it is asked, `seconds` what an answer of it takes."""

    address: Annotated[str, Field(examples=["9.9.9.9"])]
    tls_name: Annotated[str | None, Field(examples=["dns.quad9.net"])]
    well: bool
    asked: int
    answered: int
    seconds: float | None


@shape
class ApiBlocklist:
    """A list of blocked names; `problem` says why it could not be fetched last, "" if it could."""

    url: Annotated[str, Field(examples=["https://lists.example/hosts"])]
    names: int
    fetched_at: Seconds | None
    tried_at: Seconds
    problem: str


@shape
class ApiNames:
    """What the dns role did since it started, as of `at`, null before it said so."""

    at: Seconds | None
    counts: Annotated[dict[str, int], Field(examples=[{"asked": 41208, "blocked": 377}])]
    upstreams: list[ApiUpstream]
    blocklists: list[ApiBlocklist]
    paused_until: Annotated[Seconds, Field(description="blocking pauses; in the past: it does not")]


@shape
class NewPause:
    """What `PUT /names/pause` takes."""

    __pydantic_config__ = body(minutes=5)
    minutes: Annotated[int, Field(ge=1, le=names.LONGEST_MINUTES)]


@shape
class NewLook:
    """What `POST /names/look` takes; `client` is the address of who would ask."""

    __pydantic_config__ = body(name="www.example.com", record="A", client="10.77.0.101")
    name: ShortText
    record: ShortText = "A"
    client: ShortText = ""


@router.get("/names")
def standing(here: Signed) -> ApiNames:
    """How names are answered."""
    found = here.reads.names_standing()
    return ApiNames(
        found.at if found else None,
        dict(found.counts) if found else {},
        [ApiUpstream(**one) for one in (found.upstreams if found else ())],
        [
            ApiBlocklist(one.url, one.names, one.fetched_at, one.tried_at, one.problem)
            for one in here.reads.blocklists()
        ],
        here.reads.blocking_paused_until(),
    )


@router.put("/names/pause")
def pause(here: Signed, new: NewPause) -> ApiDone:
    """Block nothing for some minutes."""
    return done(names.pause_blocking(here.desk, here.actor, new.minutes))


@router.delete("/names/pause")
def resume(here: Signed) -> ApiDone:
    """Block names again."""
    return done(names.resume_blocking(here.desk, here.actor))


@router.post("/names/look")
def look(here: Signed, new: NewLook) -> ApiDone:
    """Say what would be answered, and why: the sentence is in `GET /wishes/{wish}`."""
    return done(names.look_up(here.desk, here.actor, new.name, new.record, new.client))


@shape
class ApiQuestion:
    """Who asked for what; `by` is the server that was asked, or the lists that block it."""

    at: Seconds
    client: Annotated[str, Field(examples=["10.77.0.101"])]
    name: Annotated[str, Field(examples=["www.example.com"])]
    record: Annotated[str, Field(examples=["A"])]
    said: Annotated[str, Field(examples=["A 192.0.2.7"])]
    why: Annotated[str, Field(examples=["upstream"])]
    by: Annotated[str, Field(examples=["9.9.9.9"])]


@shape
class ApiQuestions:
    """What dns remembers, newest first; nothing when questions are not put down."""

    until: Annotated[Seconds, Field(description="put down until then; in the past: not any more")]
    questions: list[ApiQuestion]


@shape
class NewNote:
    """What `PUT /names/questions` takes."""

    __pydantic_config__ = body(minutes=60)
    minutes: Annotated[int, Field(ge=1, le=names.LONGEST_MINUTES)]


@router.get("/names/questions")
def questions(
    here: Owning,
    client: Annotated[str, Query(max_length=45, description="the address of one device")] = "",
    limit: Annotated[int, Query(ge=1, le=1_000)] = 100,
) -> ApiQuestions:
    """Who asked for what, as long as it is put down."""
    found = here.reads.questions([client] if client else [], limit)
    told = [ApiQuestion(**asdict(one)) for one in found or ()]
    return ApiQuestions(here.reads.questions_noted_until(), told)


@router.put("/names/questions")
def note(here: Owning, new: NewNote) -> ApiDone:
    """Put down who asks for what, in memory alone, for some minutes."""
    return done(names.note_questions(here.desk, here.actor, new.minutes))


@router.delete("/names/questions")
def forget(here: Owning) -> ApiDone:
    """Stop putting questions down, and forget them."""
    return done(names.note_questions(here.desk, here.actor, 0))
