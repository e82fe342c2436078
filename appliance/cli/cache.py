"""`nixie cache`: the router as a binary cache."""

from appliance.cli.everywhere import Call, command, noun
from appliance.cli.words import facts
from appliance.quantities import size

group = noun("The router as a binary cache: where it is one, and what a machine needs for it.")


@command(group)
def show(call: Call) -> None:
    """Where it is on, its public key, and the lines for other machines' NixOS configurations."""
    found = call.client.get("/cache")
    told = facts(
        [
            ("public key", found["key"] or "not made yet"),
            ("gives", f"{found['paths']} store paths, {' '.join(size(found['size']))}"),
            *((one["network"], one["url"]) for one in found["networks"]),
            *((("problem", found["problem"]),) if found["problem"] else ()),
        ]
    )
    call.show(found, f"{told}\n\n{found['lines'] or 'It is on nowhere.'}")
