"""`nixie network`: what is in force, the internet, leases, what unknown machines get."""

import sys
from typing import Annotated

import typer

from appliance.cli.everywhere import Call, command, noun
from appliance.cli.words import facts, moment, quoted, table

group = noun("Networks: what is in force, the internet, leases, what unknown machines get.")
SEARCH_SECONDS = 20.0


@command(group, "list")
def every(call: Call) -> None:
    """Networks in force."""
    found = call.client.get("/networks")
    rows = [
        (
            one["name"],
            one["link"],
            one["address"],
            ", ".join(one["ipv6"]),
            f"{one['pool_first']} – {one['pool_last']}" if one["pool_first"] else "",
            one["default"]["kind"],
        )
        for one in found
    ]
    headings = ("NAME", "LINK", "ADDRESS", "IPV6", "POOL", "UNKNOWN MACHINES")
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
    columns = ("LINK", "MAC", "SLOT", "STATE", "NETWORK")
    rows = [
        (one["link"], one["mac"], one["path"], "up" if one["up"] else "down", one["network"])
        for one in found
    ]
    call.show(found, table(columns, rows, "No interfaces seen yet."))


@command(group)
def internet(call: Call) -> None:
    """How the way out is, and what the provider gave."""
    found = call.client.get("/internet")
    given = found["provided"] or {}
    fast, lost = found["milliseconds"], found["lost_percent"]

    def text() -> str:
        return facts(
            [
                ("internet", found["stand"].replace("-", " ")),
                ("why", found["why"]),
                ("since", moment(found["since"])),
                ("port", found["link"]),
                ("address", found["address"]),
                ("gateway", found["gateway"]),
                ("answers in", None if fast is None else f"{fast:g} ms"),
                ("lost", None if lost is None else f"{lost} %"),
                ("DHCP server", given.get("server")),
                ("name servers", ", ".join(given.get("name_servers", ()))),
                ("IPv6 prefix", found["delegated"]),
                ("routes", "\n".join(given.get("routes", ()))),
                ("given", moment(given.get("given_at"))),
            ]
        )

    call.show(found, text)


@command(group)
def renew(call: Call) -> None:
    """Ask the provider again, now."""
    call.did(call.client.post("/internet/renew"))


@command(group)
def password(call: Call) -> None:
    """Hand over the provider's password for PPPoE; its name goes into wan.pppoe.secret.

    It asks for the password, or reads it from standard input.
    """
    told = _typed() if sys.stdin.isatty() else sys.stdin.read().rstrip("\n")
    call.did(call.client.post("/internet/password", {"password": told}))


@command(group)
def probe(call: Call) -> None:
    """Find the internet's cable: ask on every port without a network, and take no address."""
    wish = call.client.post("/internet/probe")["wish"]
    found = call.answer(wish, SEARCH_SECONDS)
    call.show(found, str(found["what"]))


def _typed() -> str:
    return str(typer.prompt("Password", hide_input=True, err=True))
