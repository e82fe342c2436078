"""`nixie host push`: the working tree of a flake becomes what machines run next."""

import json
import sys
from typing import Annotated, Any

import typer

from appliance import assemble
from appliance.cli import host as hosts
from appliance.cli.client import REFUSED, Client, Failed
from appliance.cli.everywhere import Call, command
from appliance.cli.words import quoted, size
from appliance.errors import Refused

SENT_BYTES = 1 << 20  # at a time; the router takes no longer body


def add(group: typer.Typer) -> None:
    """Put the command on `group`."""
    command(group)(push)


def push(
    call: Call,
    flake: Annotated[str, typer.Argument(help="Flake and host: .#ember")],
    to: Annotated[
        str | None, typer.Option(help="The host on the router, where its name is another.")
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.")] = 600.0,
) -> None:
    """Build a host here, with what is not committed, and make it a generation on trial.

    Files that the router has already are not sent.  Needs nix here, and a token of an owner.
    """
    place, _, name = flake.partition("#")
    if not name:
        raise Failed(REFUSED, f"Write which host is meant: {place or '.'}#NAME")
    found = hosts.meant(call.client, to or name)
    source = call.client.get(f"/sources/{quoted(found['source'])}")
    try:
        made = assemble.built_here(place or ".", name, as_built=bool(source["as_built"]))
    except Refused as refused:
        raise Failed(REFUSED, *(one.what for one in refused.problems)) from None
    pieces = [{"path": p.path, "sha256": p.sha256, "size": p.size} for p in made.pieces]
    told = {
        "look": made.look,
        "pieces": pieces,
        "revision": made.revision,
        "where": made.where,
        "nix": made.nix,
        "closure": made.closure,
    }
    if len(json.dumps(told)) > SENT_BYTES:
        told["closure"] = {}
    path = f"/hosts/{quoted(found['source'])}/{quoted(found['name'])}/push"
    answer = call.client.post(path, told)
    sent = sum(_sent(call.client, made, one) for one in answer["missing"])
    if answer["missing"]:
        answer = call.client.post(path, told)
    if answer["missing"]:
        raise Failed(REFUSED, "The router did not get everything. Push again: it goes on there.")
    _said(sent, sum(one.size for one in made.pieces))
    became = call.answer(answer["wish"], timeout)
    call.show(became, str(became["what"]))


def _sent(client: Client, made: Any, lacks: Any) -> int:
    """Send what is missing of one file; returns how many bytes that were."""
    piece = next(one for one in made.pieces if one.sha256 == lacks["sha256"])
    at = began = int(lacks["has"])
    with made.opened(piece) as file:
        while at < piece.size:
            file.seek(at)
            content = file.read(SENT_BYTES)
            told = client.send(f"/pushes/{piece.sha256}", content, at=at, size=piece.size)
            if told["has"] <= at:
                raise Failed(
                    REFUSED,
                    f"{piece.path} changed on its way. Push it again.",
                )
            at = told["has"]
    return int(piece.size) - began


def _said(sent: int, whole: int) -> None:
    print(f"{size(sent)} of {size(whole)} were new to the router", file=sys.stderr, flush=True)
