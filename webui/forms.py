"""What forms send and what they get back: text, ticks, numbers; problems by field.

A form is a frozen dataclass of texts; a route takes it by `Annotated[Typed, filled(Typed)]`.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from fastapi import Depends, Form, Request
from starlette.datastructures import FormData

from appliance.errors import Problem, Refused

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

Text = Annotated[str, Form()]
"""One text of a route that takes no more than a few."""
Texts = Annotated[tuple[str, ...], Form()]
"""What check boxes of one name send."""
Shape = TypeVar("Shape", bound="DataclassInstance")


def filled(shape: type[Shape]) -> Any:
    """What a route takes for a form of that shape.

    FastAPI would hold a validator for each of its fields, 7 kB of memory, only to find texts.
    """

    async def read(request: Request) -> Shape:
        return read_as(shape, await request.form())

    return Depends(read)


def read_as(shape: type[Shape], sent: FormData) -> Shape:
    """A form of that shape: texts, and a tuple where its default is one; what is missing is empty.

    Raises Refused for a file where a text belongs.

    >>> from dataclasses import dataclass
    >>> @dataclass(frozen=True)
    ... class Typed:
    ...     name: str
    ...     colour: str = "blue"
    ...     days: tuple[str, ...] = ()
    >>> read_as(Typed, FormData([("days", "mon"), ("days", "sun"), ("other", "x")]))
    Typed(name='', colour='blue', days=('mon', 'sun'))
    """
    found: dict[str, str | tuple[str, ...]] = {}
    for one in fields(shape):
        texts = tuple(text for text in sent.getlist(one.name) if isinstance(text, str))
        if len(texts) < len(sent.getlist(one.name)):
            raise Refused(Problem((one.name,), "Send text here, not a file."))
        if isinstance(one.default, tuple):
            found[one.name] = texts
        elif texts:
            found[one.name] = texts[-1]
        elif not isinstance(one.default, str):
            found[one.name] = ""
    return shape(**found)


def beside(refused: Refused) -> dict[str, str]:
    """Problems by field name, "" for the whole form; several for one field are joined.

    >>> from appliance.errors import Problem
    >>> beside(Refused(Problem(("macs", 0), "Taken."), Problem((), "Late.")))
    {'macs.0': 'Taken.', '': 'Late.'}
    """
    found: dict[str, str] = {}
    for problem in refused.problems:
        field = ".".join(map(str, problem.where))
        found[field] = f"{found[field]} {problem.what}" if field in found else problem.what
    return found


def joined(problems: Mapping[str, str], field: str) -> str:
    """What is wrong with a list that is typed into one field.

    >>> joined({"hosts.0": "Bad.", "hosts.1": "Too.", "name": "Taken."}, "hosts")
    'Bad. Too.'
    """
    return " ".join(what for where, what in problems.items() if where.split(".")[0] == field)


def ticked(value: str) -> bool:
    """Whether a check box was sent as set.

    >>> ticked("on"), ticked("")
    (True, False)
    """
    return value.strip().lower() in ("on", "1", "true", "yes")


def whole(text: str) -> int | None:
    """A whole number as it was typed; None when it is none.

    >>> whole("10"), whole(" 7 "), whole("ten"), whole("-1"), whole("1" * 12)
    (10, 7, None, None, None)
    """
    plain = text.strip()
    return int(plain) if plain.isdecimal() and len(plain) < 10 else None


def seen(value: object) -> str:
    """A short word for the present content of something; a form carries the one it was made from.

    >>> seen(["a", 1]) == seen(["a", 1]), seen(["a", 1]) == seen(["a", 2])
    (True, False)
    """
    told = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:16]
