"""`nixie source`: flakes."""

import sys
from typing import Annotated, Any

import typer

from appliance.cli.client import ENDED_BADLY, Client, Failed
from appliance.cli.everywhere import Call, command, noun
from appliance.cli.words import facts, moment, quoted, table

group = noun("Flakes, and how each is treated.")

Which = Annotated[str, typer.Argument(help="Name or id.")]
Wait = Annotated[bool, typer.Option("--wait", help="Come back when it was looked at.")]
Within = Annotated[float, typer.Option("--timeout", help="Seconds to wait at most.")]
Trust = Annotated[str | None, typer.Option(help="mine or stranger.")]
AsBuilt = Annotated[
    bool | None, typer.Option("--as-built/--extended", help="Serve exactly as built; unwatched.")
]
Ifd = Annotated[
    bool | None, typer.Option("--allow-ifd/--no-ifd", help="Let evaluation build things.")
]
Interval = Annotated[int | None, typer.Option(help="Seconds between looks; 0: only when asked.")]
OnlyBuilders = Annotated[
    bool | None,
    typer.Option("--only-builders/--here-too", help="Whether this router builds none of it."),
]
Reach = Annotated[
    list[str] | None,
    typer.Option(
        help="A server of your network that it may fetch from: git.lan, 192.168.1.20 or "
        "git.example.org=10.0.0.5; may repeat. An empty one stands for nobody."
    ),
]
Schedule = Annotated[
    str | None,
    typer.Option(help="Days and times in place of the interval: 'mon,fri 04:00'; '' for none."),
]
Name = Annotated[str | None, typer.Option(help="A name for lists.")]


@command(group, "list")
def every(call: Call) -> None:
    """Every source and where it stands."""
    found = call.client.get("/sources")
    rows = [
        (one["name"], one["url"], one["state"], one["hosts"], _rev(one), moment(one["checked_at"]))
        for one in found
    ]
    headings = ("NAME", "URL", "STATE", "HOSTS", "REVISION", "LOOKED AT")
    call.show(found, table(headings, rows, "No sources yet. Add one: nixie source add URL"))


@command(group)
def show(call: Call, source: Which) -> None:
    """One source with its hosts and findings."""
    found = call.client.get(f"/sources/{quoted(source)}")
    hosts = call.client.get("/hosts", source=found["id"])
    call.show({**found, "host_list": hosts}, lambda: _described(found, hosts))


@command(group)
def add(
    call: Call,
    url: Annotated[str, typer.Argument(help="github:owner/repo, git+https://…, path:/…")],
    name: Name = None,
    trust: Trust = None,
    as_built: AsBuilt = None,
    allow_ifd: Ifd = None,
    interval: Interval = None,
    only_builders: OnlyBuilders = None,
    reach: Reach = None,
    wait: Wait = False,
    timeout: Within = 900.0,
) -> None:
    """Add a flake."""
    given = _settings(name, trust, as_built, allow_ifd, interval, only_builders, reach)
    done = call.client.post("/sources", {"url": url, **given})
    if not wait:
        call.did(done)
        return
    _looked_at(call, done["subject"], None, timeout)


@command(group)
def edit(
    call: Call,
    source: Which,
    name: Name = None,
    trust: Trust = None,
    as_built: AsBuilt = None,
    allow_ifd: Ifd = None,
    interval: Interval = None,
    only_builders: OnlyBuilders = None,
    reach: Reach = None,
    schedule: Schedule = None,
) -> None:
    """Change how a source is treated; what is not named stays."""
    given = _settings(name, trust, as_built, allow_ifd, interval, only_builders, reach)
    given |= {"schedule": schedule} if schedule is not None else {}
    call.did(call.client.patch(f"/sources/{quoted(source)}", given))


@command(group)
def refresh(call: Call, source: Which, wait: Wait = False, timeout: Within = 900.0) -> None:
    """Look at a source again, now."""
    before = call.client.get(f"/sources/{quoted(source)}")
    done = call.client.post(f"/sources/{quoted(source)}/refresh")
    if not wait:
        call.did(done)
        return
    _looked_at(call, before["id"], before["checked_at"] or 0.0, timeout)


@command(group)
def remove(call: Call, source: Which) -> None:
    """Take a source away."""
    call.did(call.client.delete(f"/sources/{quoted(source)}"))


@command(group)
def credential(
    call: Call,
    source: Which,
    kind: Annotated[str, typer.Argument(help="token, ssh-key or none.")],
    file: Annotated[
        typer.FileText | None, typer.Option(help="Where the secret is; - for standard input.")
    ] = None,
    user: Annotated[str | None, typer.Option(help="User name, where the server wants one.")] = None,
    host: Annotated[
        list[str] | None, typer.Option(help="Another server it is valid for; may repeat.")
    ] = None,
    known_hosts: Annotated[
        typer.FileText | None,
        typer.Option(
            help="Where the server's SSH host key is, as ssh-keyscan prints it. Compare its "
            "fingerprint first: ssh-keygen -lf FILE. Without --file the deploy key stays."
        ),
    ] = None,
) -> None:
    """Give a source its token or deploy key, never on the command line itself.

    What is not named stays as it is kept.
    """
    kept = kind == "none" or (kind == "ssh-key" and known_hosts is not None and file is None)
    secret = "" if kept else (file or sys.stdin).read()
    body = {"kind": kind, "secret": secret, "user": user, "hosts": host or None}
    if known_hosts is not None:
        body["known_hosts"] = known_hosts.read()
    call.did(call.client.put(f"/sources/{quoted(source)}/credential", body))


@command(group)
def webhook(
    call: Call,
    source: Which,
    wanted: Annotated[
        bool | None, typer.Option("--open/--close", help="Make a new secret, or take it away.")
    ] = None,
) -> None:
    """Where its forge tells of pushes, what it told last; the secret is shown when it is made."""
    path = f"/sources/{quoted(source)}/webhook"
    found = call.client.get(path) if wanted is None else call.client.put(path, {"open": wanted})
    call.show(found, lambda: _hooked(found))


@command(group)
def allow(call: Call, directory: str) -> None:
    """Let git+file: and path: sources lie in a directory of the router."""
    call.did(call.client.post("/directories", {"path": directory}))


@command(group)
def forbid(call: Call, directory: str) -> None:
    """Take that permission back."""
    call.did(call.client.delete("/directories", path=directory))


@command(group)
def directories(call: Call) -> None:
    """Directories of the router in which git+file: and path: sources may lie."""
    found = call.client.get("/directories")
    rows = [(one["path"],) for one in found]
    call.show(found, table(("DIRECTORY",), rows, "None. Allow one: nixie source allow DIRECTORY"))


@command(group)
def revisions(call: Call, source: Which) -> None:
    """Locked states of a source, newest first, with what changed."""
    found = call.client.get(f"/sources/{quoted(source)}/revisions")
    rows = [(moment(one["seen_at"]), one["rev"][:12], " ".join(one["changes"])) for one in found]
    call.show(found, table(("SEEN", "REVISION", "WHAT CHANGED"), rows, "Not looked at yet."))


def _hooked(found: Any) -> str:
    about = facts(
        [
            ("webhook", found["path"] and f"{found['path']}, at the admin's address"),
            ("secret", found["secret"]),
            ("", found["what"]),
        ]
    )
    rows = [
        (moment(one["at"]), one["outcome"], one["what"], one["address"])
        for one in found["deliveries"]
    ]
    last = table(("AT", "IT WAS", "WHY", "FROM"), rows, "Nothing was delivered yet.")
    return f"{about}\n\n{last}"


def _settings(
    name: str | None,
    trust: str | None,
    as_built: bool | None,
    allow_ifd: bool | None,
    interval: int | None,
    only_builders: bool | None,
    reach: list[str] | None,
) -> dict[str, Any]:
    asked = {
        "name": name,
        "trust": trust,
        "as_built": as_built,
        "allow_ifd": allow_ifd,
        "interval_seconds": interval,
        "only_builders": only_builders,
        "reach": [one for one in reach if one] if reach else None,
    }
    return {key: value for key, value in asked.items() if value is not None}


def _looked_at(call: Call, ident: str, before: float | None, seconds: float) -> None:
    """Wait until the source was looked at after `before`, then show it."""
    client: Client = call.client

    def ready(found: Any) -> bool:
        fresh = found["checked_at"] is not None and found["checked_at"] > (before or 0.0)
        return fresh and found["state"] in ("ready", "unreadable")

    found = client.until(
        lambda: client.get(f"/sources/{ident}"),
        ready,
        seconds,
        lambda now: f"{now['name']}: {now['state']} …",
    )
    if found["state"] == "unreadable":
        raise Failed(ENDED_BADLY, found["what"])
    hosts = client.get("/hosts", source=ident)
    call.show({**found, "host_list": hosts}, lambda: _described(found, hosts))


def _described(found: Any, hosts: list[Any]) -> str:
    about = facts(
        [
            ("source", found["name"]),
            ("url", found["url"]),
            ("state", found["state"]),
            ("why", found["what"]),
            ("revision", _rev(found)),
            ("trust", found["trust"]),
            ("built", "on builders only" if found["only_builders"] else "here or on builders"),
            ("reaches", ", ".join(found["reach"]) or "the internet only"),
            ("looked at", found["schedule"]),
            ("next look", moment(found["next_at"])),
        ]
    )
    rows = [(one["name"], one["kind"], one["system"], _findings(one)) for one in hosts]
    return f"{about}\n\n{table(('HOST', 'KIND', 'SYSTEM', 'FINDINGS'), rows, 'No hosts yet.')}"


def _findings(host: Any) -> str:
    told = [host["reason"]] if host["reason"] else []
    told += [one["what"] for one in host["findings"] if one["severity"] != "note"]
    return " ".join(told)


def _rev(found: Any) -> str:
    return str(found["revision"]["rev"])[:12] if found["revision"] else ""
