"""Hosts that are built elsewhere: which of their files are missing here, and taking them."""

from dataclasses import field
from typing import Annotated, Any

from fastapi import Body
from pydantic import Field

from appliance.actions import pushes
from appliance.model.closures import MOST_PATHS
from appliance.model.pushed import LARGEST_FILE, Piece, Pushed
from webui.api.routes import routes_of
from webui.api.shape import shape
from webui.api.words import ShortText, SourceWord, Word, body
from webui.session import Owning

router = routes_of("hosts")
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$", examples=["e3b0c44298fc1c149afbf4c8" * 2])]
Size = Annotated[int, Field(ge=0, le=LARGEST_FILE)]

Closure = Annotated[
    dict[str, int],
    Field(max_length=MOST_PATHS, description="paths of its toplevel's closure to bytes, if known"),
]


@shape
class ApiPiece:
    """A file of the host; `path` is where it lies in the store in which it was made."""

    path: ShortText
    sha256: str
    size: Size


@shape
class ApiPush:
    """A host that was built elsewhere; `look` is what Nixie's adapter says of it."""

    __pydantic_config__ = body(look={}, pieces=[], revision="9f31c2e-dirty", where="bench")
    look: dict[str, Any]
    pieces: Annotated[list[ApiPiece], Field(max_length=64)]
    revision: ShortText = ""
    where: ShortText = ""
    nix: ShortText = ""
    closure: Closure = field(default_factory=dict)


@shape
class ApiMissing:
    """How many bytes of a file are here: send the next from there."""

    sha256: str
    has: int


@shape
class ApiPushed:
    """What is missing; when nothing is, the host is made, and `wish` is answered."""

    missing: list[ApiMissing]
    wish: str | None
    what: str


@router.post("/hosts/{source}/{name}/push")
def push(here: Owning, source: SourceWord, name: Word, asked: ApiPush) -> ApiPushed:
    """Make a generation on trial of a host that was built elsewhere, once its files are here."""
    pieces = tuple(Piece(one.path, one.sha256, one.size) for one in asked.pieces)
    host = f"{source}/{name}"
    words = (asked.revision, asked.where, asked.nix)
    pushed = Pushed(host, asked.look, pieces, *words, asked.closure)
    lacks = pushes.missing(here.desk, here.actor, pushed)
    if lacks:
        return ApiPushed([ApiMissing(one.sha256, has) for one, has in lacks], None, "")
    told = pushes.push_host(here.desk, here.actor, pushed)
    return ApiPushed([], told.wish, told.what)


@router.put("/pushes/{sha256}")
def add_piece(
    here: Owning,
    sha256: str,
    at: Size,
    size: Size,
    content: Annotated[bytes, Body(media_type="application/octet-stream")],
) -> ApiMissing:
    """Take the bytes of a file from `at` on, a mebibyte at most; `has` is where to go on."""
    piece = Piece(f"/nix/store/{sha256}", sha256, size)
    return ApiMissing(sha256, pushes.add_piece(here.desk, here.actor, piece, at, content))
