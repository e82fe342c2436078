"""`nixie status`: the router in one look."""

import typer

from appliance.cli.everywhere import Call, command
from appliance.cli.words import facts


def add(app: typer.Typer) -> None:
    """Put the command on the top level."""
    command(app, "status")(status)


def status(call: Call) -> None:
    """How the router is."""
    found = call.client.get("/status")
    running = [name for name, started in found["started"].items() if started]

    def text() -> str:
        return facts(
            [
                ("version", found["version"]),
                ("owner", "yes" if found["claimed"] else "not yet: open the admin, or nixie claim"),
                ("files", ", ".join(running)),
                (
                    "configuration",
                    _configuration(found["revision"], found["applied"], tried=found["on_trial"]),
                ),
                ("sources", f"{found['sources']} with {found['hosts']} hosts"),
                ("machines", f"{found['machines']}, {found['waiting']} waiting for you"),
                (
                    "under way",
                    f"{found['builds_under_way']} builds, {found['boots_under_way']} boots",
                ),
                ("leases", str(found["leases"])),
                ("internet", _internet(found["internet"], found["internet_milliseconds"])),
                *(("trouble", what) for what in found["troubles"]),
            ]
        )

    call.show(found, text)


def _internet(stand: str, milliseconds: float | None) -> str:
    """How the way out is.

    >>> _internet("online", 9.0), _internet("no-cable", None), _internet("off", None)
    ('online, 9 ms', 'no cable', 'no port is its')
    """
    if stand == "off":
        return "no port is its"
    said = stand.replace("-", " ")
    return said if milliseconds is None else f"{said}, {milliseconds:g} ms"


def _configuration(newest: int | None, applied: int | None, *, tried: bool) -> str:
    """Which revision is in force.

    >>> _configuration(3, 3, tried=False), _configuration(3, 2, tried=False)
    ('revision 3, in force', 'revision 3 waits; 2 is in force')
    >>> _configuration(3, 3, tried=True)
    'revision 3, on trial: nixie change keep, or it is undone'
    """
    if newest is None:
        return "none yet"
    if tried:
        return f"revision {newest}, on trial: nixie change keep, or it is undone"
    if newest == applied:
        return f"revision {newest}, in force"
    return f"revision {newest} waits; {applied if applied is not None else 'none'} is in force"
