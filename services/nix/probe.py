"""The door that asks which Nix is installed, before anything of ours runs."""

import subprocess
from pathlib import Path

from services.nix.versions import Version, version


def installed_version(nix: Path | None) -> Version | None:
    """What `nix --version` says; None when there is no Nix, or it does not run."""
    if nix is None:
        return None
    try:
        said = subprocess.run(
            [str(nix), "--version"], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return version(said.stdout)
