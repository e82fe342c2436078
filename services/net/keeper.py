"""The keeper of the network: it tries, keeps and undoes revisions, repairs drift, and publishes.

It owns net.db's rows and the order of things; kernel, clocks and interfaces are handed to it, so
it runs as well over a kernel made of a dict.

While a revision is on trial it is what is in force: drift is repaired towards it, and addresses,
names, boots and the admin follow it.  What it takes the place of stands beside it: the old
addresses answer, and leases are for a minute (`plan/beside.py`, `plan/slices.py`).  After Keep an
old address stays until everybody has moved (`leaving.py`).
"""

import sqlite3
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any

from appliance.errors import NixieError, NotConverged
from appliance.events import (
    AddressLeft,
    ChangeRefused,
    DriftRepaired,
    Event,
    NetworkUnreachable,
    RevisionApplied,
    RevisionRefused,
    RevisionTried,
    RevisionUndone,
    TrialExtended,
)
from appliance.faults import Fault, no_fault
from appliance.model.config import RouterConfig
from appliance.model.facts import NOTHING_FOUND
from appliance.model.schedule import changes_at
from appliance.model.slices import Slices
from appliance.model.way import Learned
from appliance.plan import order, words
from appliance.plan.devices import Apart
from appliance.plan.links import Missing
from appliance.plan.slices import cut
from appliance.reconcile import put_back, reconcile
from appliance.store.inventory_view import RevisionView
from appliance.store.ledger import Ledger
from appliance.store.trials import Ended, Kept, ProbeRow
from appliance.trial import (
    Act,
    Applied,
    Begun,
    Checked,
    Failed,
    Journalled,
    Keep,
    Phase,
    Refused,
    Restarted,
    Trial,
    What,
    Woken,
)
from hardware.inventory import Nic
from services.net.aim import Aim, aim, checked, link_events, parsed, port_rows, prefix_events
from services.net.asked import CUT_OFF, Apply, Asked, Inventory, kept_before
from services.net.attempt import Attempt, Clocks, Kernel
from services.net.leaving import LastEnd, Leaving, nobody
from services.net.newcomers import held_on, kept_apart, with_admitted
from services.net.outside import DEAF, Ears, Outside

ENDED = (Phase.KEPT, Phase.UNDONE)
UNDONE, NEVER_BEGUN = (RevisionUndone, "undone"), (RevisionRefused, "refused")
FIRST = "first"  # the change that nobody asked for: there is nothing to go back to
NOWHERE = Aim(RouterConfig(()), order.State(), ())


class Keeper:
    """The role's memory between two looks."""

    def __init__(
        self,
        database: sqlite3.Connection,
        kernel: Kernel,
        nics: Callable[[], Sequence[Nic]],
        clocks: Clocks,
        fault: Fault = no_fault,
        last_end: LastEnd = nobody,
        learned: Callable[[], Learned] = Learned,
        ears: Ears = DEAF,
    ) -> None:
        """`learned` tells what the provider gave; by itself nothing."""
        self._ledger = Ledger(database, clocks.now, fault)
        self._machines: Mapping[str, str] = self._ledger.machines
        self._kernel, self._nics, self._clocks, self._fault = kernel, nics, clocks, fault
        self._leaving, self._learned = Leaving(self._ledger.leaving, last_end, clocks), learned
        self._outside = Outside(ears, self._ledger.slices, clocks.now())
        self._kept: Kept | None = self._ledger.kept
        self._config: RouterConfig | None = parsed(self._kept.config) if self._kept else None
        self._aim: Aim | None = self._aimed(self._config) if self._config else None
        self._missing: tuple[Missing, ...] = ()
        self._pending: Attempt | None = None
        self._remains = order.State()  # of an undo that could not take everything away
        self._refused: RevisionView | None = None
        self.failures = 0

    @property
    def asked(self) -> int:
        """The newest wish that was answered."""
        return self._ledger.asked

    @property
    def wake_at(self) -> float | None:
        """When the trial wants to be looked at (CLOCK_BOOTTIME); None when nothing is on trial."""
        return self._pending.machine.wake_at if self._pending else None

    @property
    def changes_at(self) -> float | None:
        """When a rule's time begins or ends next (Unix seconds); None when none has any."""
        config = self._in_force()
        return changes_at(config, self._clocks.now()) if config else None

    @property
    def on_trial(self) -> tuple[str, RouterConfig] | None:
        """The change that waits for Keep, and where it leads on this box."""
        if self._pending is None or self._aim is None:
            return None
        return self._pending.machine.nonce, self._aim.config

    @property
    def here(self) -> RouterConfig | None:
        """What is in force on this box, located; None before anything is."""
        return self._aim.config if self._aim else None

    @property
    def apart(self) -> tuple[Apart, ...]:
        """The networks that keep newcomers apart from their other devices now."""
        return kept_apart(self._aim.config, self._aim.facts.admitted) if self._aim else ()

    def note(self, change: str, found: Sequence[ProbeRow]) -> None:
        """Put down what our own checks of a change came to."""
        self._ledger.note_probes(change, found)

    async def recover(self, inventory: Inventory | None = None) -> None:
        """End what a restart cut off, then bring the last kept config into force."""
        asked = inventory.asked if inventory and self._kept else ()
        self._ledger.asked = asked[-1].seq if asked else self._ledger.asked
        row, kept = self._ledger.trial, None
        if row and Phase(row.state) not in ENDED:
            kept = kept_before(asked, row)
            cut_off = Attempt.cut_off(row, self._aimed(parsed(row.config)), kept)
            await self._happened(cut_off, Keep(row.nonce) if kept else Restarted())
        self._ledger.write(*(ChangeRefused(one.wish, CUT_OFF) for one in asked if one is not kept))
        await self.repair(told=False)

    async def look(self, inventory: Inventory | None) -> None:
        """Answer what was asked, look at the deadline, else repair; then publish.

        None while nixie.db cannot be read: what is in force goes on.
        """
        answered = inventory is not None and await self._heed(inventory)
        if self._pending:
            self._pending.wish = None
            await self._happened(self._pending, Woken())
        if (pending := self._pending) and pending.is_misdated(self._clocks):
            self._ledger.write(trial=pending.row(pending.machine.phase, self._clocks))
        if not answered:
            await self._let_go(told=True)
            await self.repair(told=True)
        ports = port_rows(self._nics(), self.here)
        self._ledger.write(*self._outside.news(), slices=self._slices(), ports=ports)

    async def repair(self, *, told: bool) -> None:
        """Bring what is in force back where the kernel drifted; `told` makes it an event."""
        config = self._in_force()
        if config is None:
            return
        fresh = self._aimed(config)
        self._kernel.scope = order.together(self._scope(fresh), self._remains)
        try:
            _, steps = await reconcile(fresh.wanted, order.steps, self._kernel, self._clocks.pause)
        except NixieError as error:
            self._failed(error)
            return
        turned = fresh.turned_from(self._aim)
        news = self._arrived(fresh)
        self.failures, self._remains = 0, order.State()
        expected = bool(news) or turned or not told
        drift = () if expected else tuple(DriftRepaired(words.say(one)) for one in steps)
        if news or drift:
            self._ledger.write(*news, *drift)

    # ── what is asked ────────────────────────────────────────────────────────────────────────────

    async def _heed(self, inventory: Inventory) -> bool:
        """Do what nixie.db asks for; False when that is nothing."""
        self._machines = inventory.machines
        self._ledger.settlers.let_in(inventory.let_in)
        if self._kept is None:
            self._ledger.asked = inventory.last_wish
            return await self._take_first(inventory.newest)
        self._ledger.asked = min(self._ledger.asked, inventory.last_wish)  # it may be another file
        for one in inventory.asked:
            self._ledger.asked = one.seq
            if problem := await self._answer(one):
                self._ledger.write(ChangeRefused(one.wish, problem))
        return bool(inventory.asked)

    async def _take_first(self, newest: RevisionView | None) -> bool:
        """Nothing is kept yet: the newest revision is, once it stands.  As it is, tried once."""
        refused = self._refused
        again = (refused.number, refused.config) if refused else None
        if newest is None or (newest.number, newest.config) == again:
            return False
        await self._try(newest, Trial(newest.number, FIRST), None)
        return True

    async def _answer(self, one: Asked) -> str | None:
        """Carry out a wish; returns why not."""
        if one.what is None:
            return "This version cannot do what was asked of the network."
        if isinstance(one.what, Apply):
            return await self._apply(one, one.what)
        pending = self._pending
        if pending is None or pending.machine.nonce != one.change:
            return "This change is over already; another one may be on trial now."
        pending.wish = one.wish
        await self._happened(pending, one.what)
        return None

    async def _apply(self, one: Asked, what: Apply) -> str | None:
        if self._pending:
            number = self._pending.revision.number
            return f"Revision {number} is on trial. Keep or undo it first."
        if what.revision is None:
            return "There is no such revision any more."
        machine = Trial(what.revision.number, one.wish, what.seconds)
        await self._try(what.revision, machine, one.wish)
        return None

    async def _try(self, revision: RevisionView, machine: Trial, wish: str | None) -> None:
        try:
            tried = self._aimed(checked(revision.config, self._outside.facts(), self._nics()))
            self._kernel.scope = self._scope(tried)
            before = await self._kernel.observe()
            await self._kernel.rehearse(order.steps(tried.wanted, before))
            attempt = Attempt(machine, revision, tried, before, wish)
        except NixieError as error:
            nothing = Attempt(machine, revision, NOWHERE, order.State(), wish)
            return await self._happened(nothing, Refused(str(error)))
        return await self._happened(attempt, Checked())

    # ── what the trial says is to be done ────────────────────────────────────────────────────────

    async def _happened(self, attempt: Attempt, what: What) -> None:
        """Tell the machine, then do what it says."""
        for act in attempt.machine.happened(what, self._clocks.boottime()):
            await ACTS[act](self, attempt)

    async def _journal(self, attempt: Attempt) -> None:
        """Put down a trial that is about to begin, or that waits for Keep."""
        if attempt.machine.phase is Phase.PENDING:
            return self._wait_for_keep(attempt)
        self._ledger.write(trial=attempt.row(Phase.JOURNALLED, self._clocks))
        return await self._happened(attempt, Journalled())

    def _wait_for_keep(self, attempt: Attempt) -> None:
        number, left = attempt.revision.number, round(attempt.left(self._clocks.boottime()) or 0)
        if attempt is self._pending:
            events: tuple[Event, ...] = (TrialExtended(number, left, attempt.wish),)
        else:
            self._fault("net.applied")
            self._pending, self.failures = attempt, 0
            steps = tuple(map(words.say, attempt.steps))
            tried = RevisionTried(number, left, steps, attempt.wish)
            events = (tried, *self._arrived(attempt.tried))
        self._ledger.write(
            *events, trial=attempt.row(attempt.machine.phase, self._clocks), slices=self._slices()
        )

    async def _perform(self, attempt: Attempt) -> None:
        await self._happened(attempt, Begun())
        aimed = partial(self._aimed, parsed(attempt.revision.config))
        try:
            await attempt.carry_out(aimed, self._kernel, self._clocks)
        except NixieError as error:
            return await self._happened(attempt, Failed(str(error)))
        return await self._happened(attempt, Applied())

    async def _put_back(self, attempt: Attempt) -> None:
        """Plan towards the last kept config, or what was there before the first one."""
        fresh = self._aimed(self._config) if self._config else None
        wanted = fresh.wanted if fresh else attempt.before
        self._kernel.scope = order.together(attempt.tried.wanted, wanted)
        left = await put_back(wanted, order.steps, self._kernel, self._clocks.pause)
        attempt.put_back, self._aim = True, fresh
        if left:
            self._remains = attempt.tried.wanted
            self._failed(NotConverged(left))

    async def _record_kept(self, attempt: Attempt) -> None:
        self._fault("net.converged")
        revision, now = attempt.revision, self._clocks.now()
        kept = parsed(revision.config)
        self._leaving.begin(self._config, kept, attempt.tried.facts.delegated)
        self._kept = Kept(revision.number, revision.config, now)
        self._config, self._refused, self._pending, self.failures = kept, None, None, 0
        steps = tuple(map(words.say, attempt.steps))
        self._ledger.write(
            RevisionApplied(revision.number, steps, attempt.wish),
            *self._arrived(attempt.tried),
            trial=attempt.row(attempt.machine.phase, self._clocks),
            kept=self._kept,
            ended=Ended(revision.number, "kept", "", now),
            slices=self._slices(),
            leaving=self._leaving.stays,
        )
        await self._let_go(told=False)

    async def _record_undone(self, attempt: Attempt) -> None:
        number, why, now = attempt.revision.number, attempt.machine.why, self._clocks.now()
        kind, state = UNDONE if attempt.put_back else NEVER_BEGUN
        self._pending = None
        if not attempt.put_back:
            self._refused = attempt.revision
        self._ledger.write(
            kind(number, why, attempt.wish),
            trial=attempt.row(attempt.machine.phase, self._clocks),
            ended=Ended(number, state, why, now),
            slices=self._slices(),
        )

    # ── what stays beside ────────────────────────────────────────────────────────────────────────

    def _aimed(self, config: RouterConfig) -> Aim:
        """Where `config` leads, with what stays beside it."""
        settled, facts = self._ledger.settlers.admitted, self._outside.facts()
        beside = self._leaving.beside(self._config, config, facts.delegated)
        heard = self._learned(), with_admitted(facts, config, settled, self._machines)
        return aim(config, self._nics(), self._clocks.now(), beside, *heard)

    async def _let_go(self, *, told: bool) -> None:
        """Take away addresses that nobody needs any more: from the kernel first, then from disk."""
        if self._pending or self._config is None:
            return
        needed, before = self._leaving.needed(self._config), self._leaving.stays
        if needed == self._ledger.leaving:
            return
        self._leaving.stays, self.failures = needed, 0
        await self.repair(told=False)
        if self.failures:
            self._leaving.stays = before  # tried again at the next look
            return
        gone = [one for one in before if one not in needed]
        left = [AddressLeft(one.network, str(one.address.ip)) for one in gone if told]
        self._ledger.write(*left, slices=self._slices(), leaving=self._leaving.stays)

    # ── memory ───────────────────────────────────────────────────────────────────────────────────

    def _in_force(self) -> RouterConfig | None:
        """What is on trial, else what is kept, with all of its times."""
        return parsed(self._pending.revision.config) if self._pending else self._config

    def _scope(self, tried: Aim) -> order.State:
        """What we may touch: all that the config in force or the tried one names, and our
        addresses in prefixes that were announced before a restart."""
        before = self._outside.promised(tried)
        return order.together(before, *([self._aim.scope] if self._aim else []), tried.scope)

    def _arrived(self, fresh: Aim) -> tuple[Event, ...]:
        """`fresh` is in force now; what there is to tell about its ports and its prefix."""
        missing, facts = self._missing, self._aim.facts if self._aim else NOTHING_FOUND
        self._aim, self._missing = fresh, fresh.missing
        self._ledger.settlers.hold(held_on(fresh.config))
        return (*link_events(missing, fresh.missing), *prefix_events(facts, fresh.facts))

    def _failed(self, error: NixieError) -> None:
        """Told once; it is tried again."""
        self.failures += 1
        if self.failures == 1:
            self._ledger.write(NetworkUnreachable(str(error)))

    def _slices(self) -> Slices | None:
        """What is in force, cut; None before anything is."""
        if self._aim is None or self._kept is None or self._config is None:
            return None
        here, pending = self._aim.config, self._pending
        fresh = cut(
            here,
            pending.revision.number if pending else self._kept.revision,
            self._machines,
            staying=self._leaving.beside(self._config, here, self._aim.facts.delegated),
            before=self._config if pending else None,
            delegated=self._aim.facts.delegated,
        )
        return self._outside.told(fresh, self._aim, self._clocks.now())


ACTS: Mapping[Act, Callable[[Keeper, Attempt], Coroutine[Any, Any, None]]] = {
    Act.JOURNAL: Keeper._journal,
    Act.PERFORM: Keeper._perform,
    Act.PUT_BACK: Keeper._put_back,
    Act.RECORD_KEPT: Keeper._record_kept,
    Act.RECORD_UNDONE: Keeper._record_undone,
}
