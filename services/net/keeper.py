"""The keeper of the network: takes revisions, repairs drift, publishes.

It owns net.db's rows and the order of things; kernel, clocks and interfaces are handed to it, so
it runs as well over a kernel made of a dict.
"""

import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from appliance.errors import NixieError
from appliance.events import (
    DriftRepaired,
    Event,
    NetworkUnreachable,
    RevisionApplied,
    RevisionRefused,
    RevisionUndone,
)
from appliance.faults import Fault, no_fault
from appliance.model.config import RouterConfig
from appliance.plan import order, record, words
from appliance.plan.links import Missing
from appliance.plan.slices import cut
from appliance.reconcile import reconcile
from appliance.store import trials
from appliance.store.inventory_view import RevisionView
from appliance.store.journal import append, transaction
from appliance.trial import (
    RESTART,
    Act,
    Applied,
    Begun,
    Checked,
    Failed,
    Journalled,
    Phase,
    Refused,
    Restarted,
    Trial,
    What,
)
from hardware.inventory import Nic
from services.net.aim import Aim, aim, checked, link_events, parsed, port_rows


class Kernel(Protocol):
    """What there is to own; `scope` says how much of it is seen."""

    scope: order.State

    async def observe(self) -> order.State: ...

    async def perform(self, step: order.Step) -> None: ...


@dataclass(frozen=True, slots=True)
class Clocks:
    """Time and its kin: `now` Unix seconds, `boottime` CLOCK_BOOTTIME, `pause` between looks."""

    now: Callable[[], float]
    boottime: Callable[[], float]
    pause: Callable[[], Awaitable[None]]
    nonce: Callable[[], str]


@dataclass(slots=True)
class Attempt:
    """One revision on its way, with what was found out on the way."""

    machine: Trial
    revision: RevisionView
    tried: Aim
    before: order.State
    steps: tuple[order.Step, ...] = ()
    put_back: bool = False


class Keeper:
    """The role's memory between two looks."""

    def __init__(
        self,
        database: sqlite3.Connection,
        kernel: Kernel,
        nics: Callable[[], Sequence[Nic]],
        clocks: Clocks,
        fault: Fault = no_fault,
    ) -> None:
        self._fault = fault
        self._database, self._kernel, self._nics, self._clocks = database, kernel, nics, clocks
        self._kept = trials.kept(database)
        self._config: RouterConfig | None = parsed(self._kept.config) if self._kept else None
        self._aim: Aim | None = aim(self._config, nics()) if self._config else None
        self._missing: tuple[Missing, ...] = ()
        slices = trials.slices(database)
        self._machines: Mapping[str, str] = dict(slices.dns.machines) if slices else {}
        self._refused: RevisionView | None = None
        self.failures = 0

    async def recover(self) -> None:
        """Undo a trial that a restart cut off, then bring the last kept config into force."""
        row = trials.trial(self._database)
        if row:
            cut_off = Attempt(
                machine=Trial(row.revision, row.nonce, phase=Phase(row.state)),
                revision=RevisionView(row.revision, row.config, row.author, row.began_at),
                tried=aim(parsed(row.config), self._nics()),
                before=record.from_json(row.before),
            )
            await self._happened(cut_off, Restarted())
        await self.repair(told=False)

    async def look(self, newest: RevisionView | None, machines: Mapping[str, str] | None) -> None:
        """Take the newest revision if it is news, else repair; then publish.

        Both are None while nixie.db cannot be read: what was kept goes on.
        """
        if machines is not None:
            self._machines = machines
        if newest and self._is_news(newest):
            await self._try(newest)
        else:
            await self.repair(told=True)
        with transaction(self._database):
            self._cut()
            here = self._aim.config if self._aim else None
            trials.write_ports(self._database, port_rows(self._nics(), here), self._clocks.now())

    async def repair(self, *, told: bool) -> None:
        """Bring what is in force back where the kernel drifted; `told` makes it an event."""
        if self._config is None:
            return
        fresh = aim(self._config, self._nics())
        self._kernel.scope = self._scope(fresh)
        try:
            _, steps = await self._reconcile(fresh.wanted)
        except NixieError as error:
            self.failures += 1
            if self.failures == 1:
                self._tell(NetworkUnreachable(str(error)))
            return
        links = self._arrived(fresh)
        self.failures = 0
        drift = () if links or not told else tuple(DriftRepaired(words.say(one)) for one in steps)
        self._tell(*links, *drift)

    def _is_news(self, newest: RevisionView) -> bool:
        """A revision that was refused is not tried again as it is."""
        refused, kept = self._refused, self._kept
        if refused and (newest.number, newest.config) == (refused.number, refused.config):
            return False
        return kept is None or (newest.number, newest.config) != (kept.revision, kept.config)

    async def _try(self, newest: RevisionView) -> None:
        machine = Trial(newest.number, self._clocks.nonce())
        try:
            tried = aim(checked(newest.config), self._nics())
            self._kernel.scope = self._scope(tried)
            attempt = Attempt(machine, newest, tried, await self._kernel.observe())
        except NixieError as error:
            nothing = Attempt(machine, newest, aim(RouterConfig(()), ()), order.State())
            return await self._happened(nothing, Refused(str(error)))
        return await self._happened(attempt, Checked())

    async def _happened(self, attempt: Attempt, what: What) -> None:
        """Tell the machine, then do what it says."""
        for act in attempt.machine.happened(what, self._clocks.boottime()):
            await ACTS[act](self, attempt)

    async def _journal(self, attempt: Attempt) -> None:
        with transaction(self._database):
            self._write(attempt, Phase.JOURNALLED)
        await self._happened(attempt, Journalled())

    async def _perform(self, attempt: Attempt) -> None:
        await self._happened(attempt, Begun())
        try:
            _, attempt.steps = await self._reconcile(attempt.tried.wanted)
        except NixieError as error:
            return await self._happened(attempt, Failed(str(error)))
        return await self._happened(attempt, Applied())

    async def _put_back(self, attempt: Attempt) -> None:
        """Plan towards the last kept config, or what was there before the first one."""
        wanted = aim(self._config, self._nics()).wanted if self._config else attempt.before
        self._kernel.scope = order.together(attempt.tried.wanted, wanted)
        await self._reconcile(wanted)
        attempt.put_back = True

    async def _record_kept(self, attempt: Attempt) -> None:
        self._fault("net.converged")
        newest, now = attempt.revision, self._clocks.now()
        self._kept = trials.Kept(newest.number, newest.config, now)
        self._config, self._refused, self.failures = parsed(newest.config), None, 0
        links = self._arrived(attempt.tried)
        steps = tuple(map(words.say, attempt.steps))
        with transaction(self._database):
            self._write(attempt, attempt.machine.phase)
            trials.write_kept(self._database, self._kept)
            self._cut()
            for event in (RevisionApplied(newest.number, steps), *links):
                append(self._database, event, now)

    async def _record_undone(self, attempt: Attempt) -> None:
        machine = attempt.machine
        kind = RevisionUndone if attempt.put_back else RevisionRefused
        self._refused = None if machine.why == RESTART else attempt.revision
        with transaction(self._database):
            self._write(attempt, machine.phase)
            append(self._database, kind(machine.revision, machine.why), self._clocks.now())

    async def _reconcile(self, wanted: order.State) -> tuple[order.State, tuple[order.Step, ...]]:
        return await reconcile(wanted, order.steps, self._kernel, self._clocks.pause)

    def _scope(self, tried: Aim) -> order.State:
        """What we may touch: all that the config in force or the tried one names."""
        return order.together(*([self._aim.wanted] if self._aim else []), tried.wanted)

    def _arrived(self, fresh: Aim) -> tuple[Event, ...]:
        """`fresh` is in force now; what there is to tell about its ports."""
        missing = self._missing
        self._aim, self._missing = fresh, fresh.missing
        return link_events(missing, fresh.missing)

    def _cut(self) -> None:
        """Publish the slices; nothing is written when they are the same."""
        if self._kept and self._aim:
            fresh = cut(self._aim.config, self._kept.revision, self._machines)
            if trials.publish(self._database, fresh, self._clocks.now()):
                self._fault("net.cutting")

    def _write(self, attempt: Attempt, phase: Phase) -> None:
        trials.write_trial(
            self._database,
            trials.TrialRow(
                revision=attempt.revision.number,
                state=phase.value,
                began_at=self._clocks.now(),
                deadline=attempt.machine.deadline,
                config=attempt.revision.config,
                nonce=attempt.machine.nonce,
                author=attempt.revision.author,
                why=attempt.machine.why,
                before=record.to_json(attempt.before),
            ),
        )

    def _tell(self, *events: Event) -> None:
        if events:
            with transaction(self._database):
                for event in events:
                    append(self._database, event, self._clocks.now())


ACTS: Mapping[Act, Callable[[Keeper, Attempt], Coroutine[Any, Any, None]]] = {
    Act.JOURNAL: Keeper._journal,
    Act.PERFORM: Keeper._perform,
    Act.PUT_BACK: Keeper._put_back,
    Act.RECORD_KEPT: Keeper._record_kept,
    Act.RECORD_UNDONE: Keeper._record_undone,
}
