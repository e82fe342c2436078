"""The door to run/supervisor.json and the disk: how each process stands, and what is missing.

The supervisor writes the file whole; where systemd supervises there is none.
"""

import errno
import json
import os
from dataclasses import dataclass
from pathlib import Path

LEAST_BYTES = 2 << 20
FINE = frozenset({"runs", "is starting", "is being stopped", "waits for what it needs"})


@dataclass(frozen=True, slots=True)
class Standing:
    """One process.  `problems` are sentences: sockets that it could not have."""

    name: str
    state: str  # "runs", "is starting", "failed and is started again soon" …
    why: str  # the last failure as a sentence, "" when it never failed
    problems: tuple[str, ...]

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is wrong right now, as whole sentences."""
        down = () if self.state in FINE else (f"{self.name} does not run. {self.why}".strip(),)
        return (*down, *self.problems)


def full(state: Path) -> str | None:
    """A sentence when the disk with the state directory has no room left."""
    try:
        there = os.statvfs(state)
    except OSError:
        return None
    if there.f_bavail * there.f_frsize >= LEAST_BYTES:
        return None
    return (
        f"The disk with {state} is full. What is published is still served, but nothing new can "
        "be kept. Delete what else lies on it, or give it more room."
    )


def hardened(state: Path) -> str | None:
    """A sentence when the disk with the state directory can only be read: web asks by a file of its
    own that is no database."""
    try:
        os.close(os.open(state / "secrets/web/local-token", os.O_RDWR | os.O_CLOEXEC))
    except OSError as error:
        if error.errno != errno.EROFS:
            return None
        return (
            f"The disk with {state} can only be read; the kernel does that when it finds the disk "
            "damaged. Addresses, names and boots go on from memory, and what is new is lost with "
            "the power. Check the disk or take another one, then start again."
        )
    return None


def standings(state: Path) -> tuple[Standing, ...]:
    """Every process; () when there is no such file, or it cannot be read."""
    try:
        roles = json.loads((state / "run/supervisor.json").read_text())["roles"]
        return tuple(
            Standing(
                name,
                str(one["state"]),
                str(one["why"]),
                tuple(dict.fromkeys(map(str, one["problems"].values()))),
            )
            for name, one in roles.items()
        )
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return ()
