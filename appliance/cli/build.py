"""`nixie build`: the queue and its logs."""

import json
import sys
from typing import Annotated, Any

import typer

from appliance.cli.client import ENDED_BADLY, Failed
from appliance.cli.everywhere import Call, command, noun
from appliance.cli.words import facts, moment, quoted, span, table

group = noun("Builds: the queue, what runs, and what it says.")

LONGEST_SECONDS = 86400.0
ENDED = ("built", "unchanged", "failed", "cancelled")
Which = Annotated[str, typer.Argument(help="Id of the build.")]


@command(group, "list")
def every(call: Call, limit: Annotated[int, typer.Option(help="At most so many.")] = 20) -> None:
    """Builds, newest first."""
    found = call.client.get("/builds", limit=limit)
    rows = [
        (one["id"], one["name"], one["state"], _progress(one), moment(one["queued_at"]), _took(one))
        for one in found
    ]
    headings = ("ID", "HOST", "STATE", "PHASE", "ASKED", "TOOK")
    call.show(found, table(headings, rows, "Nothing was built yet."))


@command(group)
def show(call: Call, build: Which) -> None:
    """One build."""
    found = call.client.get(f"/builds/{quoted(build)}")
    call.show(found, lambda: _described(found))


@command(group)
def log(
    call: Call,
    build: Which,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Until it ends.")] = False,
) -> None:
    """What a build says; with --json one object a line: text, end, size, finished."""
    end, finished = _said(call, build, 0)
    while follow and not finished:
        end, finished = _said(call, build, end)
        if not finished:
            _wait_for_more(call, build, end)


@command(group)
def cancel(call: Call, build: Which) -> None:
    """Stop a build."""
    call.did(call.client.post(f"/builds/{quoted(build)}/cancel"))


@command(group)
def retry(call: Call, build: Which) -> None:
    """Build the same host again."""
    call.did(call.client.post(f"/builds/{quoted(build)}/retry"))


def followed(call: Call, build: str, seconds: float) -> None:
    """Wait for a build's end with its phases on standard error, then show it."""
    found = call.client.until(
        lambda: call.client.get(f"/builds/{quoted(build)}"),
        lambda now: now["state"] in ENDED,
        seconds,
        lambda now: f"{now['name']}: {_progress(now) or now['state']} …",
    )
    call.show(found, lambda: _described(found))
    if found["state"] in ("failed", "cancelled"):
        sys.stdout.flush()
        raise Failed(ENDED_BADLY, found["what"] or f"The build was {found['state']}.")


def _said(call: Call, build: str, start: int) -> tuple[int, bool]:
    """Print the log from `start` on; (where it ends, whether no more will come)."""
    while True:
        piece = call.client.get(f"/builds/{quoted(build)}/log", start=start)
        typer.echo(json.dumps(piece) if call.as_json else piece["text"], nl=call.as_json)
        start = piece["end"]
        if start >= piece["size"]:
            return start, bool(piece["finished"])


def _wait_for_more(call: Call, build: str, end: int) -> None:
    call.client.until(
        lambda: call.client.get(f"/builds/{quoted(build)}/log", start=end),
        lambda more: more["size"] > end or more["finished"],
        LONGEST_SECONDS,
        lambda _: "",
    )


def _progress(one: Any) -> str:
    if one["state"] != "running" or not one["expected"]:
        return str(one["phase"])
    return f"{one['phase']} {one['done']}/{one['expected']}"


def _took(one: Any) -> str:
    began, ended = one["began_at"], one["ended_at"]
    return span(ended - began) if began and ended else ""


def _described(found: Any) -> str:
    return facts(
        [
            ("build", found["id"]),
            ("host", found["name"]),
            ("state", found["state"]),
            ("why", found["what"]),
            ("phase", _progress(found)),
            ("asked", moment(found["queued_at"])),
            ("took", _took(found)),
            ("on", found["builder"] or "this router"),
            ("image", found["image"]),
        ]
    )
