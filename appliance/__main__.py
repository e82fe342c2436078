"""DOOR: the program.  `role NAME` and what stays up start at once; the rest is the command line."""

import json
import os
import sys

from appliance.lean import without_first_drafts, without_tls
from appliance.roles import ROLES


def lean(name: str) -> None:
    """Keep what a role does not need out of its process; before anything else is imported."""
    without_first_drafts()
    if name not in ROLES or not ROLES[name].loads_tls:
        without_tls()


def main() -> None:
    """Start a role, what stays up, or the command line.  Only the last pays for typer."""
    if sys.argv[1:2] == ["role"] and len(sys.argv) == 3 and not sys.argv[2].startswith("-"):
        lean(sys.argv[2])
        from appliance.assemble import role

        sys.exit(role(sys.argv[2]))
    os.umask(0o022)  # roles have other users: what is secret has its mode said outright
    if sys.argv[1:2] == ["stay"] and len(sys.argv) == 3:
        if not json.loads(sys.argv[2]).get("demo"):  # a demonstration asks the API, by httpx
            lean("supervisor")
        from appliance.cli.stay import stay

        sys.exit(stay(sys.argv[2]))
    from appliance.cli.app import app

    app(prog_name="nixie")


if __name__ == "__main__":
    main()
