"""DOOR: the program.  `role NAME` and what stays up start at once; the rest is the command line."""

import json
import os
import sys
from types import ModuleType
from typing import cast

from appliance.roles import ROLES


def lean(name: str) -> None:
    """Spare a role that has nothing to do with TLS the library for it.

    asyncio and aiohttp load it where they can, and do without where there is none.  Call this
    before they are imported.
    """
    if name not in ROLES or not ROLES[name].loads_tls:
        sys.modules["ssl"] = cast(ModuleType, None)


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
