"""One role whose wall clock is off by as many seconds as a file says, at any moment.

Usage: clock_role.py ROLE FILE.  CLOCK_BOOTTIME and CLOCK_MONOTONIC are the machine's own, as they
are when somebody sets the time.
"""

import sys
import time
from pathlib import Path

from appliance.assemble import role


def main(name: str, file: str) -> int:
    right = time.time

    def wall() -> float:
        try:
            return right() + float(Path(file).read_text())
        except (OSError, ValueError):
            return right()

    time.time = wall
    return role(name)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
