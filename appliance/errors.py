"""Everything Nixie raises on purpose.

NixieError
├── Refused        the request is wrong: show it beside the field that caused it
├── NotConverged   applied, read back, still different: put back, then say what is left
└── Unreachable    the kernel, nix or the disk did not answer: try again later
    └── Gone       what a step is for was there a moment ago: plan anew
"""

import errno
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


class NixieError(Exception):
    """Base of every deliberate error; anything else reaching the top is a bug."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with a request, placed where the form can show it."""

    where: tuple[str | int, ...]  # ("networks", 0, "pool")
    what: str  # a full sentence for the person at the keyboard


class Refused(NixieError):
    """The request has problems; nothing was changed."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(" ".join(problem.what for problem in problems))
        self.problems = problems


class NotConverged(NixieError):
    """Every step was carried out, yet `left` would still be needed."""

    def __init__(self, left: Sequence[object]) -> None:
        super().__init__(f"{len(left)} steps are still needed: {', '.join(map(str, left))}")
        self.left = tuple(left)


class Unreachable(NixieError):
    """Something outside did not answer; the message says what, why and what to do."""


class Gone(Unreachable):
    """A link went away between the plan and its step, as a session's does by itself."""


FULL = frozenset({errno.ENOSPC, errno.EDQUOT, "SQLITE_FULL"})
READ_ONLY = frozenset(
    {
        errno.EROFS,
        "SQLITE_READONLY",
        "SQLITE_READONLY_DIRECTORY",
        "SQLITE_IOERR_WRITE",  # of a file that was open before
        "SQLITE_IOERR_FSYNC",
    }
)
DAMAGED = frozenset({"SQLITE_NOTADB", "SQLITE_CORRUPT"})


def why(error: BaseException, state: Path) -> str | None:
    """The sentence for somebody whose role ended with `error`; None when only a log can tell.

    `state` is the state directory, which full disks and damaged files are on.
    """
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, (why(one, state) for one in error.exceptions)), None)
    if isinstance(error, NixieError):
        return str(error)
    cause = getattr(error, "orig", None) or error  # SQLAlchemy wraps it
    code = getattr(cause, "sqlite_errorname", None) or getattr(cause, "errno", None)
    if code in FULL:
        return f"The disk with {state} is full. Make room on it; then it goes on by itself."
    if code in READ_ONLY:
        return (
            f"The disk with {state} can only be read; the kernel does that when it finds the disk "
            "damaged. Check it or take another one, then start again."
        )
    if code in DAMAGED:
        return (
            f"A database of this role in {state} is damaged ({error}). Put a copy in its place, "
            "or take it away: it is made again, empty."
        )
    return None
