"""`nixie change`: the configuration by revisions, and taking back the last act."""

import json
from typing import Annotated, Any

import typer

from appliance.cli.client import REFUSED, Failed
from appliance.cli.everywhere import Call, command, noun
from appliance.cli.words import moment, quoted, table

group = noun("Changes: the configuration, what was done, and Undo.")

File = Annotated[typer.FileText, typer.Argument(help="A RouterConfig as JSON; - for input.")]


@command(group)
def show(call: Call) -> None:
    """The newest configuration."""
    found = call.client.get("/config")
    call.show(found, lambda: json.dumps(found["config"], indent=2))


@command(group)
def review(call: Call, file: File) -> None:
    """Check a configuration and say what it would change."""
    found = call.client.post("/config/review", _read(file))
    call.show(found, lambda: "\n".join(found["differences"]) or "Nothing differs.")


@command(group)
def propose(
    call: Call,
    file: File,
    base: Annotated[int | None, typer.Option(help="Refuse if another came since.")] = None,
) -> None:
    """Make a configuration the next revision."""
    call.did(call.client.post("/config", _read(file), base=base))


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


@command(group)
def undo(
    call: Call, act: Annotated[str, typer.Argument(help="Id; without it the last one.")] = "last"
) -> None:
    """Take an act back."""
    call.did(call.client.post(f"/acts/{quoted(act)}/undo"))


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
