"""`nixie lab` with another cast, for tests: roles left out, or started by another program.

Usage: other_lab.py STATE PREFIX PORT [without=ROLE,ROLE] [faults=FOLDER | clock=FILE] [admin=lan]
[machines=none]; with a folder of faults every role is started by fault_role.py, with a clock by
clock_role.py; with admin=lan the admin is where a router has it; without machines nobody tries out
QEMU first.
"""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from appliance import assemble
from appliance.roles import Role
from services.lab import serve as labs
from services.lab.machine import Firmware, Platform
from services.supervisor.plan import Plan

WHOLE = assemble.router_plan


def changed(plan: Plan, asked: Mapping[str, str]) -> Plan:
    """The plan as this program was asked to have it."""
    launchers = {"faults": "fault_role", "clock": "clock_role"}
    launched = next((kind for kind in launchers if kind in asked), "")

    def program(role: Role) -> Sequence[str]:
        launcher = launchers[launched]
        return [str(plan.installed.python), "-m", launcher, role.name, asked[launched]]

    without = asked.get("without", "").split(",")
    roles = {name: role for name, role in plan.roles.items() if name not in without}
    port = None if asked.get("admin") == "lan" else plan.admin_local_port
    return replace(plan, roles=roles, program=program if launched else None, admin_local_port=port)


async def no_machines(firmware: Firmware = Firmware.BIOS) -> Platform:
    """Nobody will switch a machine on."""
    del firmware
    return Platform("", None, None)


def main(state: str, prefix: str, port: str, *options: str) -> int:
    asked = dict(option.split("=", 1) for option in options)

    def router_plan(here: Path, **more: Any) -> Plan:
        return changed(WHOLE(here, **more), asked)

    assemble.router_plan = router_plan
    if asked.get("machines") == "none":
        labs.probe_platform = no_machines  # type: ignore[attr-defined]
    return assemble.lab(Path(state), prefix, int(port), None)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
