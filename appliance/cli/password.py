"""`nixie password`: another one for a user, given the one so far."""

import sys
from typing import Annotated

import typer

from appliance.cli.client import REFUSED, Failed
from appliance.cli.everywhere import Call, command


def add(app: typer.Typer) -> None:
    """Put the command on the top level."""
    command(app, "password")(password)


def password(
    call: Call, user: Annotated[str, typer.Argument(help="Whose password.")] = "owner"
) -> None:
    """Change a password; the user's browsers have to sign in again.

    It asks for the one so far and the next one, or reads them as two lines of standard input.
    """
    old, new = _typed() if sys.stdin.isatty() else _piped()
    body = {"old": old, "new": new, "name": user}
    call.did(call.client.put("/me/password", body))


def _typed() -> tuple[str, str]:
    old = typer.prompt("Password so far", hide_input=True, err=True)
    new = typer.prompt("New password", hide_input=True, confirmation_prompt=True, err=True)
    return str(old), str(new)


def _piped() -> tuple[str, str]:
    lines = sys.stdin.read().splitlines()
    if len(lines) != 2:
        raise Failed(REFUSED, "Two lines are read: the password so far, then the next one.")
    return lines[0], lines[1]
