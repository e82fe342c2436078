"""One role that ends itself by SIGKILL at a named point, once it was asked to.

Usage: fault_role.py ROLE FOLDER.  A file FOLDER/<point> arms a point; when the role comes by, the
file becomes FOLDER/<point>.hit and the role is gone.  Started again it waits until somebody takes
FOLDER/<role>.wait away: what lies on disk can be looked at meanwhile.  At FOLDER/<point>.stop it
stands still instead.
"""

import os
import signal
import sys
import time
from pathlib import Path

from appliance.assemble import role


def main(name: str, folder: str) -> int:
    def fault(point: str) -> None:
        if Path(folder, f"{point}.stop").exists():
            time.sleep(3600)
        armed = Path(folder, point)
        if armed.exists():
            Path(folder, f"{name}.wait").touch()
            armed.rename(armed.with_name(f"{point}.hit"))
            os.kill(os.getpid(), signal.SIGKILL)

    while Path(folder, f"{name}.wait").exists():
        time.sleep(0.05)
    return role(name, fault)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
