"""`nixie notice`: where you are told of things, and whether it gets there."""

from typing import Annotated

import typer

from appliance.cli.client import REFUSED, Failed
from appliance.cli.everywhere import Call, command, noun
from appliance.cli.words import moment, quoted, table

TEST_SECONDS = 60.0

group = noun("Notices: where you are told of things while you do not look.")

Which = Annotated[str, typer.Argument(help="Name or id of the channel.")]


@command(group, "list")
def every(call: Call) -> None:
    """The channels, and what became of the last notice of each."""
    found = call.client.get("/notices")
    rows = [
        (
            one["name"],
            one["kind"],
            ", ".join(one["topics"]),
            moment(one["at"]) if one["at"] else "never",
            one["said"] or f"{one['waiting']} waiting",
        )
        for one in found
    ]
    nothing = "Nobody is told of anything."
    call.show(found, table(("CHANNEL", "KIND", "OF", "LAST", "WHAT BECAME OF IT"), rows, nothing))


@command(group)
def add(
    call: Call,
    kind: Annotated[str, typer.Argument(help="mail, webhook or ntfy.")],
    name: Annotated[str, typer.Argument(help="What you call it.")],
    settings: Annotated[
        list[str], typer.Argument(help="url=…; for mail host= port= security= sender= recipient=")
    ],
    topic: Annotated[
        list[str], typer.Option(help="device, internet, change, boot, build, …; may repeat.")
    ] = [],  # noqa: B006 (typer copies it)
    *,
    secret: Annotated[bool, typer.Option("--secret", help="Ask for a password or key.")] = False,
) -> None:
    """Be told somewhere else, too."""
    pairs = [one.partition("=") for one in settings]
    if wrong := [word for word, sign, _ in pairs if not sign]:
        raise Failed(REFUSED, f"Write {wrong[0]!r} as NAME=VALUE.")
    told = typer.prompt("Secret", hide_input=True, err=True) if secret else ""
    new = {
        "kind": kind,
        "name": name,
        "settings": {word: value for word, _, value in pairs},
        "topics": topic,
        "secret": told,
    }
    call.did(call.client.post("/notices", new))


@command(group)
def test(call: Call, channel: Which) -> None:
    """Send a test, and say what the server said."""
    asked = call.client.post(f"/notices/{quoted(_id(call, channel))}/test")
    found = call.answer(asked["wish"], TEST_SECONDS)
    call.show(found, str(found["what"]))


@command(group)
def remove(call: Call, channel: Which) -> None:
    """Be told nothing there any more."""
    call.did(call.client.delete(f"/notices/{quoted(_id(call, channel))}"))


def _id(call: Call, word: str) -> str:
    """The id of the channel with that name or id.  Raises Failed."""
    found = [one["id"] for one in call.client.get("/notices") if word in (one["id"], one["name"])]
    if len(found) != 1:
        what = f"There is no channel {word}." if not found else f"Several are called {word}."
        raise Failed(REFUSED, f"{what} nixie notice list shows them.")
    return str(found[0])
