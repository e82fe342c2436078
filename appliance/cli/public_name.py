"""`nixie public-name`: names on the internet that follow this router."""

import sys
from typing import Annotated, Any

import typer

from appliance.cli.client import REFUSED, Failed
from appliance.cli.everywhere import Call, command, noun
from appliance.cli.words import moment, quoted, table

ANSWER_SECONDS = 60.0

group = noun("Public names: names on the internet that follow this router (dynamic DNS).")

Which = Annotated[str, typer.Argument(help="The name, or its id.")]
Name = Annotated[str, typer.Argument(help="The whole name, like home.example.org.")]
Service = Annotated[
    str,
    typer.Argument(
        help="desec, duckdns, dyn, dynv6, he, inwx, no-ip, ovh; dyndns2 (any other); rfc2136."
    ),
]
Settings = Annotated[
    list[str] | None,
    typer.Argument(
        help="user=… server=… publishes=both|ipv4|ipv6|seen refresh_days=…; for rfc2136 server= "
        "key= zone= algorithm= ttl="
    ),
]


@command(group, "list")
def every(call: Call) -> None:
    """The names, where they lead, and what their services said last."""
    found = call.client.get("/public-names")
    rows = [
        (
            one["name"],
            one["service"],
            one["state"],
            ", ".join(one["leads_to"]),
            moment(one["published_at"]) if one["published_at"] else "never",
            one["what"],
        )
        for one in found
    ]
    headings = ("NAME", "SERVICE", "STATE", "LEADS TO", "PUBLISHED", "WHY")
    call.show(found, table(headings, rows, "No name on the internet follows this router."))


@command(group)
def add(call: Call, name: Name, service: Service, settings: Settings = None) -> None:
    """Let one more name follow this router.

    It asks for the secret, or reads it from standard input.
    """
    told = _typed()
    call.did(call.client.post("/public-names", _new(name, service, settings, told)))


@command(group)
def change(
    call: Call,
    name: Which,
    settings: Settings = None,
    *,
    secret: Annotated[bool, typer.Option("--secret", help="Ask for another secret.")] = False,
) -> None:
    """Change settings of a name; it is published at once."""
    found = _found(call, name)
    told = _typed() if secret else ""
    new = _new(found["name"], found["service"], settings, told)
    new["settings"] = {**found["settings"], **new["settings"]}
    call.did(call.client.put(f"/public-names/{quoted(found['id'])}", new))


@command(group)
def remove(call: Call, name: Which) -> None:
    """Let a name be: it leads where it led last."""
    call.did(call.client.delete(f"/public-names/{quoted(_found(call, name)['id'])}"))


@command(group)
def publish(call: Call, name: Which) -> None:
    """Publish a name now, and say what its service said."""
    asked = call.client.post(f"/public-names/{quoted(_found(call, name)['id'])}/publish")
    found = call.answer(asked["wish"], ANSWER_SECONDS)
    call.show(found, str(found["what"]))


def _new(name: str, service: str, settings: list[str] | None, secret: str) -> dict[str, Any]:
    """The body of a request.  Raises Failed."""
    pairs = [one.partition("=") for one in settings or ()]
    if wrong := [word for word, sign, _ in pairs if not sign]:
        raise Failed(REFUSED, f"Write {wrong[0]!r} as NAME=VALUE.")
    told = {word: value for word, _, value in pairs}
    return {"name": name, "service": service, "settings": told, "secret": secret}


def _typed() -> str:
    """What is typed, or comes by standard input."""
    if sys.stdin.isatty():
        return str(typer.prompt("Secret", hide_input=True, err=True))
    return sys.stdin.read().rstrip("\n")


def _found(call: Call, word: str) -> dict[str, Any]:
    """The name that is called so, or has that id.  Raises Failed."""
    every = call.client.get("/public-names")
    found = [one for one in every if word in (one["id"], one["name"])]
    if not found:
        raise Failed(REFUSED, f"{word} does not follow this router. See nixie public-name list.")
    return dict(found[0])
