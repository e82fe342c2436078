"""Where set-up put the things the program needs; found by `assemble.py`, handed down."""

from dataclasses import dataclass
from pathlib import Path
from shlex import join

from appliance.variables import STATE


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

    @property
    def makers(self) -> Path:
        """Who made which network card, as set-up compacts it; it may be missing."""
        return self.home / "makers/makers"

    def typed(self, words: str, state: Path) -> str:
        """What to type at the console of this very router, from any directory.

        >>> here = Path("/opt/nixie")
        >>> box = Installed(here, here, here, None, here, here, here)
        >>> box.typed("claim", Path("/var/lib/nixie"))
        '/opt/nixie/nixie claim'
        >>> box.typed("claim", Path("/srv/my lab"))
        "/opt/nixie/nixie claim --state '/srv/my lab'"
        """
        named = () if str(state) == STATE.usual else ("--state", str(state))
        return join((str(self.home / "nixie"), *words.split(), *named))
