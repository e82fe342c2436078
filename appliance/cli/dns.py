"""`nixie dns`: how names are answered, who asks for what, and a pause of blocking."""

from typing import Annotated

import typer

from appliance.cli.everywhere import Call, command, noun
from appliance.cli.words import moment, table

LOOK_SECONDS = 10.0

group = noun("Names: how they are answered, who asks for what, and a pause of blocking.")


@command(group)
def status(call: Call) -> None:
    """What was asked, the name servers, the lists of blocked names."""
    found = call.client.get("/names")
    counts = [(name, str(count)) for name, count in found["counts"].items()]
    servers = [
        (
            one["address"],
            one["tls_name"] or "",
            "asked" if one["well"] else "rests",
            f"{one['seconds'] * 1000:.0f} ms" if one["seconds"] is not None else "",
        )
        for one in found["upstreams"]
    ]
    lists = [
        (
            one["url"],
            str(one["names"]),
            moment(one["fetched_at"]) if one["fetched_at"] else "never",
            one["problem"],
        )
        for one in found["blocklists"]
    ]
    parts = (
        table(("QUESTIONS", ""), counts, "The dns role has not said anything yet."),
        table(("SERVER", "NAME", "STATE", "TAKES"), servers, "No name server is asked."),
        table(("LIST", "NAMES", "FETCHED", "PROBLEM"), lists, "No list of names is blocked."),
    )
    call.show(found, "\n\n".join(parts))


@command(group)
def pause(
    call: Call, minutes: Annotated[int, typer.Argument(min=1, help="For how long.")] = 5
) -> None:
    """Block nothing for some minutes."""
    call.did(call.client.put("/names/pause", {"minutes": minutes}))


@command(group)
def resume(call: Call) -> None:
    """End a pause of blocking."""
    call.did(call.client.delete("/names/pause"))


@command(group)
def look(
    call: Call,
    name: Annotated[str, typer.Argument(help="Like www.example.com.")],
    record: Annotated[str, typer.Argument(help="A, AAAA, MX, TXT, …")] = "A",
    client: Annotated[str, typer.Option("--for", help="The address of who would ask.")] = "",
) -> None:
    """What would be answered, and why: ours, blocked by which list, kept, or asked of others."""
    asked = {"name": name, "record": record, "client": client}
    found = call.answer(call.client.post("/names/look", asked)["wish"], LOOK_SECONDS)
    call.show(found, str(found["what"]))


@command(group)
def questions(
    call: Call,
    client: Annotated[str, typer.Option("--of", help="The address of one device.")] = "",
    minutes: Annotated[int, typer.Option(min=0, help="Have them put down for so long.")] = 0,
    *,
    forget: Annotated[bool, typer.Option("--forget", help="Stop, and forget them.")] = False,
) -> None:
    """Who asks for what: put down in memory alone, and only while you want it."""
    if forget:
        call.did(call.client.delete("/names/questions"))
        return
    if minutes:
        call.did(call.client.put("/names/questions", {"minutes": minutes}))
        return
    found = call.client.get("/names/questions", client=client)
    rows = [
        (moment(one["at"]), one["client"], f"{one['name']} {one['record']}", one["said"],
         f"{one['why']} {one['by']}".strip())
        for one in found["questions"]
    ]  # fmt: skip
    nothing = "Nothing is put down. nixie dns questions --minutes 60 begins."
    call.show(found, table(("WHEN", "BY", "QUESTION", "ANSWER", "WHY"), rows, nothing))
