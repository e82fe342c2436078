"""Where set-up put the things the program needs; found by `assemble.py`, handed down."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Installed:
    """One installation.  Every path is absolute; a missing thing is None or an empty folder."""

    home: Path
    program: Path  # the folder that holds appliance/ services/ webui/ hardware/
    python: Path
    nix: Path | None  # the `nix` binary
    loaders: Path  # one folder per unpacked package version
    browser: Path  # htmx.min.js, sse.js
    tools: Path  # qemu and friends come from the system; what set-up unpacked is below this
