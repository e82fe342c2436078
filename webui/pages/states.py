"""Every state a row can have, as the pill that shows it: a shape, a word, and then a colour."""

from collections.abc import Mapping
from typing import NamedTuple

from appliance.store.boots import BootRow


class Pill(NamedTuple):
    """`kind` is one of the shapes in nixie.css: ok trial live warn bad new off wait hold blind."""

    kind: str
    text: str


BOOT: Mapping[str, Pill] = {
    "asking": Pill("live", "Asking"),
    "loading": Pill("live", "Loading"),
    "starting": Pill("live", "Starting"),
    "menu": Pill("wait", "At its menu"),
    "up": Pill("ok", "Good"),
    "served": Pill("blind", "Unwatched"),
    "held": Pill("wait", "Waits for you"),
    "local": Pill("off", "Local disk"),
    "short": Pill("bad", "Fell short"),
    "left": Pill("off", "Broken off"),
}
BUILD: Mapping[str, Pill] = {
    "queued": Pill("wait", "Waits"),
    "running": Pill("live", "Building"),
    "built": Pill("ok", "Built"),
    "unchanged": Pill("ok", "Unchanged"),
    "failed": Pill("bad", "Not built"),
    "cancelled": Pill("hold", "Stopped by you"),
}
GENERATION: Mapping[str, Pill] = {
    "trial": Pill("trial", "On trial"),
    "good": Pill("ok", "Good"),
    "bad": Pill("bad", "Bad"),
    "unwatched": Pill("blind", "Unwatched"),
}
SOURCE: Mapping[str, Pill] = {
    "fetching": Pill("live", "Fetching"),
    "looking": Pill("live", "Looking"),
    "ready": Pill("ok", "Ready"),
    "unreadable": Pill("bad", "Unreadable"),
}
DELIVERY: Mapping[str, Pill] = {
    "taken": Pill("ok", "Taken"),
    "ignored": Pill("off", "Ignored"),
    "refused": Pill("bad", "Refused"),
}
VERDICT: Mapping[str, Pill] = {
    "native": Pill("ok", "Native"),
    "adaptable": Pill("ok", "Adaptable"),
    "files": Pill("ok", "From files"),
    "not-bootable": Pill("bad", "Not bootable"),
    "looking": Pill("live", "Looking"),
}
ASIDE = Pill("hold", "Set aside by you")
NEVER = Pill("off", "Never booted")
UNSEEN = Pill("wait", "Not looked at yet")


def pill(table: Mapping[str, Pill], state: str) -> Pill:
    """The pill of a state; one this version does not know is shown by its name."""
    return table.get(state, Pill("off", state))


def machine(last: BootRow | None, generation: str | None) -> Pill:
    """How a machine does: its last boot, on trial while its generation is."""
    if last is None:
        return NEVER
    if last.state == "up" and generation == "trial":
        return GENERATION["trial"]
    return pill(BOOT, last.state)
