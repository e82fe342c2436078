"""The routes of the API: where they are, and that each takes the words it knows and no others."""

from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from typing import Any

from fastapi import APIRouter, Depends, Request

from appliance.actions.refusals import problem
from appliance.errors import Refused
from webui.api.wording import unknown

API = "/api/v1"


def only_known_words(request: Request) -> None:
    """Refuse words in the query that the route does not take; what is ignored is a trap."""
    known = sorted(_query(request.scope["route"].dependant))
    wrong = [name for name in request.query_params if name not in known]
    if wrong:
        raise Refused(*(problem(unknown(name, known), name) for name in wrong))


def routes_of(tag: str) -> APIRouter:
    """A router for one noun; its routes are whole: their path and checks are in them."""
    return APIRouter(
        prefix=API,
        tags=[tag],
        dependencies=[Depends(only_known_words)],
        generate_unique_id_function=lambda route: route.name,
    )


def body_words(request: Request) -> tuple[str, ...]:
    """The names that the body of this route may have; none where it is not a group of them."""
    field = getattr(request.scope.get("route"), "body_field", None)
    kind = field.field_info.annotation if field is not None else None
    return tuple(one.name for one in fields(kind)) if is_dataclass(kind) else ()


def _query(dependant: Any) -> Iterator[str]:
    """Names in the query, of the route and of what it depends on."""
    yield from (one.alias for one in dependant.query_params)
    for below in dependant.dependencies:
        yield from _query(below)
