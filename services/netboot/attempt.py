"""One boot: its steps, what was served, how it ended.  Values only; `attempts` moves them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from appliance.model.images import Finding
from appliance.model.table import Once
from appliance.store.boots import BootRow, StepRow

FIRST_KEPT, LAST_KEPT = 150, 100
"""A boot that goes on and on keeps its beginning and its end; steps in between are dropped."""

OPEN = frozenset({"asking", "loading", "starting", "held", "menu"})


@dataclass(slots=True)
class Step:
    """One line of the timeline; `number` is its place, sizes are in bytes."""

    number: int
    kind: str
    name: str
    began_at: float
    ended_at: float | None = None
    bytes: int | None = None
    total: int | None = None
    status: str = "ok"
    detail: dict[str, Any] = field(default_factory=dict)

    def row(self) -> StepRow:
        """As it is stored."""
        return StepRow(
            self.number,
            self.kind,
            self.name,
            self.began_at,
            self.ended_at,
            self.bytes,
            self.total,
            self.status,
            dict(self.detail),
        )

    @classmethod
    def restored(cls, row: StepRow) -> "Step":
        """The step as it was stored; a part that was on its way then is not any more."""
        broken = row.status == "running" and row.kind == "part"
        return cls(
            row.number,
            row.kind,
            row.name,
            row.began_at,
            row.ended_at,
            row.bytes,
            row.total,
            "aborted" if broken else row.status,
            row.detail,
        )

    def reaches(self, count: int, at: float) -> None:
        """`count` bytes have gone out by `at`; the rate is in bytes a second."""
        self.bytes = count
        self.detail["rate"] = round(count / max(at - self.began_at, 1e-6))


@dataclass(slots=True)
class Attempt:
    """One boot in progress, or just over."""

    id: str
    network: str
    mac: str
    firmware: str
    began_at: float
    state: str = "asking"
    ended_at: float | None = None
    machine: str | None = None
    host: str | None = None
    name: str | None = None
    image: str | None = None
    generation: int | None = None
    intent: str | None = None
    intent_id: str | None = None
    toplevel: str | None = None
    diagnosis: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    count: int = 0  # the newest step's number
    dirty: set[int] = field(default_factory=set)  # numbers of steps not stored yet
    dropped: set[int] = field(default_factory=set)  # numbers of steps to be taken out of the store
    stored: str | None = None  # its state in the store, None when it is not there yet
    last_at: float = 0.0
    awaited: dict[str, int] = field(default_factory=dict)  # sha256 of a part -> bytes to come
    watched: bool = True
    script_at: float | None = None
    sent_at: float | None = None  # everything sent

    def row(self) -> BootRow:
        """As it is stored."""
        return BootRow(
            self.id,
            self.network,
            self.mac,
            self.machine,
            self.firmware,
            self.began_at,
            self.ended_at,
            self.state,
            self.host,
            self.name,
            self.image,
            self.generation,
            self.intent,
            self.toplevel,
            self.diagnosis,
            {**self.facts, "awaited": dict(self.awaited)} if self.awaited else dict(self.facts),
        )

    @classmethod
    def restored(cls, row: BootRow, rows: Sequence[StepRow]) -> "Attempt":
        """The boot as it was stored; what was being sent then is asked for again by the client."""
        steps = [Step.restored(one) for one in rows]
        scripts = [step.ended_at or step.began_at for step in steps if step.kind == "script"]
        ends = [step.ended_at or step.began_at for step in steps]
        attempt = cls(row.id, row.network, row.mac, row.firmware, row.began_at, row.state)
        attempt.ended_at, attempt.machine = row.ended_at, row.machine
        attempt.host, attempt.name, attempt.image = row.host, row.name, row.image
        attempt.generation, attempt.intent = row.generation, row.intent
        attempt.toplevel, attempt.diagnosis = row.toplevel, row.diagnosis
        attempt.facts = {name: fact for name, fact in row.facts.items() if name != "awaited"}
        attempt.awaited = dict(row.facts.get("awaited", {}))
        attempt.steps, attempt.stored = steps, row.state
        pairs = zip(rows, steps, strict=True)
        attempt.dirty = {step.number for before, step in pairs if step.status != before.status}
        attempt.count = max((step.number for step in steps), default=0)
        attempt.last_at = max(ends, default=row.began_at)
        attempt.script_at = scripts[-1] if scripts else None
        attempt.sent_at = attempt.last_at if row.state == "starting" else None
        attempt.watched = bool(row.facts.get("watched", True))
        return attempt

    @property
    def over(self) -> bool:
        """It has ended."""
        return self.state not in OPEN

    @property
    def loaded(self) -> bool:
        """Something beyond DHCP happened."""
        return any(step.kind != "dhcp" for step in self.steps)

    def last(self, *kinds: str) -> Step | None:
        """The newest step of these kinds, of any kind when none is named."""
        found = (step for step in reversed(self.steps) if not kinds or step.kind in kinds)
        return next(found, None)

    def add(self, step: Step) -> Step:
        """Put a step at the end; one in the middle makes room when there are many."""
        self.count = step.number = self.count + 1
        self.last_at = max(self.last_at, step.ended_at or step.began_at)
        self.steps.append(step)
        self.dirty.add(step.number)
        if len(self.steps) > FIRST_KEPT + LAST_KEPT:
            gone = self.steps.pop(FIRST_KEPT).number
            self.dirty.discard(gone)
            self.dropped.add(gone)
        return step

    def touch(self, step: Step) -> None:
        """The step changed and must be stored again."""
        if any(kept is step for kept in self.steps):
            self.dirty.add(step.number)
        self.last_at = max(self.last_at, step.ended_at or step.began_at)

    def goes_on(self, state: str) -> None:
        """It is in an open state, also if it seemed to be over."""
        self.state, self.ended_at, self.diagnosis = state, None, None

    def end(self, state: str, at: float) -> None:
        """Close it; an end that was already reached stays."""
        if not self.over:
            self.state, self.ended_at = state, at


@dataclass(frozen=True, slots=True)
class Chosen:
    """What a script offers: the names are for people, the ids for the record."""

    kind: str  # "run", "menu", "hold", "local", "deny", "shell", "page"
    machine: str | None = None
    intent: str | None = None
    intent_id: str | None = None
    host: str | None = None
    name: str | None = None
    image: str | None = None
    generation: int | None = None
    toplevel: str | None = None
    watched: bool = True
    parts: Mapping[str, int] = field(default_factory=dict)  # sha256 -> bytes
    store: str = ""  # sha256 of the part that the first stage fetches
    doubts: tuple[Finding, ...] = ()  # about how the image fits the machine
    sentence: str = ""  # of a page
    way_out: str = ""  # of a page
    reason: str = ""  # of a page: see `choice.Page`
    once: Once | None = None  # what it is given once
