"""A host that was built elsewhere, on its way in: what it is, and the files that it is made of.

`look` is what our adapter says of the host (services/nix/adapter/introspect.nix), as it came: the
role build reads it with the same care as that of a stranger.  Files have the names by which `look`
knows them, and are told apart by their SHA-256: what is here already is not sent again.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from appliance.model.closures import Closure
from appliance.model.closures import problem_of as problem_of_closure

REVISION = "pushed"
"""What stands for the revision of a generation that nobody else can have."""
MOST_FILES = 64
LARGEST_FILE = 4 << 30
SHA256 = re.compile(r"[0-9a-f]{64}")
_PATH = re.compile(r"/nix/store/[A-Za-z0-9+._?=/-]{32,400}")


@dataclass(frozen=True, slots=True)
class Piece:
    """One file: its path in the store where it was made, and its bytes by their hash."""

    path: str
    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class Pushed:
    """A host from elsewhere.  `revision` is its commit, "…-dirty" with changes, "" unknown."""

    host: str  # id
    look: Mapping[str, Any]
    pieces: tuple[Piece, ...]
    revision: str = ""
    where: str = ""  # the computer that built it
    nix: str = ""  # version
    closure: Closure = field(default_factory=dict)  # of its toplevel; empty where unknown


def problem_of(pushed: Pushed) -> str:
    """What is wrong with it before its files are looked at; "" when nothing is."""
    if not pushed.pieces or len(pushed.pieces) > MOST_FILES:
        return f"A host has between 1 and {MOST_FILES} files."
    for one in pushed.pieces:
        if not SHA256.fullmatch(one.sha256) or not _PATH.fullmatch(one.path):
            return f"{one.path[:80]!r} is no file of a store with its SHA-256."
        if not 0 < one.size < LARGEST_FILE:
            return f"{one.path} has {one.size} bytes; between 1 byte and 4 GiB are taken."
    words = (pushed.revision, pushed.where, pushed.nix)
    if any(len(word) > 100 or not word.isprintable() for word in words):
        return "The revision, the computer and the version of Nix are short words."
    return problem_of_closure(pushed.closure)


def to_json(pushed: Pushed) -> dict[str, Any]:
    """The form in which web leaves it for build."""
    return asdict(pushed)


def from_json(stored: Mapping[str, Any]) -> Pushed:
    """Read what `to_json` wrote.  Raises KeyError or TypeError on anything else."""
    pieces = tuple(Piece(**one) for one in stored["pieces"])
    return Pushed(**{**stored, "pieces": pieces})
