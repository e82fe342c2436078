"""`nixie lab` with another cast, for tests: roles left out, or started by another program.

Usage: other_lab.py STATE PREFIX PORT [without=ROLE,ROLE] [faults=FOLDER]; with a folder of faults
every role is started by fault_role.py.
"""

import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from appliance import assemble
from appliance.roles import Role
from services.supervisor.plan import Plan

WHOLE = assemble.router_plan


def changed(plan: Plan, without: set[str], faults: str) -> Plan:
    """The plan as this program was asked to have it."""

    def program(role: Role) -> Sequence[str]:
        return [str(plan.installed.python), "-m", "fault_role", role.name, faults]

    roles = {name: role for name, role in plan.roles.items() if name not in without}
    return replace(plan, roles=roles, program=program if faults else None)


def main(state: str, prefix: str, port: str, *options: str) -> int:
    asked = dict(option.split("=", 1) for option in options)
    without = set(asked.get("without", "").split(","))

    def router_plan(here: Path, **more: Any) -> Plan:
        return changed(WHOLE(here, **more), without, asked.get("faults", ""))

    assemble.router_plan = router_plan
    return assemble.lab(Path(state), prefix, int(port), None)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
