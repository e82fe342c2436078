"""`nixie device`: everything on the LANs; names, blocks, addresses."""

from typing import Annotated, Any

import typer

from appliance.cli.client import REFUSED, Failed
from appliance.cli.everywhere import Call, command, noun
from appliance.cli.words import facts, moment, quoted, seconds, size, table

group = noun("Devices: everything on the LANs; names, blocks, addresses.")

Which = Annotated[str, typer.Argument(help="Name or MAC.")]


@command(group, "list")
def every(
    call: Call, here: Annotated[bool, typer.Option(help="Only those that are here.")] = False
) -> None:
    """Everything that was on the LANs."""
    found = [one for one in call.client.get("/devices") if one["here"] or not here]
    rows = [
        (one["name"], _state(one), one["network"], _first(one), one["mac"], one["maker"])
        for one in found
    ]
    headings = ("NAME", "STATE", "NETWORK", "ADDRESS", "MAC", "MAKER")
    call.show(found, table(headings, rows, "Nobody was on the LANs yet."))


@command(group)
def show(call: Call, device: Which) -> None:
    """One device."""
    one = call.client.get(f"/devices/{quoted(device)}")
    pairs = [
        ("device", one["name"]),
        ("state", _state(one)),
        ("mac", f"{one['mac']} (changing)" if one["changing_mac"] else one["mac"]),
        ("maker", one["maker"]),
        ("system", one["system"]),
        ("network", one["network"]),
        ("addresses", "\n".join(one["addresses"])),
        ("reserved", one["reserved"]),
        ("block", one["block"]),
        ("first seen", moment(one["first_seen"])),
        ("last seen", moment(one["last_seen"])),
        ("down", _speed(one["down"])),
        ("up", _speed(one["up"])),
    ]
    call.show(one, lambda: facts(pairs))


@command(group)
def rename(
    call: Call, device: Which, name: Annotated[str, typer.Argument(help='"" for its own.')]
) -> None:
    """Call a device something else."""
    call.did(call.client.patch(f"/devices/{quoted(device)}", {"name": name}))


@command(group)
def block(
    call: Call,
    device: Which,
    span: Annotated[str | None, typer.Option("--for", help="How long: 90min, 2h, 1d.")] = None,
    weekly: Annotated[
        str | None, typer.Option(help='Every week: "mon,tue,sun 21:00-07:00".')
    ] = None,
) -> None:
    """Drop all its packets, at once; until you unblock it, for a while, or every week."""
    if span and weekly:
        raise Failed(REFUSED, "Say --for or --weekly, not both.")
    length = seconds(span) if span else 0.0
    if length is None:
        raise Failed(REFUSED, f"{span!r} is no length of time. Say it like 90min, 2h or 1d.")
    said = {"block": f"weekly {weekly}" if weekly else "always", "seconds": round(length)}
    call.did(call.client.put(f"/devices/{quoted(device)}/block", said))


@command(group)
def unblock(call: Call, device: Which) -> None:
    """Let its packets through again."""
    call.did(call.client.delete(f"/devices/{quoted(device)}/block"))


@command(group)
def admit(call: Call, device: Which) -> None:
    """Let a new device in where newcomers are held back, at once."""
    call.did(call.client.put(f"/devices/{quoted(device)}/admission", {}))


@command(group)
def reserve(
    call: Call,
    device: Which,
    address: Annotated[str, typer.Argument(help="The one that it has, when left out.")] = "",
    name: Annotated[str, typer.Option(help="Its name in DNS.")] = "",
) -> None:
    """Prepare that it always gets one address; apply the draft to have it so."""
    body = {"address": address, "name": name}
    call.did(call.client.put(f"/devices/{quoted(device)}/address", body))


@command(group)
def release(call: Call, device: Which) -> None:
    """Prepare that no address is kept for it; apply the draft to have it so."""
    call.did(call.client.delete(f"/devices/{quoted(device)}/address"))


@command(group)
def traffic(
    call: Call,
    device: Which,
    day: Annotated[bool, typer.Option(help="The last day instead of the last hour.")] = False,
) -> None:
    """What it moved within the last hour."""
    span = 600 if day else 60
    found = call.client.get(f"/devices/{quoted(device)}/traffic", span=span)
    rows = [(moment(one["slot"]), size(one["down"]), size(one["up"])) for one in found]
    call.show(found, table(("FROM", "DOWN", "UP"), rows, "It moved nothing."))


@command(group)
def rates(call: Call) -> None:
    """What moves now over each network and to the internet."""
    found = call.client.get("/rates")
    rows = [(one["series"], _speed(one["down"]), _speed(one["up"])) for one in found]
    call.show(found, table(("SERIES", "DOWN", "UP"), rows, "Nothing moves."))


def _speed(count: float) -> str:
    """Bytes a second.

    >>> _speed(1_500.0), _speed(0.0)
    ('1.5 KiB/s', '')
    """
    return f"{size(round(count))}/s" if count else ""


def _state(one: dict[str, Any]) -> str:
    if one["waits"]:
        return "waits"
    if one["blocked"]:
        return "blocked"
    if one["new"]:
        return "new"
    return "here" if one["here"] else "away"


def _first(one: dict[str, Any]) -> str:
    return next(iter(one["addresses"]), "")
