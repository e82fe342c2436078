"""The demonstration: add the sample flake, have a host built, name the machine that boots it.

Only calls that anybody could make with `nixie`; what it does is printed as it does it.
"""

from pathlib import Path
from typing import Any

from appliance.cli.client import Client, Failed, Where
from appliance.store.secrets.open import claim_code

HOST = "crucible"
MACHINE = "crucible-1"
START_SECONDS = 60.0
LOOK_SECONDS = 120.0
BUILD_SECONDS = 600.0


def first_machine(state: Path, url: str, sample: Path, mac: str) -> tuple[str, str, str] | None:
    """Get the sample's host ready; return (name, MAC, firmware) of the machine to switch on.

    None when something did not work; it was printed why.
    """
    client = Client(Where(state))
    try:
        client.answering(START_SECONDS)
        print(f"nixie: the admin is at {url}/", flush=True)
        if not client.get("/status")["claimed"]:
            print(f"nixie: its claim code is {claim_code(state)}", flush=True)
        source = _source(client, sample)
        _looked_at(client, source)
        host = f"{source}/{HOST}"
        client.put(f"/machines/{mac}/intent", {"host": host, "name": MACHINE})
        print(f"nixie: {MACHINE} ({mac}) is assigned {HOST}; real Nix builds it", flush=True)
        _built(client, source)
    except Failed as failed:
        for sentence in failed.sentences:
            print(f"nixie: {sentence}", flush=True)
        return None
    print(f"nixie: switching {MACHINE} on, with BIOS firmware", flush=True)
    return MACHINE, mac, "bios"


def _source(client: Client, sample: Path) -> str:
    """The id of the sample source, added now unless an earlier run added it."""
    url = f"git+file://{sample}"
    for one in client.get("/sources"):
        if one["url"] == url:
            client.post(f"/sources/{one['id']}/refresh")
            return str(one["id"])
    client.post("/directories", {"path": str(sample)})
    added = client.post("/sources", {"url": url, "name": "sample"})
    print(f"nixie: added the source {url}", flush=True)
    return str(added["subject"])


def _looked_at(client: Client, source: str) -> None:
    """Wait until every host has its verdict."""

    def hosts() -> list[dict[str, Any]]:
        return [one for one in client.get("/hosts") if one["source"] == source]

    found = client.until(
        hosts,
        lambda seen: bool(seen) and not any(one["kind"] == "looking" for one in seen),
        LOOK_SECONDS,
        lambda seen: f"nixie: looking at the flake's hosts, {len(seen)} seen",
    )
    for one in found:
        what = one["kind"] if one["reason"] is None else f"{one['kind']}: {one['reason']}"
        print(f"nixie:   {one['name']} is {what}", flush=True)


def _built(client: Client, source: str) -> None:
    """Wait until the host can be booted.  Raises Failed when its build failed."""

    def state() -> tuple[dict[str, Any], dict[str, Any] | None]:
        host = client.get(f"/hosts/{source}/{HOST}")
        builds = [one for one in client.get("/builds") if one["host"] == host["id"]]
        return host, builds[0] if builds else None

    host, build = client.until(
        state,
        lambda seen: (
            seen[0]["image"] is not None
            or (seen[1] is not None and seen[1]["state"] in {"failed", "cancelled"})
        ),
        BUILD_SECONDS,
        lambda seen: f"nixie: {HOST} {seen[1]['state'] if seen[1] else 'waits to be built'}",
    )
    if host["image"] is None:
        raise Failed(1, f"{HOST} was not built: {build['what'] if build else ''}")
