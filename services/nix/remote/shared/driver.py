"""DOOR: the files by which our daemon finds builders, below its nix.conf; written by the broker.

Keys are for root alone, as the daemon is.  The file of machines is replaced last: who is in it can
be reached.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from appliance.model.builders import Builder
from services.nix.remote.machines import FILE, KEYS, SSH, known, machines, ssh_config
from services.nix.store import Store


def write(store: Store, told: Sequence[Builder], keys: Mapping[str, str]) -> None:
    """Share builds with these and no others; `keys` are the router's private ones by builder."""
    conf, place = store.conf, store.conf / KEYS
    place.mkdir(parents=True, exist_ok=True)
    place.chmod(0o700)
    wanted = {f"{one.id}.known": known(one) for one in told} | dict(keys)
    for name, text in wanted.items():
        _replace(place / name, text, 0o600)
    _replace(conf / SSH, ssh_config(told, conf), 0o644)
    _replace(conf / FILE, machines(told), 0o644)
    for one in place.iterdir():
        if one.name not in wanted:
            one.unlink()


def _replace(file: Path, text: str, mode: int) -> None:
    fresh = file.with_name(f"{file.name}.new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "w") as opened:
        opened.write(text)
        os.fchmod(opened.fileno(), mode)
    fresh.replace(file)
