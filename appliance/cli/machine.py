"""`nixie machine`: computers, and what each boots next."""

from typing import Annotated, Any

import typer

from appliance.cli.client import REFUSED, UNKNOWN, Failed
from appliance.cli.everywhere import Call, command, noun
from appliance.cli.words import facts, moment, quoted, span, table

group = noun("Machines: what each one boots next.")

Which = Annotated[str, typer.Argument(help="Name, MAC or id.")]
Network = Annotated[str | None, typer.Option(help="Only on that network.")]


@command(group, "list")
def every(call: Call) -> None:
    """Every machine."""
    found = call.client.get("/machines")
    rows = [(one["name"], _macs(one), one["intent"], _what(one)) for one in found]
    headings = ("NAME", "MACS", "INTENT", "WHAT")
    call.show(found, table(headings, rows, "No machines yet. See who waits: nixie machine inbox"))


@command(group)
def show(call: Call, machine: Which) -> None:
    """One machine and its last boots."""
    found = call.client.get(f"/machines/{quoted(machine)}")
    boots = [
        boot for one in found["macs"] for boot in call.client.get("/boots", mac=one["mac"], limit=5)
    ]

    def text() -> str:
        about = facts(
            [
                ("machine", found["name"]),
                ("id", found["id"]),
                ("macs", _macs(found)),
                ("next boot", f"{found['intent']} {_what(found)}".strip()),
            ]
        )
        rows = [
            (moment(one["began_at"]), one["state"], one["name"], _took(one), one["id"])
            for one in boots
        ]
        doubts = "".join(f"\n\n{_doubt(one)}" for one in found["doubts"])
        listed = table(("BOOT", "STATE", "HOST", "TOOK", "ID"), rows, "No boots yet.")
        return f"{about}{doubts}\n\n{listed}"

    call.show({**found, "boots": boots}, text)


@command(group)
def inbox(call: Call) -> None:
    """Machines that wait for you, with the codes on their screens."""
    found = call.client.get("/inbox")
    rows = [(one["code"], one["mac"], one["network"], moment(one["since"])) for one in found]
    call.show(found, table(("CODE", "MAC", "NETWORK", "SINCE"), rows, "Nobody waits."))


@command(group)
def add(
    call: Call,
    mac: str,
    network: Network = None,
    name: Annotated[str, typer.Option(help="What to call it.")] = "",
) -> None:
    """Make a MAC a machine; it is on hold until you assign something."""
    call.did(call.client.post("/machines", {"mac": mac, "network": network, "name": name}))


@command(group, "add-mac")
def add_mac(call: Call, machine: Which, mac: str, network: Network = None) -> None:
    """Give a machine another MAC."""
    body = {"mac": mac, "network": network}
    call.did(call.client.post(f"/machines/{quoted(machine)}/macs", body))


@command(group)
def forget(
    call: Call,
    mac: Annotated[str, typer.Argument(help="Of a machine in the inbox.")],
    network: Annotated[str | None, typer.Option(help="Where it waits, if in two places.")] = None,
) -> None:
    """Take a waiting machine out of the inbox until it asks again."""
    plain = mac.lower().replace("-", ":")
    waiting = [
        one
        for one in call.client.get("/inbox")
        if one["mac"] == plain and network in (None, one["network"])
    ]
    if not waiting:
        raise Failed(UNKNOWN, f"{mac} does not wait. See: nixie machine inbox")
    if len(waiting) > 1:
        where = " or ".join(one["network"] for one in waiting)
        raise Failed(REFUSED, f"{mac} waits in two places. Say --network {where}.")
    (one,) = waiting
    call.did(call.client.delete(f"/inbox/{quoted(one['network'])}/{quoted(one['mac'])}"))


@command(group)
def rename(call: Call, machine: Which, name: str) -> None:
    """Give a machine another name."""
    call.did(call.client.patch(f"/machines/{quoted(machine)}", {"name": name}))


@command(group)
def assign(
    call: Call,
    machine: Annotated[str, typer.Argument(help="Name, MAC or id; an unknown MAC is added.")],
    host: Annotated[str | None, typer.Argument(help="Name, source/name or id.")] = None,
    menu: Annotated[str | None, typer.Option(help="Show a menu instead.")] = None,
    intent: Annotated[str | None, typer.Option(help="local, hold or deny instead.")] = None,
    specialisation: Annotated[str | None, typer.Option(help="Of the host.")] = None,
    network: Network = None,
    name: Annotated[str, typer.Option(help="What to call a new machine.")] = "",
) -> None:
    """Decide what a machine boots; one on hold gets it within seconds."""
    body = {
        "host": host,
        "menu": menu,
        "intent": intent,
        "specialisation": specialisation,
        "network": network,
        "name": name,
    }
    call.did(call.client.put(f"/machines/{quoted(machine)}/intent", body))


@command(group)
def hold(call: Call, machine: Which) -> None:
    """Let a machine wait at its next boot."""
    call.did(call.client.post(f"/machines/{quoted(machine)}/hold"))


@command(group)
def release(call: Call, machine: Which) -> None:
    """End a hold: the machine gets what it had before."""
    call.did(call.client.post(f"/machines/{quoted(machine)}/release"))


@command(group)
def remove(call: Call, machine: Which) -> None:
    """Forget a machine."""
    call.did(call.client.delete(f"/machines/{quoted(machine)}"))


def _macs(one: Any) -> str:
    return ", ".join(
        f"{mac['mac']} on {mac['network']}" if mac["network"] else mac["mac"] for mac in one["macs"]
    )


def _what(one: Any) -> str:
    if one["intent"] == "run":
        host = (one["host"] or "").partition("/")[2]
        return f"{host} ({one['specialisation']})" if one["specialisation"] else host
    return str(one["menu"] or "") if one["intent"] == "menu" else ""


def _doubt(one: Any) -> str:
    line = f"\nAdd to the host: {one['missing']}" if one["missing"] else ""
    return f"{one['what']}{line}"


def _took(one: Any) -> str:
    return span(one["ended_at"] - one["began_at"]) if one["ended_at"] else ""
