"""DOOR: the program.  `role NAME` and what stays up start at once; the rest is the command line."""

import os
import sys


def main() -> None:
    """Start a role, what stays up, or the command line.  Only the last pays for typer."""
    if sys.argv[1:2] == ["role"] and len(sys.argv) == 3 and not sys.argv[2].startswith("-"):
        from appliance.assemble import role

        sys.exit(role(sys.argv[2]))
    os.umask(0o022)  # roles have other users: what is secret has its mode said outright
    if sys.argv[1:2] == ["stay"] and len(sys.argv) == 3:
        from appliance.cli.stay import stay

        sys.exit(stay(sys.argv[2]))
    from appliance.cli.app import app

    app(prog_name="nixie")


if __name__ == "__main__":
    main()
