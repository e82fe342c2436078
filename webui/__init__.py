"""The admin: pages for people and an API for programs, two thin faces of `appliance.actions`.

It reads every role's file and writes its own two (`nixie.db`, `access.db`).  It decides nothing:
an act is a function of `actions`, a page is a value with a template.
"""

import sys
from types import ModuleType
from typing import cast

# FastAPI asks of each body whether it is one of pydantic 1, and would load all of that (1.5 MB).
sys.modules["pydantic.v1"] = cast(ModuleType, None)
