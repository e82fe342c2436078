"""`nixie lab`: a whole router in network namespaces, and machines that boot behind it."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, NoReturn

import typer

from appliance import assemble
from appliance.cli.client import ENDED_BADLY, LATE
from appliance.cli.everywhere import Json
from appliance.cli.run import StateOption
from appliance.cli.stay import DEFAULT_MAC, ended, words

LAB_STATE = "/var/lib/nixie-lab"
FIRMWARE = ("bios", "uefi", "uefi-http", "uefi-arm64", "u-boot-arm64")

group = typer.Typer(help=__doc__, invoke_without_command=True)

Firmware = Annotated[str, typer.Option(help="bios, uefi, uefi-http, uefi-arm64 or u-boot-arm64.")]


@group.callback()
def lab(
    context: typer.Context,
    state: StateOption = Path(LAB_STATE),
    port: Annotated[int, typer.Option(help="The admin's port on 127.0.0.1.")] = 8080,
    prefix: Annotated[str, typer.Option(help="What its namespaces begin with.")] = "nxlab",
    demo: Annotated[
        bool, typer.Option("--demo", help="Add the sample flake and boot a machine.")
    ] = False,
) -> None:
    """Start a router in namespaces of this computer; its admin is on 127.0.0.1."""
    if context.invoked_subcommand is not None:
        return

    def stands() -> NoReturn:
        assemble.name_lab(prefix)
        assemble.become(*words("lab", state, prefix=prefix, port=port, demo=demo))

    raise typer.Exit(ended(stands))


@group.command()
def boot(
    state: StateOption = Path(LAB_STATE),
    firmware: Firmware = "bios",
    mac: Annotated[str, typer.Option(help="Its MAC address.")] = DEFAULT_MAC,
    memory: Annotated[int, typer.Option(help="In MB.")] = 512,
    timeout: Annotated[float, typer.Option(help="In seconds.")] = 300.0,
    name: Annotated[str, typer.Option(help="What its console lines are called.")] = "lab-machine",
    as_json: Json = False,
) -> None:
    """Switch a machine on in the standing lab.

    Ends with 0 exactly when it phoned home with the image that it is assigned, with 5 when it did
    not, with 6 when nothing was heard in time.  With --json its console is on standard error.
    """
    if firmware not in FIRMWARE:
        typer.echo(f"There is no firmware {firmware!r}; there are {', '.join(FIRMWARE)}.", err=True)
        raise typer.Exit(2)
    here = state.resolve()

    def say(line: str) -> None:
        typer.echo(line, err=as_json)

    def visited() -> int:
        booted = assemble.lab_boot(here, (name, mac, firmware, memory), timeout, say)
        if as_json:
            typer.echo(json.dumps({"mac": mac, "firmware": firmware, **asdict(booted)}))
        return 0 if booted.ok else LATE if booted.late else ENDED_BADLY

    raise typer.Exit(ended(visited))
