"""`nixie builder`: other computers that build for this router."""

from typing import Annotated, Any

import typer

from appliance.cli.client import REFUSED, Failed
from appliance.cli.everywhere import Call, command, noun
from appliance.cli.words import facts, moment, quoted, table

group = noun("Builders: other computers that build for this router, by SSH.")

Which = Annotated[str, typer.Argument(help="The builder's name, or its id.")]
Address = Annotated[str, typer.Argument(help="USER@HOST or USER@HOST:PORT; IPv6 as [ADDRESS].")]
Name = Annotated[str | None, typer.Option(help="What you call it; otherwise its host.")]
Systems = Annotated[
    list[str] | None, typer.Option("--system", help="What it builds for; may be given again.")
]
Jobs = Annotated[
    int | None,
    typer.Option(help="Derivations of a shared build that it is given at once."),
]
Features = Annotated[
    list[str] | None,
    typer.Option("--feature", help="What its Nix has, like kvm; may be given again."),
]
Shares = Annotated[
    bool | None,
    typer.Option("--share/--whole", help="Give it single derivations, or whole builds (usual)."),
]
Evaluates = Annotated[
    bool | None,
    typer.Option(help="Have it evaluate flakes, too; its line in authorized_keys is another then."),
]
Timeout = Annotated[float, typer.Option(help="Seconds to wait for its trial at most.")]
Speed = Annotated[int | None, typer.Option(help="1 to 100: the larger is asked first.")]
KEPT = (
    "name",
    "host",
    "port",
    "user",
    "systems",
    "jobs",
    "speed",
    "features",
    "shares",
    "evaluates",
)
"""What a change leaves as it is, unless it is told."""


@command(group, "list")
def every(call: Call) -> None:
    """The builders, and how each stands."""
    found = call.client.get("/builders")
    rows = [
        (
            one["name"],
            _address(one),
            " ".join(one["systems"]),
            one["state"] if one["enabled"] else "off",
            one["what"],
        )
        for one in found
    ]
    headings = ("NAME", "ADDRESS", "SYSTEMS", "STATE", "WHY")
    call.show(found, table(headings, rows, "No other computer builds for this router."))


@command(group)
def here(call: Call) -> None:
    """What this router can build itself, and what to do where it is short of something."""
    found = call.client.get("/hardware")
    call.show(found, lambda: _own(found))


@command(group)
def show(call: Call, builder: Which) -> None:
    """One builder: its trial, the line that lets the router in, and the host key that it shows."""
    found = _found(call, builder)
    call.show(found, lambda: _described(found))


@command(group)
def add(
    call: Call,
    address: Address,
    name: Name = None,
    systems: Systems = None,
    jobs: Jobs = None,
    speed: Speed = None,
    features: Features = None,
    shares: Shares = None,
    evaluates: Evaluates = None,
    timeout: Timeout = 300.0,
) -> None:
    """Add a builder, and say what its first trial came to."""
    told = _given(
        name=name,
        systems=systems,
        jobs=jobs,
        speed=speed,
        features=features,
        shares=shares,
        evaluates=evaluates,
    )
    new = {**_parts(address), **told}
    _answered(call, call.client.post("/builders", new), timeout)


@command(group)
def change(
    call: Call,
    builder: Which,
    address: Annotated[str | None, typer.Option(help="USER@HOST:PORT.")] = None,
    name: Name = None,
    systems: Systems = None,
    jobs: Jobs = None,
    speed: Speed = None,
    features: Features = None,
    shares: Shares = None,
    evaluates: Evaluates = None,
    timeout: Timeout = 300.0,
) -> None:
    """Change a builder; it is tried again."""
    found = _found(call, builder)
    new = {one: found[one] for one in KEPT}
    new |= _parts(address) if address else {}
    new |= _given(
        name=name,
        systems=systems,
        jobs=jobs,
        speed=speed,
        features=features,
        shares=shares,
        evaluates=evaluates,
    )
    _answered(call, call.client.put(f"/builders/{quoted(found['id'])}", new), timeout)


@command(group)
def trust(
    call: Call,
    builder: Which,
    fingerprint: Annotated[
        str, typer.Argument(help="SHA256:…, as ssh-keygen -l prints it on the builder itself.")
    ],
    timeout: Timeout = 300.0,
) -> None:
    """Know a builder by its host key from now on; its fingerprint is compared with what you say."""
    found = _found(call, builder)
    if fingerprint != found["shown_fingerprint"]:
        shown = found["shown_fingerprint"] or "none: try it first"
        what = f"That is not the host key that {found['name']} shows, which is {shown}."
        raise Failed(REFUSED, what)
    told = {"host_key": found["shown_host_key"]}
    asked = call.client.post(f"/builders/{quoted(found['id'])}/trust", told)
    _answered(call, asked, timeout)


@command(group, "try")
def try_(call: Call, builder: Which, timeout: Timeout = 300.0) -> None:
    """Try a builder step by step, and say what came of it."""
    _answered(call, _deed(call, builder, "try"), timeout)


@command(group)
def on(call: Call, builder: Which) -> None:
    """Let a builder build."""
    call.did(_deed(call, builder, "on"))


@command(group)
def off(call: Call, builder: Which) -> None:
    """Leave a builder out; what it builds now goes on."""
    call.did(_deed(call, builder, "off"))


@command(group)
def remove(call: Call, builder: Which) -> None:
    """Let a builder be."""
    call.did(call.client.delete(f"/builders/{quoted(_found(call, builder)['id'])}"))


def _own(found: Any) -> str:
    if found is None:
        return "That was not found out yet: the build role does so within a minute of its start."
    return "\n".join(map(_need, found["needs"]))


def _need(one: Any) -> str:
    way = f" ({one['way']}.)" if one["way"] else ""
    return f"{one['kind'].upper():5}{one['what']}{way}"


def _deed(call: Call, builder: str, deed: str) -> Any:
    return call.client.post(f"/builders/{quoted(_found(call, builder)['id'])}/{deed}")


def _answered(call: Call, asked: Any, timeout: float) -> None:
    found = call.answer(asked["wish"], timeout)
    call.show(found, str(found["what"]))


def _given(**options: Any) -> dict[str, Any]:
    return {name: told for name, told in options.items() if told is not None}


def _parts(address: str) -> dict[str, Any]:
    """An address as ssh's users write it, in parts.  Raises Failed.

    >>> _parts("nix@[fd00::5]:2222")
    {'user': 'nix', 'host': 'fd00::5', 'port': 2222}
    """
    user, sign, rest = address.rpartition("@")
    host, colon, port = rest.rpartition(":")
    if not colon or rest.endswith("]"):
        host, port = rest, "22"
    if not sign or not port.isdecimal():
        raise Failed(REFUSED, f"Write {address!r} as USER@HOST or USER@HOST:PORT.")
    return {"user": user, "host": host.strip("[]"), "port": int(port)}


def _found(call: Call, word: str) -> dict[str, Any]:
    """The builder that is called so, or has that id.  Raises Failed."""
    found = [one for one in call.client.get("/builders") if word in (one["id"], one["name"])]
    if not found:
        raise Failed(REFUSED, f"There is no builder {word}. See nixie builder list.")
    return dict(found[0])


def _address(one: Any) -> str:
    host = f"[{one['host']}]" if ":" in one["host"] else one["host"]
    return f"{one['user']}@{host}:{one['port']}"


def _described(found: Any) -> str:
    steps = [
        (one["step"], f"{'passed' if one['passed'] else 'FAILED'}: {one['what']}")
        for one in found["steps"]
    ]
    return facts(
        [
            ("builder", found["name"]),
            ("address", _address(found)),
            ("systems", " ".join(found["systems"])),
            ("features", " ".join(found["features"]) or "none"),
            ("is given", "single derivations" if found["shares"] else "whole builds"),
            ("evaluates", "yes" if found["evaluates"] else "no"),
            ("state", found["state"] if found["enabled"] else "off"),
            ("why", found["what"]),
            ("tried", moment(found["tried_at"]) if found["tried_at"] else "never"),
            *steps,
            ("shows", found["shown_fingerprint"]),
            ("paste", found["authorized_keys"]),
        ]
    )
