"""The door to the proof: each user reads the whole program, in a process of its own."""

import subprocess
from collections.abc import Mapping

from appliance.model.installed import Installed
from services.processes.privileges import Ability, Identity, role_argv


def proved(
    installed: Installed, identities: Mapping[str, Identity], able: Ability
) -> tuple[str, ...]:
    """Read the installed program as each user; () when everyone can, else what to do."""
    checks = {
        name: subprocess.Popen(
            role_argv(
                [str(installed.python), "-B", "-c", _PROOF],
                Identity(who.name, who.uid, who.gid),
                able,
                folder=str(installed.program),
            ),
            env={"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for name, who in identities.items()
    }
    said = {name: (check.communicate()[0], check.returncode) for name, check in checks.items()}
    return tuple(
        f"The role {name} (user {identities[name].name}, {identities[name].uid}) cannot run the "
        f"program in {installed.program}: {(text.splitlines() or ['no reason given'])[-1]}. "
        "Install it where every user may read it, such as /opt/nixie."
        for name, (text, code) in said.items()
        if code != 0
    )


_PROOF = """
import os, sys
def stop(error): sys.exit(f"{error.filename} cannot be read")
for folder, _, files in os.walk(".", onerror=stop):
    for name in files:
        if not os.access(os.path.join(folder, name), os.R_OK):
            sys.exit(f"{os.path.abspath(os.path.join(folder, name))} cannot be read")
import appliance.roles
if not os.path.abspath(appliance.roles.__file__).startswith(os.getcwd() + os.sep):
    sys.exit("another copy of the program comes first")
"""
