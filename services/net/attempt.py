"""One revision on its way, and what the keeper is handed to carry it out."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, Self

from appliance.errors import Gone, NotConverged, Unreachable
from appliance.plan import order, record
from appliance.reconcile import reconcile
from appliance.store.inventory_view import RevisionView
from appliance.store.trials import TrialRow
from appliance.trial import Phase, Trial
from services.net.aim import Aim
from services.net.asked import Asked

CLOCK_SECONDS = 2.0
"""By how much a clock may differ from the one of before until it counts as set."""
TRIES = 5
"""How often a change is carried out before a link that comes and goes under it refuses it."""


class Kernel(Protocol):
    """What there is to own; `scope` says how much of it is seen."""

    scope: order.State

    async def observe(self) -> order.State: ...

    async def rehearse(self, steps: Sequence[order.Step]) -> None: ...

    async def perform(self, step: order.Step) -> None: ...


@dataclass(frozen=True, slots=True)
class Clocks:
    """Time and its kin: `now` Unix seconds, `boottime` CLOCK_BOOTTIME, `pause` between looks."""

    now: Callable[[], float]
    boottime: Callable[[], float]
    pause: Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Attempt:
    """One revision on its way; `wish` is the one being answered, None when nobody asked."""

    machine: Trial
    revision: RevisionView
    tried: Aim
    before: order.State
    wish: str | None = None
    steps: tuple[order.Step, ...] = ()
    put_back: bool = False
    ends_at: float | None = None  # as people were told last, Unix seconds

    @classmethod
    def cut_off(cls, row: TrialRow, tried: Aim, kept: Asked | None) -> Self:
        """What a restart found unfinished, on its way to `tried`; `kept` is the wish to keep it."""
        return cls(
            machine=Trial(row.revision, row.nonce, phase=Phase(row.state)),
            revision=RevisionView(row.revision, row.config, row.author, row.began_at),
            tried=tried,
            before=record.from_json(row.before),
            wish=kept.wish if kept else None,
        )

    async def carry_out(self, aimed: Callable[[], Aim], kernel: Kernel, clocks: Clocks) -> None:
        """Bring the kernel to what is tried.  Raises NixieError, with the kernel put back.

        A session may end in the midst of it, by itself or because its cable changes: then what is
        tried is what `aimed` says after a pause, and the way there is planned anew.
        """
        for tries_left in reversed(range(TRIES)):
            wanted = self.tried.wanted
            try:
                _, self.steps = await reconcile(wanted, order.steps, kernel, clocks.pause)
                return
            except (Unreachable, NotConverged) as error:
                await clocks.pause()
                fresh = aimed()
                moved = isinstance(error, Gone) or fresh.wanted != wanted
                if not moved or not tries_left:
                    raise
            self.tried = fresh
            kernel.scope = order.together(kernel.scope, fresh.scope)

    def left(self, boottime: float) -> float | None:
        """Seconds until the deadline; None while no clock runs."""
        deadline = self.machine.deadline
        return None if deadline is None else deadline - boottime

    def row(self, phase: Phase, clocks: Clocks) -> TrialRow:
        """What net.db says of it in that phase."""
        now, self.ends_at = clocks.now(), self._end(clocks)
        return TrialRow(
            revision=self.revision.number,
            state=phase.value,
            began_at=now,
            deadline=self.machine.deadline,
            config=self.revision.config,
            nonce=self.machine.nonce,
            author=self.revision.author,
            why=self.machine.why,
            before=record.to_json(self.before),
            ends_at=self.ends_at,
        )

    def is_misdated(self, clocks: Clocks) -> bool:
        """Was the clock set since people were told when it ends?"""
        end = self._end(clocks)
        return end is not None and abs(end - (self.ends_at or 0.0)) > CLOCK_SECONDS

    def _end(self, clocks: Clocks) -> float | None:
        """Its deadline on the clock as it is now."""
        left = self.left(clocks.boottime())
        return None if left is None else clocks.now() + left
