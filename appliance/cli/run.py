"""`nixie run`, `claim`, `role`: what works without the web role."""

import json
from pathlib import Path
from typing import Annotated

import typer

from appliance import assemble
from appliance.cli.everywhere import Json
from appliance.cli.stay import words
from appliance.store.secrets.open import claim_code
from appliance.variables import HELP, STATE

StateOption = Annotated[
    Path, typer.Option("--state", envvar=STATE.name, help="The state directory.")
]


def add(app: typer.Typer) -> None:
    """Put the commands on `app`."""
    app.command(epilog=HELP)(run)
    app.command()(claim)
    app.command()(role)
    app.command(hidden=True)(prove)


def run(
    state: StateOption = Path(STATE.usual),
    lan: Annotated[
        list[str],
        typer.Option(
            help="A port of the LAN, by name, MAC or slot; needed at the first start, may repeat."
        ),
    ] = [],  # noqa: B006 (typer copies it)
    wan: Annotated[
        str, typer.Option(help="The internet's port, by DHCP, at the first start.")
    ] = "",
    upstream: Annotated[
        list[str],
        typer.Option(help="Who answers names of the world, by IPv4 or IPv6, at the first start."),
    ] = [],  # noqa: B006
) -> None:
    """Be the router on this machine, until stopped."""
    assemble.become(*words("run", state, lan=lan, upstreams=upstream, wan=wan))


def claim(state: StateOption = Path(STATE.usual), as_json: Json = False) -> None:
    """Print the code that makes you the owner of a router that nobody owns yet."""
    try:
        code = claim_code(state)
    except PermissionError:
        typer.echo(f"{state}/secrets/web is not yours to read. Run this as root.", err=True)
        raise typer.Exit(1) from None
    if code is None:
        typer.echo("No claim is open: the router has an owner, or has not started yet.", err=True)
        raise typer.Exit(1)
    typer.echo(json.dumps({"code": code}) if as_json else code)


def role(
    name: Annotated[str, typer.Argument(help=", ".join(assemble.PARTS), metavar="NAME")],
) -> None:
    """Run one role in this process, until stopped; the supervisor does this."""
    raise typer.Exit(assemble.role(name))


def prove() -> None:
    """Show that each role's user can read the program; set-up calls this."""
    wrong = assemble.prove()
    for sentence in wrong:
        typer.echo(sentence, err=True)
    raise typer.Exit(1 if wrong else 0)
