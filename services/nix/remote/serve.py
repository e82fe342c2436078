"""Watches over builders: rows for new ones, trials that are asked for, and who still answers."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from appliance.errors import NixieError
from appliance.model.builders import Builder
from appliance.store import builder_states as rows
from appliance.store.builder_states import LOST, NEW, READY, TRYING, BuilderState
from appliance.store.journal import transaction
from services.nix.desk import Desk
from services.nix.remote.choice import helpers
from services.nix.remote.driver import is_lost, machine, reached, state
from services.nix.remote.trial.driver import Trial

WATCH_SECONDS = 60.0
FORGET_SECONDS = 7 * 86_400.0
"""How long the key of a removed builder stays, should the owner want it back."""


class Watch:
    """The builders of this moment; trials and looks are tasks of `group`."""

    def __init__(self, desk: Desk, group: asyncio.TaskGroup) -> None:
        self._desk, self._group = desk, group
        self._builders: dict[str, Builder] = {}
        self._trials: dict[str, asyncio.Task[None]] = {}
        self._again: dict[str, list[str]] = {}  # wishes that came while a trial was running
        self._look: asyncio.Task[None] | None = None
        self._look_at = 0.0
        self._shared: list[dict[str, object]] | None = None  # as our daemon was told
        self._sharing: asyncio.Task[None] | None = None

    def follow(self, builders: Sequence[Builder]) -> None:
        """These are the builders from now on."""
        before, self._builders = self._builders, {one.id: one for one in builders}
        at, states = self._desk.now(), rows.states(self._desk.database)
        with transaction(self._desk.database):
            for builder in builders:
                known = states.pop(builder.id, None)
                if known is None:
                    rows.stands(self._desk.database, BuilderState(builder.id))
                else:
                    self._known(builder, known, at)
            for gone in states.values():
                self._gone(gone, before.get(gone.builder), at)

    def try_new(self) -> None:
        """Try those that nobody asked to be tried: after a restart, or back by an undo."""
        for builder in self._builders.values():
            now = state(self._desk, builder.id)
            wanted = now.state == NEW and (builder.enabled or now.tried_at is None)
            if wanted and builder.id not in self._trials:
                self._begin(builder.id, [])

    def try_it(self, ident: str, wish: str) -> str | None:
        """Try a builder now, or once more after the trial that runs; returns why not."""
        if ident not in self._builders:
            return "This builder is not there any more."
        if ident in self._trials:
            self._again.setdefault(ident, []).append(wish)
        else:
            self._begin(ident, [wish])
        return None

    def turn(self) -> None:
        """Look after those that were there, once in a while; share builds with those that do."""
        self._share()
        if self._look is not None and not self._look.done():
            return
        if self._desk.now() - self._look_at < WATCH_SECONDS:
            return
        self._look_at = self._desk.now()
        self._look = self._group.create_task(self._looked())

    def _share(self) -> None:
        """Have our daemon know those that share builds and are there, and no others."""
        if self._sharing is not None and not self._sharing.done():
            return
        there = helpers(tuple(self._builders.values()), rows.states(self._desk.database))
        wanted = [machine(one) for one in there]
        if wanted != self._shared:
            self._sharing = self._group.create_task(self._tell(wanted))

    async def _tell(self, wanted: list[dict[str, object]]) -> None:
        try:
            answer = await self._desk.nix.ask_once("builders-share", {"builders": wanted})
        except NixieError:
            return  # the broker; the next turn asks again
        if answer.good:
            self._shared = wanted

    def _begin(self, ident: str, wishes: list[str]) -> None:
        task = self._group.create_task(Trial(self._desk, self._builders[ident]).run(wishes))
        self._trials[ident] = task
        task.add_done_callback(lambda done: self._over(ident, done))

    async def _looked(self) -> None:
        watched = [one for one in self._builders.values() if one.enabled and one.host_key]
        await asyncio.gather(*(self._looked_at(one) for one in watched))

    async def _looked_at(self, builder: Builder) -> None:
        before = state(self._desk, builder.id).state
        if before not in (READY, LOST) or builder.id in self._trials:
            return
        step = await reached(builder)
        if before == READY and step.state == "bad":
            is_lost(self._desk, builder, step.what)
        elif before == LOST and step.state == "ok" and builder.id not in self._trials:
            self._begin(builder.id, [])

    def _known(self, builder: Builder, known: BuilderState, at: float) -> None:
        database = self._desk.database
        if known.removed_at is not None:
            known = replace(known, removed_at=None)
            rows.stands(database, known)
        if known.missed and not builder.enabled:
            rows.left(database, replace(known, state=NEW), builder.name, at)
        elif known.state == TRYING and builder.id not in self._trials:  # cut off by a restart
            rows.stands(database, replace(known, state=NEW))

    def _gone(self, known: BuilderState, builder: Builder | None, at: float) -> None:
        database = self._desk.database
        if known.removed_at is None:
            now = replace(known, state=NEW, removed_at=at)
            if known.missed:
                name = builder.name if builder else "a builder that was removed"
                rows.left(database, now, name, at)
            else:
                rows.stands(database, now)
        elif at - known.removed_at > FORGET_SECONDS:
            self._desk.keys.remove(known.builder)
            rows.forget(database, known.builder)

    def _over(self, ident: str, task: asyncio.Task[None]) -> None:
        self._trials.pop(ident, None)
        wishes = self._again.pop(ident, None)
        if wishes is not None and ident in self._builders and not task.cancelled():
            self._begin(ident, wishes)
