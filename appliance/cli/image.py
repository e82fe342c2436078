"""`nixie image`: what hosts became."""

from typing import Annotated, Any

import typer

from appliance.cli.client import UNKNOWN, Failed
from appliance.cli.everywhere import Call, command, noun
from appliance.cli.host import meant
from appliance.cli.words import facts, moment, quoted, size, table

KINDS = ("changed", "added", "removed")
"""Packages of a comparison, by what happened to them."""

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
            _stands(one),
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
    found = call.client.get(f"/images/{quoted(_whole(call, image))}")
    call.show(found, lambda: _described(found))


@command(group)
def compare(
    call: Call,
    before: Annotated[str, typer.Argument(help="Id, or its first characters.")],
    after: Annotated[str, typer.Argument(help="The other one.")],
) -> None:
    """What is different from one image to another."""
    one, other = quoted(_whole(call, after)), quoted(_whole(call, before))
    found = call.client.get(f"/images/{one}/against/{other}")
    call.show(found, lambda: _compared(found))


def _whole(call: Call, image: str) -> str:
    """The id that begins so.  Raises Failed when none does, or more than one."""
    if len(image) >= 64:
        return image
    ids = {one["image"] for one in call.client.get("/images")}
    full = [one for one in ids if one.startswith(image)]
    if len(full) != 1:
        raise Failed(UNKNOWN, f"{len(full)} images begin with {image}.")
    return str(full[0])


def _stands(one: Any) -> str:
    marks = [name for name in ("pinned", "served") if one[name]]
    return ", ".join([one["state"], *marks])


def _compared(found: Any) -> str:
    rows = [
        (one["name"], one["before"], "the same" if one["same"] else one["after"])
        for one in found["sides"]
    ]
    words = [f"- {word}" for word in found["gone"]] + [f"+ {word}" for word in found["new"]]
    line = "\n".join(["Kernel command line:", *(words or ["  the same"])])
    sides = table(("WHAT", "BEFORE", "AFTER"), rows, "")
    return f"{sides}\n\n{line}\n\nPackages:\n{_packages(found['packages'])}"


def _packages(found: Any) -> str:
    if found["unknown"]:
        return f"  {found['unknown']}"
    every = sorted((one for key in KINDS for one in found[key]), key=lambda one: str(one["name"]))
    rows = [
        (one["name"], *(_versions(one[side]) for side in ("before", "after")), _more(one["grown"]))
        for one in every
    ]
    told = [table(("PACKAGE", "BEFORE", "AFTER", "SIZE"), rows, "  the same in the same versions")]
    if found["rebuilt"]:
        told.append(f"Of the same version, and built otherwise: {found['rebuilt']}")
    sizes = [size(found[side]) for side in ("before", "after")]
    told.append(f"All: {sizes[0]} before, {sizes[1]} after")
    return "\n".join(told)


def _versions(of: Any) -> str:
    return ", ".join(one or "no version" for one in of)


def _more(count: int) -> str:
    return f"{'-' if count < 0 else '+'}{size(abs(count))}" if count else "as large"


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
        (f"{part['purpose']}{form}", part["name"], size(part["size"]), part["sha256"])
        for form, parts in (("", found["parts"]), (", thin", found["thin"]))
        for part in parts
        if not form or part not in found["parts"]
    ]
    return f"{about}\n\n{table(('PART', 'NAME', 'SIZE', 'SHA-256'), rows, 'No parts.')}"
