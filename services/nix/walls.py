"""Whether the settings that are in force keep builds in the sandbox, whoever wrote them.

`conf.py` writes them for our own daemon each time it starts; here is read what Nix makes of them,
as `nix config show --json` prints it (Nix 2.8 to 2.34): a line or a file of somebody else's does
not go unseen.
"""

import json
from collections.abc import Mapping
from typing import Final

MUST: Final[Mapping[str, object]] = {
    "sandbox": True,
    "sandbox-fallback": False,
    "accept-flake-config": False,
    "post-build-hook": "",
    "trusted-users": ["root"],
}
"""Setting → the only value with which foreign code is built."""


def lowered(printed: str) -> str:
    """Why nothing is built with these settings, "" when they are right, or cannot be read.

    >>> lowered('{"sandbox": {"value": "relaxed"}}')[:31]
    'Nix is set to sandbox = relaxed'
    """
    try:
        told = {name: one["value"] for name, one in json.loads(printed).items() if name in MUST}
    except (ValueError, TypeError, KeyError, AttributeError):
        return ""
    wrong = [name for name, value in told.items() if _plain(value) != _plain(MUST[name])]
    if not wrong:
        return ""
    named = ", ".join(f"{name} = {_plain(told[name])}" for name in sorted(wrong))
    return (
        f"Nix is set to {named} on this router, by which a build could reach more than is its own. "
        "Nothing is read or built until that is taken back: start the router again, which writes "
        "its settings anew, and take out of the system what sets it otherwise."
    )


def _plain(value: object) -> str:
    """A value as it stands in nix.conf; versions differ in how they print true."""
    if isinstance(value, bool):
        return str(value).lower()
    return " ".join(map(str, value)) if isinstance(value, list) else str(value)
