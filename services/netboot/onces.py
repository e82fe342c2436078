"""What machines made of the things they were to boot once: memory over `appliance.once`."""

from collections.abc import Mapping
from dataclasses import replace

from appliance import once
from appliance.events import Event, OnceSpent, OnceUnsure
from appliance.model.table import Once
from appliance.store.once import OnceRow
from services.netboot.attempt import Attempt

TOLD: Mapping[str, type[OnceSpent | OnceUnsure]] = {"spent": OnceSpent, "unsure": OnceUnsure}
"""States that the owner hears of."""


class Onces:
    """How far each one came, and which of that is not stored yet."""

    def __init__(self, rows: Mapping[str, OnceRow]) -> None:
        self._rows = dict(rows)
        self._dirty: dict[str, OnceRow] = {}
        self._events: dict[str, Event] = {}

    def state(self, ident: str) -> str:
        """One of once.STATES."""
        known = self._rows.get(ident)
        return known.state if known else "asked"

    def asks(self, asked: Once, machine: str, mac: str, at: float) -> None:
        """The machine that is to boot it asks for its script."""
        before = self._rows.get(asked.id)
        if before is not None:
            state = once.after(before.kind, before.state, "asks")
            self._moved(before, replace(before, state=state, at=at), machine, mac, asked.host)

    def of(self, attempt: Attempt, event: str, at: float) -> None:
        """One of once.EVENTS, in a boot that was given something once; else nothing."""
        ident, kind = attempt.facts.get("once"), attempt.facts.get("once_kind")
        if not isinstance(ident, str) or not isinstance(kind, str):
            return
        before = self._rows.get(ident)
        state = once.after(kind, self.state(ident), event, watched=attempt.watched)
        row = OnceRow(ident, kind, state, attempt.id, at)
        self._moved(before, row, attempt.machine or "", attempt.mac, attempt.host or "")

    def _moved(
        self, before: OnceRow | None, row: OnceRow, machine: str, mac: str, host: str
    ) -> None:
        if before is not None and before.state == row.state:
            return
        self._rows[row.id] = self._dirty[row.id] = row
        told = TOLD.get(row.state)
        if told is not None:
            self._events[row.id] = told(machine, mac, host.rpartition("/")[2], row.boot)

    @property
    def rows(self) -> tuple[OnceRow, ...]:
        """What changed since it was stored last."""
        return tuple(self._dirty.values())

    @property
    def events(self) -> tuple[Event, ...]:
        """What is to be told of that."""
        return tuple(self._events.values())

    def stored(self) -> None:
        """The transaction was committed."""
        self._dirty, self._events = {}, {}


def interrupted(attempt: Attempt, running: int) -> bool:
    """May a machine have had all of its image when the router stopped?  `running` parts were on
    their way then, and their end was seen by nobody."""
    return running > 0 and attempt.sent_at is None and len(attempt.awaited) <= running
