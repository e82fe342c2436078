"""What does not fit into a request, in our words: pydantic's kinds of errors as sentences.

Each says what is wrong and what belongs there; the place is the path of the field, () the body.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from appliance.errors import Problem

MOST = 20  # problems told at once

Error = Mapping[str, Any]


def problems(errors: Sequence[Error], known: Sequence[str] = ()) -> tuple[Problem, ...]:
    """Pydantic's errors as problems; `known` are the names that the body may have.

    >>> problems([{"type": "missing", "loc": ("body", "url"), "input": {}}])
    (Problem(where=('url',), what='This is missing.'),)
    """
    return tuple(Problem(_place(one), sentence(one, known)) for one in errors[:MOST])


def sentence(error: Error, known: Sequence[str] = ()) -> str:
    """One error as a sentence.

    >>> sentence({"type": "int_parsing", "loc": ("query", "limit"), "input": "ten"})
    "'ten' is no whole number."
    """
    kind = str(error["type"])
    if len(error["loc"]) == 1 or kind == "json_invalid":
        return _WHOLE.get(kind, _OBJECT).format(place=error["loc"][-1])
    if kind in _UNKNOWN:
        return unknown(str(error["loc"][-1]), known)
    said = _SAID.get(kind)
    if said is None:
        return f"{_shown(error['input'])} is not what belongs here. See openapi.json."
    return said(error["input"], error.get("ctx") or {})


def unknown(name: str, known: Sequence[str]) -> str:
    """A name that nothing has.

    >>> unknown("bogus", ["name", "days"])
    'Nothing here is called bogus. There are name and days.'
    """
    *first, last = known or [""]
    there = f"{', '.join(first)} and {last}" if first else last
    verb = "are" if first else "is"
    return f"Nothing here is called {_cut(name)}." + (f" There {verb} {there}." if last else "")


_UNKNOWN = frozenset({"extra_forbidden", "unexpected_keyword_argument"})
_OBJECT = "A JSON object belongs here, sent as Content-Type: application/json."
_WHOLE: Mapping[str, str] = {
    "missing": f"The body is missing. {_OBJECT}",
    "json_invalid": "This is no JSON from character {place} on. Send one JSON object.",
}
"""Errors of a whole body; anything else is `_OBJECT`."""

Said = Callable[[Any, Mapping[str, Any]], str]


def _no(what: str) -> Said:
    return lambda value, _: f"{_shown(value)} is no {what}."


_SAID: Mapping[str, Said] = {
    "missing": lambda *_: "This is missing.",
    "string_type": _no("text"),
    "string_unicode": lambda *_: "This is text that is not Unicode.",
    "int_type": _no("whole number"),
    "int_parsing": _no("whole number"),
    "int_parsing_size": _no("whole number of a size that anything has"),
    "int_from_float": _no("whole number"),
    "float_type": _no("number"),
    "float_parsing": _no("number"),
    "finite_number": _no("number"),
    "bool_type": _no("true or false"),
    "bool_parsing": _no("true or false"),
    "list_type": _no("list"),
    "dict_type": _no("object"),
    "string_too_long": lambda _, at: f"This is too long: at most {at['max_length']} characters.",
    "string_too_short": lambda _, at: f"This is too short: at least {at['min_length']} characters.",
    "string_pattern_mismatch": lambda value, at: f"{_shown(value)} is not like {at['pattern']}.",
    "too_long": lambda _, at: f"This list is too long: at most {at['max_length']}.",
    "greater_than_equal": lambda value, at: f"{_shown(value)} is too small: at least {at['ge']}.",
    "less_than_equal": lambda value, at: f"{_shown(value)} is too large: at most {at['le']}.",
}
"""Kind of error → its sentence, from what was sent and the limits."""


def _place(error: Error) -> tuple[str | int, ...]:
    return () if error["type"] == "json_invalid" else tuple(error["loc"][1:])


def _shown(value: object) -> str:
    """What was sent, not too much of it."""
    return _cut(repr(value) if isinstance(value, str) else str(value))


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:57]}…"
