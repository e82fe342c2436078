"""`nixie boot`: every attempt, step by step."""

from typing import Annotated, Any

import typer

from appliance.cli.client import ENDED_BADLY, UNKNOWN, Failed
from appliance.cli.everywhere import Call, command, noun
from appliance.cli.words import facts, moment, quoted, rate, size, span, table

group = noun("Boots: every attempt, step by step.")

ENDED_WELL = ("up", "served", "local")
ENDED = (*ENDED_WELL, "short", "left")


@command(group, "list")
def every(
    call: Call,
    mac: Annotated[str | None, typer.Option(help="Of one MAC.")] = None,
    limit: Annotated[int, typer.Option(help="At most so many.")] = 20,
) -> None:
    """Boots, newest first."""
    found = call.client.get("/boots", mac=mac, limit=limit)
    rows = [
        (
            moment(one["began_at"]),
            one["mac"],
            one["firmware"],
            one["name"],
            one["state"],
            span(one["ended_at"] - one["began_at"]) if one["ended_at"] else "",
            one["id"],
        )
        for one in found
    ]
    headings = ("BEGAN", "MAC", "FIRMWARE", "HOST", "STATE", "TOOK", "ID")
    call.show(found, table(headings, rows, "Nothing has asked to boot yet."))


@command(group)
def show(
    call: Call,
    boot: Annotated[str, typer.Argument(help="Id, or a MAC for its last boot.")],
    wait: Annotated[bool, typer.Option("--wait", help="Until it ended.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.")] = 600.0,
) -> None:
    """One boot's timeline; with --wait it ends 0 exactly when the machine came up."""
    ident = _ident(call, boot)
    look = f"/boots/{quoted(ident)}"
    if wait:
        found = call.client.until(
            lambda: call.client.get(look),
            lambda now: now["boot"]["state"] in ENDED,
            timeout,
            lambda now: f"{now['boot']['mac']}: {now['boot']['state']} …",
        )
    else:
        found = call.client.get(look)
    call.show(found, lambda: _timeline(found))
    if wait and found["boot"]["state"] not in ENDED_WELL:
        cause = found["cause"] or {"heading": "The boot fell short."}
        raise Failed(ENDED_BADLY, cause["heading"])


def _ident(call: Call, boot: str) -> str:
    if len(boot.replace(":", "").replace("-", "")) != 12:
        return boot
    last = call.client.get("/boots", mac=boot, limit=1)
    if not last:
        raise Failed(UNKNOWN, f"{boot} has not booted yet.")
    return str(last[0]["id"])


def _timeline(found: Any) -> str:
    boot, began = found["boot"], found["boot"]["began_at"]
    cause = found["cause"] or {"heading": boot["diagnosis"], "way_out": "", "proof": []}
    about = facts(
        [
            ("boot", boot["id"]),
            ("machine", f"{boot['mac']} on {boot['network']}, {boot['firmware']}"),
            ("host", boot["name"]),
            ("state", boot["state"]),
            ("why", cause["heading"]),
            ("way out", cause["way_out"]),
            *(("seen", line) for line in cause["proof"]),
            ("began", moment(began)),
            ("took", span(boot["ended_at"] - began) if boot["ended_at"] else None),
        ]
    )
    rows = [
        (
            f"+{step['began_at'] - began:.2f} s",
            step["kind"],
            step["name"],
            size(step["bytes"]),
            _rate(step),
            span(step["ended_at"] - step["began_at"]) if step["ended_at"] else "",
            step["status"],
            _why(step["detail"]),
        )
        for step in found["steps"]
    ]
    headings = ("AT", "STEP", "WHAT", "SENT", "RATE", "TOOK", "STATUS", "WHY")
    return f"{about}\n\n{table(headings, rows, 'No steps yet.')}"


def _rate(step: Any) -> str:
    return rate(step["bytes"], step["ended_at"] - step["began_at"]) if step["ended_at"] else ""


def _why(detail: Any) -> str:
    """What a step says of itself: a sentence of dhcp's, or of the script's.

    >>> _why({"why": "the pool is used up"}), _why({"reason": "waiting"}), _why({})
    ('the pool is used up', 'waiting', '')
    """
    said = (str(detail[key]) for key in ("why", "sentence", "reason") if detail.get(key))
    return next(said, "")
