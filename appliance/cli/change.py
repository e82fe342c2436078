"""`nixie change`: the configuration on trial, kept or undone; and taking back the last act."""

import json
from typing import Annotated, Any

import typer

from appliance.cli.client import REFUSED, UNKNOWN, Failed
from appliance.cli.everywhere import Call, command, noun
from appliance.cli.words import moment, quoted, span, table
from appliance.errors import Refused
from appliance.model import migrate, read
from appliance.model.exchange import exported, imported
from appliance.trial import SECONDS

group = noun(
    "Changes: the configuration on trial until you keep it, what was done, and Undo.\n\n"
    "A configuration goes on trial; unless you keep it in time, the router undoes it by itself. "
    "The old addresses answer until Keep, and leases are for a minute at a time.\n\n"
    "The pages and `import` collect changes in one draft: `review` it, then `apply` it.\n\n"
    "Not here yet: a list of who could reach what afterwards."
)

File = Annotated[typer.FileText, typer.Argument(help="A RouterConfig as JSON; - for input.")]
Seconds = Annotated[int, typer.Option(help="How long it is on trial, 5 to 600.")]
ANSWER_SECONDS = 60.0
"""Applying takes moments; a router that is slower than this is in trouble."""
UNDERWAY = ("on its way", "being applied")
OPEN = (*UNDERWAY, "on trial")


@command(group)
def show(
    call: Call,
    number: Annotated[str, typer.Argument(help="A revision; else what is in force.")] = "",
) -> None:
    """Print a configuration."""
    found = call.client.get(f"/revisions/{quoted(number)}" if number else "/config")
    call.show(found, lambda: json.dumps(found["config"], indent=2))


@command(group, "list")
def list_(call: Call) -> None:
    """Every revision, newest first."""
    found = call.client.get("/revisions")
    rows = [
        (one["number"], moment(one["at"]), one["author"], one["state"], one["why"]) for one in found
    ]
    headings = ("REVISION", "WHEN", "WHO", "STATE", "WHY")
    call.show(found, table(headings, rows, "There is no configuration yet."))


@command(group)
def draft(call: Call) -> None:
    """Print what is changed and not applied, as a whole configuration."""
    found = call.client.get("/draft")
    call.show(found, lambda: json.dumps(found["config"], indent=2))


@command(group)
def review(
    call: Call,
    file: Annotated[
        typer.FileText | None, typer.Argument(help="A RouterConfig as JSON; else the draft.")
    ] = None,
) -> None:
    """Say what the draft would change; or check a configuration and say it of that."""
    found = call.client.post("/config/review", _read(file)) if file else call.client.get("/draft")
    call.show(found, lambda: _told(found))


@command(group)
def apply(call: Call, seconds: Seconds = SECONDS) -> None:
    """Say what the draft changes, and put exactly that on trial."""
    found = call.client.get("/draft")
    typer.echo(_told(found), err=True)
    words = {"base": found["base"], "seen": found["seen"]}
    _tried(call, call.client.post("/draft/apply", **words, seconds=seconds))


@command(group)
def export(
    call: Call,
    number: Annotated[str, typer.Argument(help="A revision; else what is in force.")] = "",
) -> None:
    """Print a configuration as a Nix module; with --json as JSON.  `import` reads both."""
    found = call.client.get(f"/revisions/{quoted(number)}" if number else "/config")["config"]
    call.show(found, lambda: _module(found))


@command(group, "import")
def import_(
    call: Call,
    file: Annotated[
        typer.FileText, typer.Argument(help="A Nix module of plain values, or JSON; - for input.")
    ],
    leave_out: Annotated[
        bool, typer.Option("--leave-out", help="Go on without what has no counterpart here.")
    ] = False,
) -> None:
    """Make a draft of a file: an export, or the options of the closed Nixie module."""
    try:
        found = imported(file.read())
    except Refused as refused:
        raise Failed(REFUSED, *(one.what for one in refused.problems)) from None
    if found.left and not leave_out:
        more = "Nothing was changed. --leave-out goes on without these."
        raise Failed(REFUSED, *found.left, more)
    for one in found.left:
        typer.echo(f"Left out: {one}", err=True)
    call.did(call.client.put("/draft", found.stored))


@command(group)
def discard(call: Call) -> None:
    """Let go of what is not applied."""
    call.did(call.client.delete("/draft"))


@command(group)
def propose(
    call: Call,
    file: File,
    base: Annotated[int | None, typer.Option(help="Refuse if another came since.")] = None,
    seconds: Seconds = SECONDS,
) -> None:
    """Put a configuration on trial; the very first one is kept at once."""
    _tried(call, call.client.post("/config", _read(file), base=base, seconds=seconds))


@command(group)
def revert(
    call: Call,
    number: Annotated[str, typer.Argument(help="A revision that was kept once.")],
    seconds: Seconds = SECONDS,
) -> None:
    """Put an older revision on trial."""
    _tried(call, call.client.post(f"/revisions/{quoted(number)}/revert", seconds=seconds))


@command(group)
def keep(
    call: Call,
    change: Annotated[str, typer.Argument(help="Its id; without it the one on trial.")] = "",
) -> None:
    """Keep the change that is on trial."""
    ident = change or _on_trial(call)["id"]
    call.client.post(f"/change/{quoted(ident)}/keep")
    _ended(call, "kept")


@command(group)
def extend(call: Call, seconds: Seconds = SECONDS) -> None:
    """Have more time to keep it, from now."""
    call.did(call.client.post(f"/change/{quoted(_on_trial(call)['id'])}/extend", seconds=seconds))


@command(group)
def undo(
    call: Call, act: Annotated[str, typer.Argument(help="Id; without it the last one.")] = "last"
) -> None:
    """Undo the change that is on trial; else take back an act."""
    change = _newest(call) if act == "last" else None
    if change is not None and change["state"] in OPEN:
        call.client.post(f"/change/{quoted(change['id'])}/undo")
        return _ended(call, "undone")
    return call.did(call.client.post(f"/acts/{quoted(act)}/undo"))


@command(group)
def log(call: Call, limit: Annotated[int, typer.Option(help="At most so many.")] = 20) -> None:
    """What was done, newest first."""
    found = call.client.get("/acts", limit=limit)
    rows = [
        (
            moment(one["at"]),
            _who(one),
            one["what"],
            one["id"] if one["undoable"] else "taken back" if one["undone_at"] else "",
        )
        for one in found
    ]
    call.show(found, table(("WHEN", "WHO", "WHAT", "UNDO"), rows, "Nothing was done yet."))


def _module(config: Any) -> str:
    return exported(read.config(migrate.upgraded(config))).rstrip()


def _told(found: Any) -> str:
    """The sentences of a review.

    >>> _told({"differences": []})
    'Nothing differs.'
    """
    return "\n".join(found["differences"]) or "Nothing differs."


def _tried(call: Call, done: Any) -> None:
    """Wait until the router has applied what was proposed, and say how it stands."""
    if done["wish"] is None:
        return call.did(done)
    found = _settled(call)
    if found["state"] == "refused":
        raise Failed(REFUSED, f"Revision {found['revision']} could not be applied: {found['why']}")
    return call.show(found, lambda: _sentence(found))


def _ended(call: Call, state: str) -> None:
    """Wait until the change is over; anything but `state` is a failure."""
    found = call.client.until(
        lambda: call.client.get("/change"),
        lambda one: one["state"] not in OPEN,
        ANSWER_SECONDS,
        _sentence,
    )
    if found["state"] != state:
        raise Failed(REFUSED, _sentence(found))
    call.show(found, lambda: _sentence(found))


def _settled(call: Call) -> Any:
    """The newest change, once it is on trial or over."""
    return call.client.until(
        lambda: call.client.get("/change"),
        lambda one: one["state"] not in UNDERWAY,
        ANSWER_SECONDS,
        _sentence,
    )


def _on_trial(call: Call) -> Any:
    """The change on trial.  Raises Failed when there is none."""
    change = _newest(call)
    if change is None or change["state"] not in OPEN:
        how = f" {_sentence(change)}" if change else ""
        raise Failed(UNKNOWN, f"No change is on trial.{how}")
    return change


def _newest(call: Call) -> Any:
    try:
        return call.client.get("/change")
    except Failed as failed:
        if failed.code == UNKNOWN:
            return None
        raise


def _sentence(change: Any) -> str:
    """How a change stands.

    >>> _sentence({"revision": 4, "state": "on trial", "seconds_left": 63.2, "why": ""})
    'Revision 4 is on trial for 1 min 3 s more: nixie change keep, or it is undone.'
    >>> _sentence({"revision": 4, "state": "undone", "seconds_left": None, "why": "No Keep."})
    'Revision 4 is undone: No Keep.'
    """
    said = f"Revision {change['revision']} is {change['state']}"
    if change["seconds_left"] is not None:
        left = span(round(change["seconds_left"]))
        how = "nixie change keep, or it is undone."
        return "\n".join((f"{said} for {left} more: {how}", *map(_check, change.get("probes", ()))))
    return f"{said}: {change['why']}" if change["why"] else f"{said}."


def _check(probe: Any) -> str:
    """One of the router's own checks.

    >>> _check({"name": "Internet", "ok": False, "figure": "no answer"})
    '  not  Internet: no answer'
    """
    word = {True: "ok", False: "not", None: "not yet"}[probe["ok"]]
    figure = f": {probe['figure']}" if probe["figure"] else ""
    return f"  {word:<4} {probe['name']}{figure}"


def _who(one: Any) -> str:
    """Who did it; a token may be called like a user.

    >>> _who({"actor": "lena", "actor_kind": "user"}), _who({"actor": "ci", "actor_kind": "token"})
    ('lena', 'token ci')
    """
    return f"token {one['actor']}" if one["actor_kind"] == "token" else str(one["actor"])


def _read(file: typer.FileText) -> Any:
    try:
        return json.load(file)
    except ValueError as error:
        raise Failed(REFUSED, f"This is not JSON: {error}.") from None
