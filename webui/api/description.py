"""openapi.json: what FastAPI finds in the routes, made so that a client can be generated from it.

Schemas have the names that people read; every route says the scope it needs and only the refusals
that it can give.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import TypeAdapter

from webui.api.words import Problems
from webui.session import BY_METHOD

Json = dict[str, Any]

TEXT = """Everything the admin's pages can do.

**Who asks.** Send a token: `Authorization: Bearer nixie_…`. Tokens have a scope: `read` looks,
`write` changes, `admin` is the owner's; each includes the ones before it. The admin's own session
does as well.

**What is refused** is answered as `{"problems": [{"where": ["url"], "what": "a sentence"}]}`:
`where` is the path of the field, empty for the whole request. Below HTTP itself 400, 408 and 431
are answered in the same shape.

**What takes a while** is a wish: an answer with a `wish` is followed by `GET /wishes/{wish}`.

**Lists** are whole unless they have a `limit`; those with a cursor say how to go on. Times are Unix
seconds, sizes bytes.
"""
REFUSALS: Mapping[str, str] = {
    "401": "No token, or one that opens nothing.",
    "403": "The scope is too small, or the request comes from another site.",
    "404": "There is no such thing.",
    "409": "It changed meanwhile.",
    "413": "The body is too long.",
    "421": "The Host is neither an address nor a name of this router.",
    "422": "The request has problems; nothing was changed.",
    "429": "Too many tries; wait for Retry-After seconds.",
    "500": "A mistake of Nixie's own; it is in the log of the web role.",
    "503": "A role, or the disk, does not answer; try again after Retry-After seconds.",
}
RETRY = {"Retry-After": {"schema": {"type": "integer"}, "description": "seconds"}}
ALWAYS = frozenset({"421", "422", "500", "503"})

FASTAPIS = ("HTTPValidationError", "ValidationError")
"""Schemas of the errors that FastAPI would answer; ours are `Problems`."""

_SCHEMA = re.compile(r"(?<=/schemas/)Api(?=[A-Z])")


def described(raw: Json) -> Json:
    """The finished description; `raw` is left as it is."""
    told: Json = _renamed(_with_problems(raw))
    told["info"]["description"] = TEXT
    for name in FASTAPIS:
        told["components"]["schemas"].pop(name, None)
    for path, method, operation in operations(told):
        scope = _scope(method, operation)
        codes = _refusals(path, method, operation, scope)
        good = {code: one for code, one in operation["responses"].items() if code not in REFUSALS}
        operation["responses"] = {**good, **{code: _refusal(code) for code in sorted(codes)}}
        if scope:
            needs = f"Needs the scope `{scope}`."
            operation["description"] = f"{operation['description'].rstrip()}\n\n{needs}"
            operation["security"] = [{name: [scope] for name in operation["security"][0]}]
        else:
            operation["security"] = []
    return told


def _with_problems(raw: Json) -> Json:
    """With the shape of every refusal, which no route has to carry."""
    shape = TypeAdapter(Problems).json_schema(ref_template="#/components/schemas/{model}")
    schemas = {**raw["components"]["schemas"], **shape.pop("$defs"), "Problems": shape}
    return {**raw, "components": {**raw["components"], "schemas": schemas}}


def operations(told: Json) -> Iterator[tuple[str, str, Json]]:
    """(path, method, operation) of every route."""
    for path, methods in told["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


def _scope(method: str, operation: Json) -> str:
    """The scope that a route needs, "" when it is for everybody."""
    scopes = [one for entry in operation.get("security", ()) for one in next(iter(entry.values()))]
    if BY_METHOD not in scopes:
        return str(scopes[0]) if scopes else ""
    return "read" if method == "get" else "write"


def _refusals(path: str, method: str, operation: Json, scope: str) -> set[str]:
    """The codes that a route can be refused with: by nature, and those that it declares."""
    by_nature = {
        "401": bool(scope),
        "403": method != "get" or scope == "admin",
        "404": "{" in path,
        "413": "requestBody" in operation,
    }
    declared = {code for code in operation["responses"] if code in REFUSALS}
    return declared | ALWAYS | {code for code, so in by_nature.items() if so}


def _refusal(code: str) -> Json:
    shape = {"$ref": "#/components/schemas/Problems"}
    answer: Json = {
        "description": REFUSALS[code],
        "content": {"application/json": {"schema": shape}},
    }
    return {**answer, "headers": RETRY} if code in ("429", "503") else answer


def _renamed(value: Any) -> Any:
    """A copy in which schemas go without the prefix that tells them from the router's values."""
    if isinstance(value, dict):
        return {
            key: _SCHEMA.sub("", one)
            if key == "$ref"
            else {name.removeprefix("Api"): _titled(name, body) for name, body in one.items()}
            if key == "schemas"
            else _renamed(one)
            for key, one in value.items()
        }
    return [_renamed(one) for one in value] if isinstance(value, list) else value


def _titled(name: str, schema: Json) -> Json:
    return {**_renamed(schema), "title": name.removeprefix("Api")}
