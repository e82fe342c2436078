"""`nixie menu`: named lists of hosts."""

from typing import Annotated

import typer

from appliance.cli.everywhere import Call, command, noun
from appliance.cli.words import facts, quoted, table

group = noun("Menus: named lists of hosts.")

Which = Annotated[str, typer.Argument(help="Name or id.")]
Hosts = Annotated[list[str] | None, typer.Argument(help="Hosts, in order.")]
Default = Annotated[str | None, typer.Option(help="The host taken when nobody chooses.")]
Timeout = Annotated[int | None, typer.Option("--timeout", help="Seconds; 0 waits for ever.")]
Rollbacks = Annotated[int | None, typer.Option(help="Previous images shown for each host.")]


@command(group, "list")
def every(call: Call) -> None:
    """Every menu."""
    found = call.client.get("/menus")
    rows = [
        (
            one["name"],
            ", ".join(host.partition("/")[2] for host in one["hosts"]),
            (one["default"] or "").partition("/")[2],
            one["timeout_seconds"],
        )
        for one in found
    ]
    call.show(found, table(("NAME", "HOSTS", "DEFAULT", "SECONDS"), rows, "No menus yet."))


@command(group)
def show(call: Call, menu: Which) -> None:
    """One menu."""
    found = call.client.get(f"/menus/{quoted(menu)}")
    hosts = [host.partition("/")[2] for host in found["hosts"]]
    about = [
        ("menu", found["name"]),
        ("id", found["id"]),
        ("hosts", ", ".join(hosts)),
        ("default", (found["default"] or "").partition("/")[2]),
        ("seconds", found["timeout_seconds"] or "for ever"),
        ("previous images", found["rollbacks"]),
    ]
    call.show(found, facts(about))


@command(group)
def add(
    call: Call,
    name: str,
    hosts: Hosts = None,
    default: Default = None,
    timeout: Timeout = None,
    rollbacks: Rollbacks = None,
) -> None:
    """Make a menu."""
    body = {
        "name": name,
        "hosts": hosts or [],
        "default": default,
        "timeout_seconds": timeout,
        "rollbacks": rollbacks,
    }
    given = {key: value for key, value in body.items() if value is not None}
    call.did(call.client.post("/menus", given))


@command(group)
def edit(
    call: Call,
    menu: Which,
    hosts: Hosts = None,
    name: Annotated[str | None, typer.Option(help="A new name.")] = None,
    default: Default = None,
    timeout: Timeout = None,
    rollbacks: Rollbacks = None,
) -> None:
    """Change a menu; what is not named stays."""
    body = {
        "name": name,
        "hosts": hosts or None,
        "default": default,
        "timeout_seconds": timeout,
        "rollbacks": rollbacks,
    }
    call.did(call.client.patch(f"/menus/{quoted(menu)}", body))


@command(group)
def remove(call: Call, menu: Which) -> None:
    """Take a menu away."""
    call.did(call.client.delete(f"/menus/{quoted(menu)}"))
