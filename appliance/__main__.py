"""DOOR: the program.  `role NAME` starts at once; everything else is the command line."""

import os
import sys


def main() -> None:
    """Start a role, or the command line.  A role must not pay for typer."""
    os.umask(0o022)  # each role has a user of its own: what is secret has its mode said outright
    if sys.argv[1:2] == ["role"] and len(sys.argv) == 3 and not sys.argv[2].startswith("-"):
        from appliance.assemble import role

        sys.exit(role(sys.argv[2]))
    from appliance.cli.app import app

    app(prog_name="nixie")


if __name__ == "__main__":
    main()
