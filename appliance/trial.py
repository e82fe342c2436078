"""One change on trial: draft, checked, journalled, applying, pending, kept or undone.

A pure machine: it is told what happened and says what to do next.  `now` is CLOCK_BOOTTIME, which
goes on through suspend and starts again at a reboot; a trial found after a restart is undone.
With no trial time the change is kept as soon as it stands.

    draft ──checked──> checked ──journalled──> journalled ──begun──> applying ──applied──> pending
      └──refused─┐        └──refused─┐                        failed │   │ (no time: kept)   │
                 v                   v                               v   v      keep: kept   v
               undone             undone                          undone kept   else      undone
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum


class Phase(Enum):
    """Where a trial stands; the value is what net.db stores."""

    DRAFT = "draft"
    CHECKED = "checked"
    JOURNALLED = "journalled"
    APPLYING = "applying"
    PENDING = "pending"
    KEPT = "kept"
    UNDONE = "undone"


class Act(Enum):
    """What the owner of the machine has to do now, in order."""

    JOURNAL = "write the trial to disk, with the state before it, and sync"
    PERFORM = "carry out the steps"
    PUT_BACK = "plan towards the state before and carry that out"
    RECORD_KEPT = "write down that this is what is kept"
    RECORD_UNDONE = "write down that it was undone, and why"


@dataclass(frozen=True, slots=True)
class Checked:
    """The config has no problems."""


@dataclass(frozen=True, slots=True)
class Refused:
    """The config has problems, or the kernel's dry run has."""

    why: str


@dataclass(frozen=True, slots=True)
class Journalled:
    """The trial is on disk."""


@dataclass(frozen=True, slots=True)
class Begun:
    """The first step is about to be taken."""


@dataclass(frozen=True, slots=True)
class Applied:
    """Every step was taken and the result read back."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A step failed, or the result was not what was wanted; the kernel was put back already."""

    why: str


@dataclass(frozen=True, slots=True)
class Keep:
    """The author says that it works; `nonce` proves that it is this trial they mean."""

    nonce: str


@dataclass(frozen=True, slots=True)
class Undo:
    """The author takes it back."""

    why: str


@dataclass(frozen=True, slots=True)
class Extend:
    """The author wants more time, from now."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Woken:
    """Time passed."""


@dataclass(frozen=True, slots=True)
class Restarted:
    """The role came back and found this trial unfinished on disk."""


What = (
    Checked
    | Refused
    | Journalled
    | Begun
    | Applied
    | Failed
    | Keep
    | Undo
    | Extend
    | Woken
    | Restarted
)

SECONDS, SHORTEST_SECONDS, LONGEST_SECONDS = 90, 5, 600
"""The time to press Keep: usual, least, most.  Extending is bounded likewise, from now."""

NO_KEEP = "Nobody pressed Keep in time."
RESTART = "The router restarted before anybody pressed Keep."


class Trial:
    """One revision on its way.  `seconds` is the time to press Keep; 0 keeps it at once."""

    def __init__(
        self, revision: int, nonce: str, seconds: float = 0, phase: Phase = Phase.DRAFT
    ) -> None:
        self.revision, self.nonce, self.seconds = revision, nonce, seconds
        self.phase = phase
        self.deadline: float | None = None
        self.why = ""

    @property
    def wake_at(self) -> float | None:
        """When to say `Woken`; None while no clock runs."""
        return self.deadline if self.phase is Phase.PENDING else None

    def happened(self, what: What, now: float) -> tuple[Act, ...]:
        """Take one happening; return what to do.  What does not fit the phase changes nothing."""
        move = MOVES.get((self.phase, type(what)))
        return move(self, what, now) if move else ()

    def _checked(self, what: What, now: float) -> tuple[Act, ...]:
        del what, now
        self.phase = Phase.CHECKED
        return (Act.JOURNAL,)

    def _journalled(self, what: What, now: float) -> tuple[Act, ...]:
        del what, now
        self.phase = Phase.JOURNALLED
        return (Act.PERFORM,)

    def _begun(self, what: What, now: float) -> tuple[Act, ...]:
        del what, now
        self.phase = Phase.APPLYING
        return ()

    def _applied(self, what: What, now: float) -> tuple[Act, ...]:
        del what
        if not self.seconds:
            self.phase = Phase.KEPT
            return (Act.RECORD_KEPT,)
        self.phase, self.deadline = Phase.PENDING, now + self.seconds
        return (Act.JOURNAL,)

    def _keep(self, what: What, now: float) -> tuple[Act, ...]:
        if not isinstance(what, Keep) or what.nonce != self.nonce:
            return ()
        if self.deadline is not None and now >= self.deadline:
            return self._woken(what, now)
        self.phase = Phase.KEPT
        return (Act.RECORD_KEPT,)

    def _extend(self, what: What, now: float) -> tuple[Act, ...]:
        if not isinstance(what, Extend) or self.deadline is None:
            return ()
        self.deadline = max(self.deadline, now + what.seconds)
        return (Act.JOURNAL,)

    def _woken(self, what: What, now: float) -> tuple[Act, ...]:
        del what
        if self.deadline is None or now < self.deadline:
            return ()
        return self._undone(NO_KEEP)

    def _undo(self, what: What, now: float) -> tuple[Act, ...]:
        del now
        return self._undone(what.why if isinstance(what, Undo) else RESTART)

    def _failed(self, what: What, now: float) -> tuple[Act, ...]:
        del now
        self.why = what.why if isinstance(what, Refused | Failed) else ""
        self.phase = Phase.UNDONE
        return (Act.RECORD_UNDONE,)

    def _undone(self, why: str) -> tuple[Act, ...]:
        self.phase, self.why = Phase.UNDONE, why
        return (Act.PUT_BACK, Act.RECORD_UNDONE)


MOVES: Mapping[tuple[Phase, type[What]], Callable[[Trial, What, float], tuple[Act, ...]]] = {
    (Phase.DRAFT, Checked): Trial._checked,
    (Phase.DRAFT, Refused): Trial._failed,
    (Phase.CHECKED, Journalled): Trial._journalled,
    (Phase.CHECKED, Refused): Trial._failed,
    (Phase.JOURNALLED, Begun): Trial._begun,
    (Phase.JOURNALLED, Refused): Trial._failed,
    (Phase.JOURNALLED, Restarted): Trial._undo,
    (Phase.APPLYING, Applied): Trial._applied,
    (Phase.APPLYING, Failed): Trial._failed,
    (Phase.APPLYING, Restarted): Trial._undo,
    (Phase.PENDING, Keep): Trial._keep,
    (Phase.PENDING, Undo): Trial._undo,
    (Phase.PENDING, Extend): Trial._extend,
    (Phase.PENDING, Woken): Trial._woken,
    (Phase.PENDING, Restarted): Trial._undo,
}
