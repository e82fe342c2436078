"""`nixie image`: what hosts became."""

from typing import Annotated, Any

import typer

from appliance.cli.client import UNKNOWN, Failed
from appliance.cli.everywhere import Call, command, noun
from appliance.cli.host import meant
from appliance.cli.words import facts, moment, quoted, size, table

group = noun("Images: generations of hosts, with parts and provenance.")


@command(group, "list")
def every(
    call: Call, host: Annotated[str | None, typer.Option(help="Of one host.")] = None
) -> None:
    """Generations, newest first."""
    chosen = meant(call.client, host)["id"] if host else None
    found = call.client.get("/images", host=chosen)
    rows = [
        (
            one["host"].partition("/")[2],
            one["number"],
            one["state"],
            size(one["size"]),
            moment(one["made_at"]),
            one["image"][:16],
        )
        for one in found
    ]
    headings = ("HOST", "NUMBER", "STATE", "SIZE", "MADE", "IMAGE")
    call.show(found, table(headings, rows, "No images yet."))


@command(group)
def show(
    call: Call, image: Annotated[str, typer.Argument(help="Id, or its first characters.")]
) -> None:
    """One image with its parts."""
    if len(image) < 64:
        ids = {one["image"] for one in call.client.get("/images")}
        full = [one for one in ids if one.startswith(image)]
        if len(full) != 1:
            raise Failed(UNKNOWN, f"{len(full)} images begin with {image}.")
        (image,) = full
    found = call.client.get(f"/images/{quoted(image)}")
    call.show(found, lambda: _described(found))


def _described(found: Any) -> str:
    about = facts(
        [
            ("image", found["id"]),
            ("host", found["name"]),
            ("source", found["url"]),
            ("locked", found["locked"]),
            ("toplevel", found["toplevel"]),
            ("built", f"{moment(found['built_at'])} {found['built_on']} by Nix {found['nix']}"),
            ("kind", found["adapted"]),
            ("watched", "yes" if found["watched"] else "no"),
            ("command line", found["command_line"]),
            ("size", size(found["size"])),
        ]
    )
    rows = [
        (part["purpose"], part["name"], size(part["size"]), part["sha256"])
        for part in found["parts"]
    ]
    return f"{about}\n\n{table(('PART', 'NAME', 'SIZE', 'SHA-256'), rows, 'No parts.')}"
