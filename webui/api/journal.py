"""/journal and /wishes: what every role says, and what became of what it was asked."""

from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from appliance.actions.refusals import Unknown, problem
from appliance.errors import Refused
from appliance.events import KINDS, say, to_json
from appliance.store.answers import answer
from appliance.store.journals import (
    Cursor,
    NotACursor,
    Told,
    cursor_text,
    newer,
    older,
    read_cursor,
)
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import Limit, Seconds, Word, one_of
from webui.session import Signed

router = routes_of("journal")

PLACE = "boot:12.build:40"
Place = Annotated[str, Query(max_length=200, examples=[PLACE])]
Kinds = Annotated[
    list[Annotated[str, one_of("event")]],
    Query(max_length=100, description="only events of this kind; may repeat"),
]


@shape
class ApiEvent:
    """One event; `file` and `id` together name it for ever."""

    file: Annotated[str, one_of("file", examples=["build"])]
    id: Annotated[int, Field(examples=[41])]
    at: Seconds
    kind: Annotated[str, one_of("event", examples=["BuildQueued"])]
    what: Annotated[str, Field(examples=["ember waits to be built."])]
    facts: Annotated[dict[str, Any], Field(examples=[{"name": "ember"}])]


@shape
class ApiJournal:
    """Events, newest first; `older` is for `before`, `newer` for `after`."""

    events: list[ApiEvent]
    older: Annotated[str | None, Field(examples=[PLACE], description="null: nothing is older")]
    newer: Annotated[str, Field(examples=[PLACE])]


@shape
class ApiWish:
    """What a role was asked, and its answer; `answered_at` is null while it waits."""

    id: str
    role: Annotated[str, Field(examples=["build"])]
    kind: Annotated[str, Field(examples=["refresh"])]
    asked_at: Seconds
    state: Annotated[str, one_of("wish", examples=["refused"])]
    what: Annotated[str, Field(examples=["ember waits in the queue already."])]
    answered_at: Seconds | None


@router.get("/journal")
def journal(
    here: Signed,
    kind: Kinds = [],  # noqa: B006 (FastAPI copies it)
    since: Annotated[float | None, Query(description="not older than that moment")] = None,
    before: Place | None = None,
    after: Place | None = None,
    limit: Limit = 50,
) -> ApiJournal:
    """What every role says, newest first; from `before` backwards, or what came `after`.

    To follow it, ask with `after` set to the last answer's `newer`, when a bell of /events rings.
    """
    kinds = _kinds(kind)
    if before and after:
        raise Refused(problem("Give one of before and after.", "after"))
    if after:
        page = newer(here.reads, limit, _cursor(after, "after"), kinds=kinds)
    else:
        place = _cursor(before, "before") if before else None
        page = older(here.reads, limit, place, kinds=kinds, since=since or 0.0)
    return ApiJournal(
        [_shown(one) for one in page.told],
        cursor_text(page.older) if page.older else None,
        cursor_text(page.newer),
    )


@router.get("/wishes/{wish}")
def one_wish(here: Signed, wish: Word) -> ApiWish:
    """What became of something that a role was asked to do."""
    found = answer(here.reads, wish)
    if found is None:
        raise Unknown(problem("There is no such wish. The answer to an act names it."))
    asked = found.wish
    return ApiWish(asked.id, asked.role, asked.kind, asked.at, found.state, found.what, found.at)


def _kinds(wanted: list[str]) -> frozenset[str]:
    """The kinds that are asked for, all when none is.  Raises Refused at the unknown one."""
    for place, one in enumerate(wanted):
        if one not in KINDS:
            known = ", ".join(sorted(KINDS))
            raise Refused(problem(f"No event is called {one}. There are {known}.", "kind", place))
    return frozenset(wanted or KINDS)


def _cursor(text: str, where: str) -> Cursor:
    try:
        return read_cursor(text)
    except NotACursor:
        what = f"This is no place in the journal. Take it from an answer; it is like {PLACE}."
        raise Refused(problem(what, where)) from None


def _shown(told: Told) -> ApiEvent:
    event = told.entry.event
    kind = type(event).__name__
    return ApiEvent(told.file, told.entry.seq, told.entry.at, kind, say(event), to_json(event))
