"""`nixie token`: keys for programs."""

from typing import Annotated

import typer

from appliance.cli.everywhere import Call, command, noun
from appliance.cli.words import moment, quoted, table

group = noun("Tokens: keys for programs.")


@command(group, "list")
def every(call: Call) -> None:
    """Tokens that open something."""
    found = call.client.get("/tokens")
    rows = [
        (one["id"], one["name"], one["scope"], moment(one["used_at"]), moment(one["ends_at"]))
        for one in found
    ]
    headings = ("ID", "NAME", "SCOPE", "LAST USED", "ENDS")
    call.show(found, table(headings, rows, "No tokens yet."))


@command(group)
def make(
    call: Call,
    name: str,
    scope: Annotated[str, typer.Option(help="read, write or admin.")] = "read",
    days: Annotated[int | None, typer.Option(help="How long it lives.")] = None,
) -> None:
    """Make a token; it is printed this once."""
    found = call.client.post("/tokens", {"name": name, "scope": scope, "days": days})
    typer.echo(found["what"], err=True)
    call.show(found, str(found["secret"]))


@command(group)
def revoke(call: Call, token: Annotated[str, typer.Argument(help="Id.")]) -> None:
    """End a token."""
    call.did(call.client.delete(f"/tokens/{quoted(token)}"))
