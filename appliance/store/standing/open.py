"""The door to run/supervisor.json and the disk: how each process stands, and what is missing.

The supervisor writes the file whole; where systemd supervises there is none.  It outlives whoever
wrote it, over a power cut too, so it says who that was: a process is known by its pid, by when it
began, and by the run of the machine (a pid is given again, and counted anew after a start).
"""

import errno
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LEAST_BYTES = 2 << 20
FINE = frozenset({"runs", "is starting", "is being stopped", "waits for what it needs"})
GONE = "has ended"
"""The state of every process whose supervisor is no more."""
NOBODY = (
    "Nothing of the router is looked after: its supervisor has ended, by a power cut, a restart or "
    "a signal. Start nixie again."
)
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
BEGAN = 22 - 3
"""Where proc(5) has `starttime`, counted from the first field after the command's name."""


@dataclass(frozen=True, slots=True)
class Writer:
    """The process that wrote the file; `began` in clock ticks since the machine's start."""

    pid: int
    began: int
    boot: str

    @property
    def lives(self) -> bool:
        """Is it still there?  Where others' processes are hidden, its pid is all that is seen."""
        if self.boot != BOOT_ID.read_text().strip():
            return False
        try:
            return _began(self.pid) == self.began
        except OSError:
            return _is_there(self.pid)


def this_process() -> Writer:
    """Us, as a reader will look for us."""
    return Writer(os.getpid(), _began(os.getpid()), BOOT_ID.read_text().strip())


def _began(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[BEGAN])


def _is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


@dataclass(frozen=True, slots=True)
class Standing:
    """One process.  `problems` are sentences: sockets that it could not have."""

    name: str
    state: str  # "runs", "is starting", "failed and is started again soon" …
    why: str  # the last failure as a sentence, "" when it never failed
    problems: tuple[str, ...]

    @property
    def failed(self) -> bool:
        """Does its supervisor say that it does not run?"""
        return self.state not in FINE and self.state != GONE

    @property
    def troubles(self) -> tuple[str, ...]:
        """What is wrong right now, as whole sentences."""
        if self.state == GONE:
            return (NOBODY,)
        down = (f"{self.name} does not run. {self.why}".strip(),) if self.failed else ()
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
            "damaged. Addresses, names and boots go on from memory, no change can be saved, and "
            "what is new is lost with the power. Check the disk or take another one, then start "
            "again."
        )
    return None


def standings(state: Path) -> tuple[Standing, ...]:
    """Every process, all of them GONE with their supervisor; () when there is no such file, or it
    cannot be read."""
    try:
        told = json.loads((state / "run/supervisor.json").read_text())
        writer = Writer(int(told["pid"]), int(told["began"]), str(told["boot"]))
        found = tuple(_standing(name, one) for name, one in told["roles"].items())
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        return ()
    return found if writer.lives else tuple(Standing(one.name, GONE, one.why, ()) for one in found)


def _standing(name: str, told: dict[str, Any]) -> Standing:
    problems = tuple(dict.fromkeys(map(str, told["problems"].values())))
    return Standing(name, str(told["state"]), str(told["why"]), problems)
