"""One boot: its steps, what was served, how it ended.  Values only; `attempts` moves them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from appliance.store.boots import BootRow, StepRow

STEPS_KEPT = 250
OPEN = frozenset({"asking", "loading", "starting", "held"})


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
    dirty: set[int] = field(default_factory=set)  # numbers of steps not stored yet
    last_at: float = 0.0
    awaited: dict[str, str] = field(default_factory=dict)  # sha256 of a part -> its name
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
            dict(self.facts),
        )

    @classmethod
    def restored(cls, row: BootRow, steps: list[Step]) -> "Attempt":
        """The boot as it was stored; what was being sent then is asked for again by the client."""
        scripts = [step.began_at for step in steps if step.kind == "script"]
        parts = [step for step in steps if step.kind == "part"]
        ends = [step.ended_at or step.began_at for step in steps]
        whole = row.state == "starting" and bool(parts)
        attempt = cls(row.id, row.network, row.mac, row.firmware, row.began_at, row.state)
        attempt.ended_at, attempt.machine = row.ended_at, row.machine
        attempt.host, attempt.name, attempt.image = row.host, row.name, row.image
        attempt.generation, attempt.intent = row.generation, row.intent
        attempt.toplevel, attempt.diagnosis = row.toplevel, row.diagnosis
        attempt.facts, attempt.steps = dict(row.facts), steps
        attempt.last_at = max(ends, default=row.began_at)
        attempt.script_at = scripts[-1] if scripts else None
        attempt.sent_at = attempt.last_at if whole else None
        attempt.watched = bool(row.facts.get("watched", True))
        done = {step.name for step in parts if step.status == "ok"}
        wanted = row.facts.get("parts", {})
        attempt.awaited = {key: name for key, name in wanted.items() if name not in done}
        return attempt

    @property
    def over(self) -> bool:
        """It has ended."""
        return self.state not in OPEN

    @property
    def loaded(self) -> bool:
        """Something beyond DHCP happened."""
        return any(step.kind != "dhcp" for step in self.steps)

    def add(self, step: Step) -> Step:
        """Put a step at the end; when there are too many, the last ones are dropped."""
        step.number = len(self.steps) + 1
        self.last_at = max(self.last_at, step.ended_at or step.began_at)
        if len(self.steps) < STEPS_KEPT:
            self.steps.append(step)
            self.dirty.add(step.number)
        return step

    def touch(self, step: Step) -> None:
        """The step changed and must be stored again."""
        if step.number <= len(self.steps):
            self.dirty.add(step.number)
        self.last_at = max(self.last_at, step.ended_at or step.began_at)

    def end(self, state: str, at: float, diagnosis: str | None = None) -> None:
        """Close it; an end that was already reached stays."""
        if not self.over:
            self.state, self.ended_at = state, at
            self.diagnosis = diagnosis or self.diagnosis


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
    parts: Mapping[str, str] = field(default_factory=dict)  # sha256 -> name
    sentence: str = ""  # of a page
    reason: str = ""  # of a page: "nothing", "waiting", "pruned"
