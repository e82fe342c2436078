"""DOOR: STATE/nix/caches.json, written by the broker, read at each start of our daemon.

Keys and addresses are not secret; passwords are not in it.
"""

import json
import os
from collections.abc import Sequence
from pathlib import Path

from appliance.errors import Refused
from appliance.model.caches import USUAL, Asked, Said, checked, wanted
from services.nix.store import Store

FILE = "caches.json"


def place(store: Store) -> Path:
    """The file."""
    return store.conf / FILE


def text(store: Store) -> str:
    """Its content, "" before there is any."""
    try:
        return place(store).read_text()
    except OSError:
        return ""


def read(stored: str) -> tuple[Asked, ...]:
    """What stands in it; before there is any, and when it was damaged, the usual."""
    try:
        return tuple(
            Asked(told.url, tuple(told.keys.split()), private=bool(one["private"]))
            for one in json.loads(stored)
            for told in [checked(Said(one["url"], " ".join(one["keys"])))]
        )
    except (ValueError, TypeError, KeyError, Refused):
        return wanted([USUAL])


def write(store: Store, asked: Sequence[Asked]) -> None:
    """Replace it whole; the supervisor sees it, and starts the daemon again."""
    file = place(store)
    file.parent.mkdir(parents=True, exist_ok=True)
    fresh = file.with_name(f"{FILE}.new")
    fresh.write_text(json.dumps([one._asdict() for one in asked], indent=1))
    os.chmod(fresh, 0o644)
    fresh.replace(file)
