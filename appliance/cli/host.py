"""`nixie host`: what there is to boot."""

from collections.abc import Callable
from typing import Annotated, Any

import typer

from appliance.cli.build import followed
from appliance.cli.client import UNKNOWN, Client, Failed
from appliance.cli.everywhere import Call, command, noun
from appliance.cli.words import facts, quoted, table

group = noun("Hosts: what each source offers to boot.")

Which = Annotated[str, typer.Argument(help="Name, source/name, or id.")]


@command(group, "list")
def every(
    call: Call, source: Annotated[str | None, typer.Option(help="Of one source.")] = None
) -> None:
    """Hosts with their verdicts."""
    chosen = call.client.get(f"/sources/{quoted(source)}")["id"] if source else None
    found = call.client.get("/hosts", source=chosen)
    names = _source_names(call.client)
    rows = [
        (
            one["name"],
            names.get(one["source"], one["source"]),
            one["kind"],
            one["system"],
            one["generation"],
            one["reason"] or (one["outlook"] or {}).get("short"),
        )
        for one in found
    ]
    headings = ("NAME", "SOURCE", "KIND", "SYSTEM", "IMAGE", "WHY NOT, OR WHAT A BUILD TAKES")
    call.show(found, table(headings, rows, "No hosts yet."))


@command(group)
def show(call: Call, host: Which) -> None:
    """One host with its findings."""
    found = meant(call.client, host)
    call.show(found, lambda: _described(found))


@command(group)
def build(
    call: Call,
    host: Which,
    wait: Annotated[bool, typer.Option("--wait", help="Come back when it is built.")] = False,
    timeout: Annotated[float, typer.Option(help="Seconds to wait at most.")] = 7200.0,
) -> None:
    """Build a host."""
    found = meant(call.client, host)
    known = {one["id"] for one in call.client.get("/builds", host=found["id"])}
    source, _, name = found["id"].partition("/")
    done = call.client.post(f"/hosts/{source}/{quoted(name)}/build")
    if not wait:
        call.did(done)
        return
    try:
        call.answer(done["wish"], timeout)
    except Failed:
        fresh = _fresh(call, found["id"], known)
        if not fresh:
            raise
    followed(call, _fresh(call, found["id"], known)[0]["id"], timeout)


@command(group)
def pin(
    call: Call,
    host: Which,
    generation: Annotated[int | None, typer.Option(help="Its number; else what is served.")] = None,
) -> None:
    """Serve one generation and no other, until it is unpinned."""
    source, name = _address(call, host)
    number = generation or _newest(call, host, lambda one: one["served"], "served")
    call.did(call.client.post(f"/hosts/{source}/{name}/pin", {"generation": number}))


@command(group)
def unpin(call: Call, host: Which) -> None:
    """Serve the newest generation again, unless it is bad."""
    source, name = _address(call, host)
    call.did(call.client.post(f"/hosts/{source}/{name}/unpin"))


@command(group, "roll-back")
def roll_back(call: Call, host: Which) -> None:
    """Set the generation that is served aside, and serve the one before."""
    source, name = _address(call, host)
    call.did(call.client.post(f"/hosts/{source}/{name}/roll-back"))


@command(group, "try-again")
def try_again(
    call: Call,
    host: Which,
    generation: Annotated[
        int | None, typer.Option(help="Its number; else the newest bad one.")
    ] = None,
) -> None:
    """Put a bad generation on trial again."""
    source, name = _address(call, host)
    number = generation or _newest(call, host, lambda one: one["state"] == "bad", "bad")
    call.did(call.client.post(f"/hosts/{source}/{name}/try-again", {"generation": number}))


def _newest(call: Call, host: str, fits: Callable[[Any], bool], what: str) -> int:
    """The number of the newest generation that fits.  Raises Failed when none does."""
    for one in call.client.get("/images", host=meant(call.client, host)["id"]):
        if fits(one):
            return int(one["number"])
    raise Failed(UNKNOWN, f"No generation of {host} is {what}. See: nixie image list --host {host}")


def _address(call: Call, host: str) -> tuple[str, str]:
    """Source id and name of the host somebody means, for a path."""
    source, _, name = meant(call.client, host)["id"].partition("/")
    return source, quoted(name)


def _fresh(call: Call, host: str, known: set[str]) -> list[Any]:
    """Builds of a host that came since, or are under way; newest first."""
    return [
        one
        for one in call.client.get("/builds", host=host)
        if one["id"] not in known or one["state"] in ("queued", "running")
    ]


def meant(client: Client, text: str) -> Any:
    """The host somebody means.  Raises Failed when there is none, or more than one."""
    names = _source_names(client)
    source, slash, name = text.rpartition("/")
    found = [
        one
        for one in client.get("/hosts")
        if one["name"] == name
        and (not slash or source in (one["source"], names.get(one["source"])))
    ]
    if len(found) == 1:
        return found[0]
    if not found:
        raise Failed(UNKNOWN, f"No host is named {text!r}. See: nixie host list")
    told = ", ".join(f"{names.get(one['source'], one['source'])}/{one['name']}" for one in found)
    raise Failed(UNKNOWN, f"More than one host is named {text!r}: {told}.")


def _source_names(client: Client) -> dict[str, str]:
    return {one["id"]: one["name"] for one in client.get("/sources")}


def _described(found: Any) -> str:
    about = facts(
        [
            ("host", found["name"]),
            ("id", found["id"]),
            ("kind", found["kind"]),
            ("why not", found["reason"]),
            ("system", found["system"]),
            ("release", found["release"]),
            ("watched", "yes" if found["watched"] else "no"),
            ("specialisations", ", ".join(found["specialisations"])),
            ("image", found["image"]),
        ]
    )
    told = [_finding(one) for one in found["findings"]]
    needs = [_need(one) for one in (found["outlook"] or {}).get("needs", ())]
    parts = [part for part in (told, ["What a build takes:", *needs] * bool(needs)) if part]
    return "\n".join([about, *(line for part in parts for line in ("", *part))])


def _need(one: Any) -> str:
    way = f"\n      {one['way']}: {one['link']}" if one["link"] else ""
    return f"{one['kind'].ljust(4)}  {one['what']}{way}"


def _finding(one: Any) -> str:
    where = f" ({one['where']})" if one["where"] else ""
    missing = f"\n      add: {one['missing']}" if one["missing"] else ""
    return f"{one['severity'].ljust(4)}  {one['what']}{where}{missing}"
