"""Which Nix is this, what it can do and what it is known to be open to.

CVE-2026-39860: a fixed-output derivation writes as the daemon.  Since 2.21 and 2.18.2; repaired in
the releases of `REPAIRED`.  Below them strangers' sources are refused and the owner's are warned.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from appliance.model.trust import treatment

OLDEST = (2, 8, 0)
"""Older ones know no flakes as Nixie uses them."""

PRIMARY = (2, 26, 0)
"""The oldest that everything here is tested with; 2.8 has the short contract."""

REPAIRED: Mapping[tuple[int, int], int] = {
    (2, 28): 6,
    (2, 29): 3,
    (2, 30): 4,
    (2, 31): 4,
    (2, 32): 7,
    (2, 33): 4,
    (2, 34): 5,
}
"""Release series → the patch level without the hole."""


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """2.26.3 as numbers."""

    major: int
    minor: int
    patch: int

    def __str__(self) -> str:
        return f"{self.major}.{self.minor}.{self.patch}"

    @property
    def numbers(self) -> tuple[int, int, int]:
        """For comparing."""
        return (self.major, self.minor, self.patch)

    @property
    def holed(self) -> bool:
        """Has a known hole through which a build could become root."""
        if self.numbers < (2, 18, 2):
            return True  # older holes, CVE-2024-27297 among them
        series = (self.major, self.minor)
        newest = max(REPAIRED)
        return series <= newest and self.patch < REPAIRED.get(series, 10**6)

    @property
    def allocates_uids(self) -> bool:
        """Knows `auto-allocate-uids`, so that no nixbld users need to exist."""
        return self.numbers >= PRIMARY

    @property
    def empty_registry(self) -> bool:
        """Takes an empty `flake-registry`; 2.8 tries to download it."""
        return self.numbers >= PRIMARY


def version(printed: str) -> Version | None:
    """Read what `nix --version` prints; None when it is something else.

    >>> str(version("nix (Nix) 2.26.3"))
    '2.26.3'
    """
    match = re.search(r"\b(\d+)\.(\d+)(?:\.(\d+))?", printed)
    if match is None:
        return None
    major, minor, patch = match.groups(default="0")
    return Version(int(major), int(minor), int(patch))


def refusal(found: Version | None, trust: str) -> str | None:
    """Why this Nix must not work on a source of this trust, or None."""
    if found is None:
        return "Nix is missing: run set-up again, or install Nix 2.26 or newer."
    if found.numbers < OLDEST:
        return f"Nix {found} is too old: 2.8 is the oldest that works. Run set-up again."
    if found.holed and not treatment(trust).holed_nix:
        return (
            f"Nix {found} has a known hole (CVE-2026-39860): a stranger's flake could take over "
            "this router. Install a repaired Nix (2.28.6, 2.31.4, 2.34.5 or newer), or mark the "
            "source as your own if you wrote it."
        )
    return None


def warning(found: Version) -> str | None:
    """What the owner should know about this Nix, or None."""
    if not found.holed:
        return None
    return (
        f"Nix {found} has a known hole (CVE-2026-39860). Sources of your own are built; strangers' "
        "are refused until Nix is updated."
    )
