"""DOOR: times a build of 50 derivations, from its source's row to its image in the table.

The peer is a script with the very same nix calls, on a fresh store like ours; see the bench
`source`, whose flake has many small hosts where this one has a host with much to build.
"""

import shutil
import sys
import uuid
from pathlib import Path
from typing import Any

from appliance.errors import Unreachable
from services.bench.source.driver import measured
from services.nix.driver import own_systems

WORK = "build-50-derivations"
FLAKE = Path(__file__).with_name("flake.nix")


def run(rounds: int = 3, home: Path = Path(sys.prefix).parent) -> dict[str, Any]:
    """Time us and the script alternately.  Raises Unreachable.

    `home` is where set-up put things; the venv we run from lies in it.
    """
    if not (home / "sample/parts/busybox").exists():
        raise Unreachable("The sample flake is missing: run set-up first.")
    folder = home / f"bench-flake-{uuid.uuid4().hex[:8]}" / "fifty"
    folder.mkdir(parents=True)
    system = next(one for one in sorted(own_systems()) if not one.startswith("i686"))
    try:
        shutil.copytree(home / "sample/parts/busybox", folder / "busybox")
        (folder / "flake.nix").write_text(FLAKE.read_text().replace("@SYSTEM@", system))
        return measured(WORK, f"path:{folder}", rounds, home)
    finally:
        shutil.rmtree(folder.parent, ignore_errors=True)
