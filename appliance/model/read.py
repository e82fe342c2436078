"""RouterConfig from JSON and back, with the standard library alone.

Every field is checked here, each problem with its place; `check.py` finds what fields alone cannot
show.  The classes in `config.py` are the grammar: this file knows no field by name.
"""

import re
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from functools import cache
from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from appliance.errors import Problem, Refused
from appliance.model.config import SCHEMA, RouterConfig
from appliance.model.limits import Between, Matches

Place = tuple[str | int, ...]
Part = TypeVar("Part")

ADDRESSES: Mapping[Any, tuple[Callable[[str], Any], str]] = {
    IPv4Address: (IPv4Address, "an IPv4 address like 10.77.0.1"),
    IPv4Interface: (IPv4Interface, "an address with its prefix like 10.77.0.1/24"),
    IPv4Network: (IPv4Network, "a network like 10.77.0.0/24"),
    IPv6Address: (IPv6Address, "an IPv6 address like fd00::1"),
    IPv6Network: (IPv6Network, "an IPv6 network like fd00::/64"),
    IPv4Address | IPv6Address: (ip_address, "an IPv4 or IPv6 address like 9.9.9.9 or 2620:fe::fe"),
    IPv4Network | IPv6Network: (ip_network, "a network like 10.99.0.0/16 or fd99::/48"),
}
PLAIN: Mapping[type, str] = {str: "text", int: "a whole number", bool: "true or false"}


def config(stored: object) -> RouterConfig:
    """Read a revision's JSON.  Raises Refused with every problem found."""
    version = stored.get("schema", SCHEMA) if isinstance(stored, Mapping) else SCHEMA
    if isinstance(version, int) and version > SCHEMA:
        raise Refused(
            Problem(
                ("schema",),
                f"This configuration has layout {version}, this Nixie knows {SCHEMA}. "
                "Update Nixie, or restore a configuration made by this version.",
            )
        )
    return part(RouterConfig, stored)


def part(kind: type[Part], stored: object, place: Place = ()) -> Part:
    """Read one group of settings, which lies at `place`.  Raises Refused with every problem."""
    problems: list[Problem] = []
    made = _read(kind, stored, place, problems)
    if problems:
        raise Refused(*problems)
    return made  # type: ignore[no-any-return]


def to_json(value: Any) -> Any:
    """The JSON of a configuration or of any part of it."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: to_json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [to_json(one) for one in value]
    return value if value is None or isinstance(value, str | int) else str(value)


def _read(kind: Any, stored: object, place: Place, problems: list[Problem]) -> Any:
    """One value of any kind; on a problem None is returned and the problem noted."""
    origin = get_origin(kind)
    if origin is Annotated:
        inner, *limits = get_args(kind)
        return _limited(inner, limits, stored, place, problems)
    if kind in ADDRESSES:
        return _address(kind, stored, place, problems)
    if origin in (Union, types.UnionType):
        (inner,) = (one for one in get_args(kind) if one is not types.NoneType)
        return None if stored is None else _read(inner, stored, place, problems)
    if origin is tuple:
        return _many(get_args(kind)[0], stored, place, problems)
    if isinstance(kind, type) and is_dataclass(kind):
        return _record(kind, stored, place, problems)
    return _single(kind, stored, place, problems)


def _address(kind: Any, stored: object, place: Place, problems: list[Problem]) -> Any:
    make, like = ADDRESSES[kind]
    try:
        if isinstance(stored, str):
            return make(stored)
    except ValueError:
        pass
    if around := _around(kind, stored):
        what = f"{_shown(stored)} is an address in {around}; write {around} for all of it."
        return _note(problems, place, what)
    return _note(problems, place, f"{_shown(stored)} is not {like}.")


def _around(kind: Any, stored: object) -> IPv4Network | IPv6Network | None:
    """The network of `kind` that an address with a prefix is in; None when it is no such thing."""
    try:
        found = ip_network(str(stored), strict=False)
    except ValueError:
        return None
    return found if isinstance(found, kind) else None


def _single(kind: type, stored: object, place: Place, problems: list[Problem]) -> Any:
    if type(stored) is not kind:
        return _note(problems, place, f"{_shown(stored)} is not {PLAIN[kind]}.")
    return stored


def _limited(
    inner: Any, limits: list[Any], stored: object, place: Place, problems: list[Problem]
) -> Any:
    before = len(problems)
    value = _read(inner, stored, place, problems)
    if len(problems) > before:
        return value
    for limit in limits:
        if isinstance(limit, Matches) and not re.fullmatch(limit.pattern, value):
            return _note(
                problems, place, f"{_shown(value)} does not fit; write it like {limit.like}."
            )
        if isinstance(limit, Between) and not limit.first <= value <= limit.last:
            return _note(problems, place, f"{value} is not between {limit.first} and {limit.last}.")
    return value


def _many(inner: Any, stored: object, place: Place, problems: list[Problem]) -> Any:
    if not isinstance(stored, list | tuple):
        return _note(problems, place, f"{_shown(stored)} is not a list.")
    return tuple(_read(inner, one, (*place, at), problems) for at, one in enumerate(stored))


def _record(kind: type, stored: object, place: Place, problems: list[Problem]) -> Any:
    if not isinstance(stored, Mapping):
        return _note(problems, place, f"{_shown(stored)} is not a group of settings.")
    before = len(problems)
    hints, needed = _grammar(kind)
    for name in stored.keys() - hints.keys():
        _note(problems, (*place, str(name)), f"There is no setting called {name!s}.")
    for name in needed - stored.keys():
        _note(problems, (*place, name), "This setting is missing.")
    given = {
        name: _read(hints[name], stored[name], (*place, name), problems)
        for name in hints
        if name in stored
    }
    if len(problems) > before:
        return None
    try:
        return kind(**given)
    except ValueError as error:
        return _note(problems, place, f"{str(error)[:1].upper()}{str(error)[1:]}.")


@cache
def _grammar(kind: Any) -> tuple[Mapping[str, Any], frozenset[str]]:
    """A class's fields with their types, and the names of those that have no default."""
    hints = get_type_hints(kind, include_extras=True)
    needed = frozenset(
        field.name
        for field in fields(kind)
        if field.default is MISSING and field.default_factory is MISSING
    )
    return {field.name: hints[field.name] for field in fields(kind)}, needed


def _note(problems: list[Problem], place: Place, what: str) -> None:
    problems.append(Problem(place, what))


def _shown(value: object) -> str:
    """A value as the owner wrote it, not too much of it."""
    text = repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
