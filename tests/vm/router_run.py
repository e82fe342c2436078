"""`nixie run` in the router VM, for tests: some roles only, and more patience with each.

Usage: router_run.py ROLE,ROLE STATE WAN LAN…  An emulated processor has a tenth of the speed, so
that a role may take that much longer to become ready.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from appliance import assemble
from services.supervisor.child import Patience
from services.supervisor.plan import Plan

WHOLE = assemble.router_plan
PATIENCE = Patience(ready_seconds=300.0, beat_seconds=100.0)


def main(names: str, state: str, wan: str, *lan: str) -> int:
    only = names.split(",")

    def router_plan(here: Path, **more: Any) -> Plan:
        plan = WHOLE(here, **more)
        roles = {name: role for name, role in plan.roles.items() if name in only}
        return replace(plan, roles=roles, patience=PATIENCE)

    assemble.router_plan = router_plan
    os.umask(0o022)  # as the command line has it
    return assemble.run(Path(state), lan, (), wan)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
