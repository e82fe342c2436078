"""`nixie journal`: what every part of the router says."""

import json
from typing import Annotated, Any

import typer

from appliance.cli.client import REFUSED, Failed, now, rest
from appliance.cli.everywhere import Call, command
from appliance.cli.words import moment, plain, seconds

PAUSE_SECONDS = 1.0
AT_ONCE = 500  # the most that one question is answered with

Kinds = Annotated[list[str] | None, typer.Option("--kind", help="Only such events; may repeat.")]


def add(app: typer.Typer) -> None:
    """Put the command on the top level."""
    command(app, "journal")(journal)


def journal(
    call: Call,
    kind: Kinds = None,
    since: Annotated[str, typer.Option(help="Not older: 90s, 15min, 2h, 3d.")] = "",
    limit: Annotated[int, typer.Option(help="At most so many.")] = 50,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="And what comes, until stopped.")
    ] = False,
) -> None:
    """What every part of the router says, the newest last.

    With --follow --json each event is one line.
    """
    page = call.client.get("/journal", kind=kind, since=_moment(since), limit=limit)
    if not follow:
        call.show(page, "\n".join(map(_line, reversed(page["events"]))) or "Nothing was said yet.")
        return
    try:
        while True:
            for event in reversed(page["events"]):
                typer.echo(json.dumps(event, ensure_ascii=False) if call.as_json else _line(event))
            if len(page["events"]) < AT_ONCE:
                rest(PAUSE_SECONDS)
            page = call.client.get("/journal", kind=kind, after=page["newer"], limit=AT_ONCE)
    except KeyboardInterrupt:
        return


def _moment(since: str) -> float | None:
    """The Unix seconds so long ago.  Raises Failed."""
    if not since:
        return None
    span = seconds(since)
    if span is None:
        raise Failed(REFUSED, f"{since!r} is no length of time. Write 90s, 15min, 2h or 3d.")
    return now() - span


def _line(event: Any) -> str:
    """One event.

    >>> _line({"at": 1_795_385_100.0, "file": "net", "what": "enp2s0 is back."})
    '2026-11-22 22:05:00Z  net     enp2s0 is back.'
    """
    return f"{moment(event['at'])}  {event['file'].ljust(6)}  {plain(event['what'])}"
