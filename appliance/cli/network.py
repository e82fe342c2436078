"""`nixie network`: what is in force, leases, and what unknown machines get."""

from typing import Annotated

import typer

from appliance.cli.everywhere import Call, command, noun
from appliance.cli.words import moment, quoted, table

group = noun("Networks: what is in force, leases, and what unknown machines get.")


@command(group, "list")
def every(call: Call) -> None:
    """Networks in force."""
    found = call.client.get("/networks")
    rows = [
        (
            one["name"],
            one["link"],
            one["address"],
            f"{one['pool_first']} – {one['pool_last']}" if one["pool_first"] else "",
            one["default"]["kind"],
        )
        for one in found
    ]
    headings = ("NAME", "LINK", "ADDRESS", "POOL", "UNKNOWN MACHINES")
    call.show(found, table(headings, rows, "No network is in force yet."))


@command(group)
def leases(
    call: Call, network: Annotated[str | None, typer.Option(help="Of one network.")] = None
) -> None:
    """Who holds which address."""
    found = call.client.get("/leases", network=network)
    rows = [
        (one["address"], one["mac"], one["hostname"], one["state"], moment(one["ends_at"]))
        for one in found
    ]
    call.show(found, table(("ADDRESS", "MAC", "NAME", "STATE", "ENDS"), rows, "No leases yet."))


@command(group)
def default(
    call: Call,
    network: Annotated[str, typer.Argument(help="Name, or * for every other one.")],
    kind: Annotated[str, typer.Argument(help="menu, hold or nothing.")],
    menu: Annotated[str | None, typer.Option(help="Which menu.")] = None,
) -> None:
    """Decide what unknown machines get."""
    call.did(call.client.put(f"/networks/{quoted(network)}/default", {"kind": kind, "menu": menu}))


@command(group)
def ports(call: Call) -> None:
    """The box's interfaces."""
    found = call.client.get("/ports")
    rows = [
        (one["link"], one["mac"], "up" if one["up"] else "down", one["network"]) for one in found
    ]
    call.show(found, table(("LINK", "MAC", "STATE", "NETWORK"), rows, "No interfaces seen yet."))
