"""`nixie cache`: binary caches that are asked, and the router as one."""

from typing import Annotated, Any

import typer

from appliance.cli.client import REFUSED, Failed
from appliance.cli.everywhere import Call, command, noun
from appliance.cli.words import facts, moment, quoted, table
from appliance.quantities import size

group = noun("Binary caches: those that are asked before anything is built, and the router as one.")

Which = Annotated[str, typer.Argument(help="The cache's address, or its id.")]
Timeout = Annotated[float, typer.Option(help="Seconds to wait for its answer at most.")]
User = Annotated[str | None, typer.Option(help="For one that wants a password; '' for none.")]
Password = Annotated[
    bool, typer.Option("--password", help="Read the password from the terminal or a pipe.")
]
ASKED = "Its password"


@command(group)
def show(call: Call) -> None:
    """Where the router is one, its public key, and the lines for other machines' configurations."""
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


@command(group, "list")
def every(call: Call) -> None:
    """The caches in the order in which they are asked, and how each stands."""
    found = call.client.get("/caches")
    rows = [
        (one["url"], one["user"] or "-", one["state"] if one["enabled"] else "off", one["what"])
        for one in found
    ]
    headings = ("ADDRESS", "USER", "STATE", "WHY")
    call.show(found, table(headings, rows, "No cache is asked, so everything is built."))


@command(group)
def details(call: Call, cache: Which) -> None:
    """One cache: its keys, its last trial, and its last answer."""
    found = _found(call, cache)
    call.show(found, lambda: _described(found))


@command(group)
def add(
    call: Call,
    url: Annotated[str, typer.Argument(help="https://cache.example.org.")],
    keys: Annotated[list[str], typer.Argument(help="Its public key, or several.")],
    user: User = None,
    password: Password = False,
    timeout: Timeout = 120.0,
) -> None:
    """Add a cache after the others, and say what its first trial came to."""
    new = {"url": url, "keys": " ".join(keys), "user": user or "", "password": _secret(password)}
    _answered(call, call.client.post("/caches", new), timeout)


@command(group)
def change(
    call: Call,
    cache: Which,
    url: Annotated[str | None, typer.Option(help="Its new address.")] = None,
    key: Annotated[list[str] | None, typer.Option(help="All of its public keys.")] = None,
    user: User = None,
    password: Password = False,
    timeout: Timeout = 120.0,
) -> None:
    """Change a cache; it is tried again.  What is left out stays."""
    found = _found(call, cache)
    new = {
        "url": url or found["url"],
        "keys": " ".join(key or found["keys"]),
        "user": found["user"] if user is None else user,
        "password": _secret(password),
    }
    _answered(call, call.client.put(f"/caches/{quoted(found['id'])}", new), timeout)


@command(group, "try")
def try_(call: Call, cache: Which, timeout: Timeout = 120.0) -> None:
    """Try a cache step by step, and say what came of it."""
    _answered(call, _deed(call, cache, "try"), timeout)


@command(group)
def has(
    call: Call,
    cache: Which,
    what: Annotated[str, typer.Argument(help="A path below /nix/store, or a host.")],
    timeout: Timeout = 120.0,
) -> None:
    """Ask whether a cache has a store path, or what it has of a host."""
    _answered(call, _deed(call, cache, "has", what=what), timeout)


@command(group)
def up(call: Call, cache: Which) -> None:
    """Ask a cache before the one above it."""
    call.did(_deed(call, cache, "up"))


@command(group)
def down(call: Call, cache: Which) -> None:
    """Ask a cache after the one below it."""
    call.did(_deed(call, cache, "down"))


@command(group)
def on(call: Call, cache: Which) -> None:
    """Ask a cache before anything is built."""
    call.did(_deed(call, cache, "on"))


@command(group)
def off(call: Call, cache: Which) -> None:
    """Leave a cache out."""
    call.did(_deed(call, cache, "off"))


@command(group)
def remove(call: Call, cache: Which) -> None:
    """Let a cache be; nothing that it signs is taken any more."""
    call.did(_deed(call, cache, "remove"))


def _deed(call: Call, cache: str, deed: str, **query: str) -> Any:
    path = f"/caches/{quoted(_found(call, cache)['id'])}/{deed}"
    return call.client.post(path, **query)


def _answered(call: Call, asked: Any, timeout: float) -> None:
    found = call.answer(asked["wish"], timeout)
    call.show(found, str(found["what"]))


def _secret(wanted: bool) -> str:
    return str(typer.prompt(ASKED, hide_input=True, err=True)) if wanted else ""


def _found(call: Call, word: str) -> dict[str, Any]:
    """The cache of that address or id.  Raises Failed."""
    plain = word.rstrip("/")
    for one in call.client.get("/caches"):
        if plain in (one["id"], one["url"], one["url"].partition("://")[2]):
            return dict(one)
    raise Failed(REFUSED, f"There is no cache {word}. See nixie cache list.")


def _described(found: Any) -> str:
    steps = [
        (one["step"], f"{'passed' if one['passed'] else 'FAILED'}: {one['what']}")
        for one in found["steps"]
    ]
    return facts(
        [
            ("cache", found["url"]),
            *(("key", key) for key in found["keys"]),
            ("user", found["user"] or "none: it gives to everybody"),
            ("state", found["state"] if found["enabled"] else "off"),
            ("why", found["what"]),
            ("tried", moment(found["tried_at"]) if found["tried_at"] else "never"),
            *steps,
            ("answer", found["answer"]),
        ]
    )
