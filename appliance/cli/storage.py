"""`nixie storage`: the disk that images lie on."""

from typing import Annotated, Any

import typer

from appliance.cli.everywhere import Call, command, noun
from appliance.cli.words import facts, size, table

group = noun("The disk that images lie on: what stays on it, what could go, and letting it go.")


@command(group)
def show(call: Call) -> None:
    """How full it is, how many generations stay, and what another number would free."""
    found = call.client.get("/storage")
    call.show(found, lambda: _described(found))


@command(group)
def keep(
    call: Call, number: Annotated[int, typer.Argument(help="Generations of each host that stay.")]
) -> None:
    """Keep so many generations of each host; older ones that nothing needs go at once."""
    call.did(call.client.post("/storage", {"keep": number}))


@command(group)
def clear(call: Call) -> None:
    """Remove what nothing needs; builds fetch it or make it again."""
    call.did(call.client.post("/storage", {"keep": None}))


def _described(found: Any) -> str:
    told = facts(
        [
            ("state", found["what"] or found["state"]),
            ("free", f"{size(found['free'])} of {size(found['size'])}"),
            ("garbage", size(found["garbage"])),
            ("keeps", f"{found['keep']} generations of each host"),
        ]
    )
    rows = [
        (one["keep"], one["generations"], size(one["bytes"]), one["what"])
        for one in found["choices"]
    ]
    return f"{told}\n\n{table(('KEEP', 'WOULD GO', 'FREES', 'OF'), rows, 'Not weighed yet.')}"
