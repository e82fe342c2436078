"""`nixie rescue`: for whoever stands at the router's own console.

The look is made of the state directory's files, so it works with every role down.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from appliance.cli.client import REFUSED, SILENT, Failed
from appliance.cli.everywhere import Json
from appliance.cli.run import StateOption
from appliance.cli.words import facts, moment, table
from appliance.errors import NixieError
from appliance.store.reads import FILES, Reads
from appliance.store.secrets.open import claim_code
from appliance.store.standing.open import standings
from appliance.store.trials import TrialRow
from appliance.variables import STATE

BOOTS = 5

NewOwner = Annotated[
    bool,
    typer.Option(
        "--new-owner",
        help="The password is lost: every user, session and token ends, and a new claim code opens "
        "the admin.",
    ),
]


def add(app: typer.Typer) -> None:
    """Put the command on `app`."""
    app.command()(rescue)


def rescue(
    state: StateOption = Path(STATE.usual), new_owner: NewOwner = False, as_json: Json = False
) -> None:
    """At the router's console: what runs, what is wrong, and the way back in."""
    try:
        if new_owner:
            code = _reopened(state)
            typer.echo(json.dumps({"code": code}) if as_json else f"The claim code is {code}")
        else:
            found = _found(state)
            typer.echo(json.dumps(found, indent=2) if as_json else "\n\n".join(_told(found)))
    except Failed as failed:
        for sentence in failed.sentences:
            typer.echo(sentence, err=True)
        raise typer.Exit(failed.code) from None


def _reopened(state: Path) -> str:
    """The new claim code.  Loads the acts only here: the supervisor is of this program too."""
    from appliance.actions.open import reopened_claim

    try:
        return reopened_claim(state)
    except NixieError as error:
        raise Failed(SILENT, str(error)) from None


def _found(state: Path) -> dict[str, Any]:
    """What the files say.  Raises Failed when they are not there, or not ours to read."""
    try:
        code = claim_code(state)
    except PermissionError:
        raise Failed(REFUSED, f"{state} is not yours to read. Run this as root.") from None
    reads = Reads(state)
    if not any(map(reads.started, FILES)):
        what = f"No router has started in {state}. Name its state directory with --state."
        raise Failed(SILENT, what)
    cut, newest = reads.slices(), reads.revision()
    return {
        "claim_code": code,
        "processes": [asdict(one) for one in standings(state)],
        "troubles": reads.troubles(),
        "revision": newest.number if newest else None,
        "applied": cut.revision if cut else None,
        "change": _newest(reads.trial()),
        "networks": [
            {"name": one.name, "link": one.link, "address": str(one.address)}
            for one in (cut.boot if cut else ())
        ],
        "internet": asdict(reads.way()),
        "ports": [asdict(one) for one in reads.ports()],
        "boots": [asdict(one) for one in reads.boots(limit=BOOTS)],
        "logs": str(state / "logs"),
    }


def _told(found: dict[str, Any]) -> Iterator[str]:
    """The same for people, in pieces."""
    code = found["claim_code"]
    owner = f"nobody yet; the claim code is {code}" if code else (
        "somebody; if the password is lost: nixie rescue --new-owner"
    )  # fmt: skip
    yield facts(
        [
            ("owner", owner),
            ("configuration", f"revision {found['applied'] or 'none'} of {found['revision'] or 0}"),
            ("last change", _became(found["change"])),
            *(("admin", f"https://{_bare(one['address'])}/") for one in found["networks"]),
            ("internet", _internet(found["internet"])),
            *(("trouble", what) for what in found["troubles"]),
            ("logs", found["logs"]),
        ]
    )
    processes = [(one["name"], one["state"], one["why"]) for one in found["processes"]]
    yield table(("PROCESS", "STATE", "LAST FAILURE"), processes, "Nixie does not run: nixie run")
    ports = [
        (one["link"], one["mac"], one["path"], "up" if one["up"] else "down", one["network"])
        for one in found["ports"]
    ]
    yield table(("PORT", "MAC", "SLOT", "STATE", "NETWORK"), ports, "No interfaces were seen yet.")
    boots = [
        (moment(one["began_at"]), one["mac"], one["name"], one["state"], one["diagnosis"])
        for one in found["boots"]
    ]
    yield table(("BOOT", "MAC", "HOST", "STATE", "WHY"), boots, "Nothing has asked to boot yet.")


def _newest(row: TrialRow | None) -> dict[str, Any] | None:
    """The newest change: what became of it, and why."""
    return {"revision": row.revision, "state": row.state, "why": row.why} if row else None


def _became(change: dict[str, Any] | None) -> str:
    """The newest change in a sentence.

    >>> _became({"revision": 5, "state": "undone", "why": "Nobody pressed Keep in time."})
    'revision 5: undone. Nobody pressed Keep in time.'
    """
    if change is None:
        return "none yet"
    return f"revision {change['revision']}: {change['state']}. {change['why']}".rstrip()


def _internet(way: dict[str, Any]) -> str:
    """How the way out stood when its role last looked.

    >>> _internet({"stand": "online", "why": ""}), _internet({"stand": "off", "why": ""})
    ('online', 'no port is its')
    >>> _internet({"stand": "no-cable", "why": "there is no cable in enp1s0."})
    'there is no cable in enp1s0.'
    """
    if way["stand"] == "off":
        return "no port is its"
    return str(way["why"] or way["stand"].replace("-", " "))


def _bare(address: str) -> str:
    """An address without its prefix.

    >>> _bare("10.77.0.1/24")
    '10.77.0.1'
    """
    return address.partition("/")[0]
