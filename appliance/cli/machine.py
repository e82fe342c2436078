"""`nixie machine`: computers, and what each boots next."""

from typing import Annotated, Any

import typer

from appliance.cli.client import REFUSED, UNKNOWN, Failed
from appliance.cli.everywhere import Call, command, noun
from appliance.cli.words import facts, moment, quoted, span, table
from appliance.model.wake import CAUSES, WAKE_SECONDS

group = noun("Machines: what each one boots next.")

CAME = {"asked": "It came, and asks what to boot.", "here": "It came, and boots by itself."}
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
                ("machine id", found["machine_id"]),
                ("next boot", f"{found['intent']} {_what(found)}".strip()),
                ("waits", f"{found['waits_seconds'] // 60} min at most for the newest")
                if found["waits_seconds"]
                else ("waits", "for nothing"),
                *_once(found),
                *_running(found),
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
    once: Annotated[
        str | None,
        typer.Option(help="install: then its own disk; rescue: then as before. Never twice."),
    ] = None,
    network: Network = None,
    name: Annotated[str, typer.Option(help="What to call a new machine.")] = "",
) -> None:
    """Decide what a machine boots; one on hold gets it within seconds."""
    body = {
        "host": host,
        "menu": menu,
        "intent": intent,
        "specialisation": specialisation,
        "once": once,
        "network": network,
        "name": name,
    }
    call.did(call.client.put(f"/machines/{quoted(machine)}/intent", body))


@command(group)
def hold(call: Call, machine: Which) -> None:
    """Let a machine wait at its next boot."""
    _do(call, machine, "hold")


@command(group)
def release(call: Call, machine: Which) -> None:
    """End a hold: the machine gets what it had before."""
    _do(call, machine, "release")


@command(group)
def newest(
    call: Call,
    machine: Which,
    minutes: Annotated[int, typer.Argument(help="At most; 0: it boots what there is.")] = 10,
) -> None:
    """Let a machine wait at its boot until the newest of its host is built."""
    body = {"waits_seconds": 60 * minutes}
    call.did(call.client.patch(f"/machines/{quoted(machine)}", body))


@command(group)
def wake(
    call: Call,
    machine: Which,
    wait: Annotated[bool, typer.Option(help="Say whether it came.")] = True,
) -> None:
    """Wake a machine that is switched off; exit code 0 exactly when it came."""
    before = call.client.get(f"/machines/{quoted(machine)}")["woken"]
    _do(call, machine, "wake")
    if not wait:
        return
    found = call.client.until(
        lambda: call.client.get(f"/machines/{quoted(machine)}")["woken"],
        lambda woken: woken != before and woken["came"] != "waiting",
        WAKE_SECONDS + 30,
        lambda _: f"waiting for {machine} to come to the router",
    )
    if found["came"] not in CAME:
        why = found["why"] or "It did not come. What it may be:\n" + "\n".join(CAUSES)
        raise Failed(REFUSED, why)
    call.show(found, CAME[found["came"]])


@command(group)
def again(call: Call, machine: Which) -> None:
    """Ask once more for what a machine was to boot once."""
    _do(call, machine, "again")


@command(group)
def drop(call: Call, machine: Which) -> None:
    """Do without what a machine was to boot once."""
    _do(call, machine, "drop")


@command(group)
def identity(
    call: Call,
    machine: Which,
    act: Annotated[
        str,
        typer.Argument(help="keep, leave, approve, refuse, forget or renew-id; none: show it."),
    ] = "",
    code: Annotated[str, typer.Argument(help="On the machine's screen.")] = "",
) -> None:
    """Who a machine is: the SSH host key, and age identity, that it is known by."""
    if act:
        body = {"act": act, "code": code}
        call.did(call.client.post(f"/machines/{quoted(machine)}/identity", body))
        return
    found = call.client.get(f"/machines/{quoted(machine)}")
    known = found["identity"]
    waits = [("asks now, code", one) for one in known["codes"]]
    call.show(
        {"machine_id": found["machine_id"], **known},
        facts(
            [
                ("machine id", found["machine_id"]),
                ("asks at a start", "yes" if known["keeps"] else "no"),
                ("kept", known["way"] or "nothing is known"),
                ("fingerprint", known["fingerprint"]),
                ("SSH host key", known["ssh"]),
                ("age recipient", known["age"]),
                ("known_hosts", known["known_host"]),
                ("SSHFP", known["sshfp"]),
                ("but it said", known["differs"]),
                *waits,
            ]
        ),
    )


@command(group)
def remove(call: Call, machine: Which) -> None:
    """Forget a machine."""
    call.did(call.client.delete(f"/machines/{quoted(machine)}"))


def _do(call: Call, machine: str, deed: str) -> None:
    call.did(call.client.post(f"/machines/{quoted(machine)}/{deed}"))


def _macs(one: Any) -> str:
    return ", ".join(
        f"{mac['mac']} on {mac['network']}" if mac["network"] else mac["mac"] for mac in one["macs"]
    )


def _what(one: Any) -> str:
    if one["intent"] == "run":
        host = (one["host"] or "").partition("/")[2]
        return f"{host} ({one['specialisation']})" if one["specialisation"] else host
    return str(one["menu"] or "") if one["intent"] == "menu" else ""


def _once(one: Any) -> list[tuple[str, str]]:
    once = one["once"]
    if once is None:
        return []
    since = f" since {moment(once['at'])}" if once["at"] else ""
    host = once["host"].partition("/")[2]
    return [("once", f"{once['kind']} {host}, {once['state']}{since}")]


def _running(one: Any) -> list[tuple[str, str]]:
    runs = one["running"]
    if runs is None:
        return []
    behind = f" by {runs['behind']}" if runs["behind"] else ""
    host = runs["host"].partition("/")[2]
    found = [("runs", f"{host}, generation {runs['generation']}: {runs['stand']}{behind}")]
    return found + ([("really", runs["toplevel"])] if runs["stand"] == "drifted" else [])


def _doubt(one: Any) -> str:
    line = f"\nAdd to the host: {one['missing']}" if one["missing"] else ""
    return f"{one['what']}{line}"


def _took(one: Any) -> str:
    return span(one["ended_at"] - one["began_at"]) if one["ended_at"] else ""
