"""What a system is made of: every path of the store that it refers to, and its size.

Noted beside the manifest of an image when that is published, for whoever compares two of them.
"""

import re
from collections.abc import Mapping
from typing import Any

Closure = Mapping[str, int]
"""Bytes of the archive of each path, by its name in the store: hash part, dash, name."""

SCHEMA = 1
MOST_PATHS = 20_000
"""More is not noted: a desktop with everything has a quarter of that."""
LARGEST_PATH = 1 << 50
_NAME = re.compile(r"[0-9a-df-np-sv-z]{32}-[A-Za-z0-9+._?=-]{1,211}")


def problem_of(closure: Mapping[Any, Any]) -> str:
    """What is wrong with one that others sent; "" when nothing is."""
    if len(closure) > MOST_PATHS:
        return f"A system of more than {MOST_PATHS:,} paths is not taken."
    for name, size in closure.items():
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            return f"{str(name)[:80]!r} is no name in a store."
        if type(size) is not int or not 0 <= size < LARGEST_PATH:
            return f"{name} has no size."
    return ""


def to_json(closure: Closure) -> dict[str, Any]:
    """The note in published/closures/<image>.json."""
    return {"schema": SCHEMA, "paths": dict(closure)}


def from_json(stored: Any) -> Closure | None:
    """Read a note; None when it is not whole, or a newer Nixie wrote it."""
    try:
        paths = stored["paths"]
        known = int(stored["schema"]) <= SCHEMA and isinstance(paths, dict)
    except (KeyError, TypeError, ValueError):
        return None
    return None if not known or problem_of(paths) else paths
