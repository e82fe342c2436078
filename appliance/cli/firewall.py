"""`nixie firewall`: what a stranger outside gets to see, what was held back, what decides."""

from typing import Annotated, Any

import typer

from appliance.cli.client import ENDED_BADLY, Failed
from appliance.cli.everywhere import Call, command, noun
from appliance.cli.words import moment, table

group = noun("The firewall: what a stranger outside gets to see, what was held back, and why.")
LOOK_SECONDS = 60.0


@command(group)
def outside(
    call: Call,
    last: Annotated[bool, typer.Option("--last", help="Show the last look, take none.")] = False,
) -> None:
    """Look at the router from outside; ends with 5 when something answers that should not."""
    if not last:
        call.answer(call.client.post("/firewall/outside")["wish"], LOOK_SECONDS)
    found = call.client.get("/firewall/outside")
    call.show(found, lambda: shown(found))
    if found["at"] is not None and not (found["silent"] and found["proven"]):
        raise Failed(ENDED_BADLY, "Something answers that should not, or nothing could be proven.")


def shown(found: dict[str, Any]) -> str:
    """The look as text."""
    if found["at"] is None:
        return "Nobody has looked from outside yet."
    verdict = "nothing of ours answers" if found["silent"] else "something answers that should not"
    heard = [
        (
            f"{one['protocol']} {one['port']}",
            one["address"],
            "answers" if one["open"] else "nobody there",
            "let in" if one["expected"] else "WRONG",
        )
        for one in found["heard"]
    ]
    sockets = [
        (
            f"{one['protocol']} {one['port']}",
            one["link"] or "every interface",
            one["address"],
            one["owner"] or "another program",
            ", ".join(one["zones"]) or "nobody",
        )
        for one in found["sockets"]
    ]
    told = [f"! {one}" for one in found["findings"]]
    head = f"{moment(found['at'])}: {found['tried']} ports asked, {verdict}."
    return "\n\n".join(
        (
            head,
            *told,
            table(("PORT", "ADDRESS", "", ""), heard, "No port was heard."),
            table(("PORT", "LINK", "ADDRESS", "WHOSE", "WHO MAY ASK"), sockets, "Nothing waits."),
        )
    )


@command(group)
def drops(call: Call) -> None:
    """What the filter held back lately, newest first."""
    found = call.client.get("/firewall/drops")
    rows = [
        (
            moment(one["at"]),
            one["source"],
            one["destination"],
            f"{one['protocol']} {one['port'] or ''}".strip(),
            one["by"],
        )
        for one in found
    ]
    headings = ("WHEN", "FROM", "TO", "WHAT", "DECIDED BY")
    call.show(found, table(headings, rows, "Nothing was held back since the router started."))


@command(group)
def trace(
    call: Call,
    source: Annotated[str, typer.Argument(help="A network, or internet.")] = "",
    destination: Annotated[str, typer.Argument(help="A network, internet or router.")] = "",
    protocol: Annotated[str, typer.Argument(help="tcp, udp or icmp.")] = "tcp",
    port: Annotated[int | None, typer.Argument(help="The port that is asked for.")] = None,
    *,
    sender: Annotated[str, typer.Option("--from", help="A device, or an address.")] = "",
    receiver: Annotated[str, typer.Option("--to", help="A device, or an address.")] = "",
    stop: Annotated[bool, typer.Option("--stop", help="Watch no packets any more.")] = False,
) -> None:
    """Which rule decides each packet of a conversation: watched for a minute, then to be read here
    without arguments."""
    if stop:
        call.did(call.client.delete("/firewall/trace"))
        return
    if source:
        asked = {
            "source": source,
            "destination": destination or "internet",
            "protocol": protocol,
            "port": port,
            "sender": sender,
            "receiver": receiver,
        }
        call.did(call.client.put("/firewall/trace", asked))
        return
    found = call.client.get("/firewall/trace")
    rows = [
        (
            moment(one["at"]),
            one["source"],
            one["destination"],
            JUDGED[one["accepted"]],
            one["by"] or one["elsewhere"],
        )
        for one in found["packets"]
    ]
    nothing = found["problem"] or (
        f"No packet came of {found['what']}." if found["what"] else "Nothing was watched."
    )
    call.show(found, table(("WHEN", "FROM", "TO", "", "DECIDED BY"), rows, nothing))


JUDGED = {True: "passed", False: "blocked", None: "not judged"}
