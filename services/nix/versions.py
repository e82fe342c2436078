"""Which Nix is this, what it can do and what it is known to be open to.

`HOLES` are those by which a build takes over more than itself, each with the releases that mended
it.  While a Nix has one, strangers' sources are refused and the owner's are warned, by name.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from appliance.model.trust import treatment

OLDEST = (2, 8, 0)
"""Older ones know no flakes as Nixie uses them."""

PRIMARY = (2, 26, 0)
"""The oldest that everything here is tested with; 2.8 has the short contract."""


@dataclass(frozen=True, slots=True)
class Hole:
    """A known hole: in every release from `since` on that is not mended.

    `mended` is release series → patch level; every series after the newest of them is mended, too.
    """

    name: str
    does: str
    since: tuple[int, int, int]
    mended: Mapping[tuple[int, int], int]

    def is_in(self, found: "Version") -> bool:
        """Does this Nix have it?"""
        series = (found.major, found.minor)
        patch = self.mended.get(series)
        if patch is not None:
            return found.numbers >= self.since and found.patch < patch
        return self.since <= found.numbers and series < max(self.mended)


HOLES: tuple[Hole, ...] = (
    Hole(
        "CVE-2024-27297",
        "two builds together change what a third one fetched",
        (0, 0, 0),
        {(2, 3): 18, (2, 18): 2, (2, 19): 4, (2, 20): 5, (2, 21): 0},
    ),
    Hole(
        "CVE-2025-46416",
        "a build keeps hold of files of the daemon through a socket",
        (0, 0, 0),
        {(2, 24): 15, (2, 26): 4, (2, 28): 4, (2, 29): 1},
    ),
    Hole(
        "CVE-2026-39860",
        "a build writes files as root",
        (2, 18, 2),
        {(2, 28): 6, (2, 29): 3, (2, 30): 4, (2, 31): 4, (2, 32): 7, (2, 33): 4, (2, 34): 5},
    ),
    Hole(
        "CVE-2026-44028",
        "folders nested deeply enough overwrite the daemon's memory",
        (2, 24, 4),
        {(2, 28): 7, (2, 29): 4, (2, 30): 5, (2, 31): 5, (2, 32): 8, (2, 33): 6, (2, 34): 7},
    ),
)
"""As the advisories of NixOS/nix have them, oldest first; those of 2026 are GHSA-g3g9-5vj6-r3gj and
GHSA-vh5x-56v6-4368."""


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
    def holes(self) -> tuple[Hole, ...]:
        """The known holes that it has."""
        return tuple(one for one in HOLES if one.is_in(self))

    @property
    def holed(self) -> bool:
        """Has a known hole."""
        return bool(self.holes)

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
            f"{_known(found)} So a stranger's flake could take over this router. {_update()}, or "
            "mark the source as your own if you wrote it."
        )
    return None


def warning(found: Version) -> str | None:
    """What the owner should know about this Nix, or None."""
    if not found.holed:
        return None
    return (
        f"{_known(found)} Sources of your own are built; strangers' are refused until Nix is "
        f"updated. {_update()}."
    )


def _known(found: Version) -> str:
    named = "; ".join(f"{one.name}: {one.does}" for one in found.holes)
    holes = "a known hole" if len(found.holes) == 1 else "known holes"
    return f"Nix {found} has {holes} ({named})."


def _update() -> str:
    """What to do, from the newest hole's own table."""
    mended = sorted(max(HOLES, key=lambda one: one.name).mended.items())
    releases = [f"{major}.{minor}.{patch}" for (major, minor), patch in mended]
    return f"Install a repaired Nix ({releases[0]}, {releases[3]}, {releases[-1]} or newer)"
