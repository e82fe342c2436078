"""Watches over caches: told to our daemon, tried when they are new, and who still answers."""

import asyncio
from collections.abc import Coroutine, Sequence
from contextlib import suppress
from dataclasses import replace

from appliance.errors import NixieError
from appliance.model.caches import Cache
from appliance.store import cache_states as rows
from appliance.store.cache_states import LOST, NEW, READY, TRYING
from appliance.store.inventory_view import Wish
from appliance.store.journal import transaction
from services.nix.desk import Desk
from services.nix.supply.driver import is_lost, is_settled, settle, state
from services.nix.supply.trial.driver import Trial, answered

WATCH_SECONDS = 120.0
SETTLE_AGAIN_SECONDS = 15.0


class CacheWatch:
    """The caches of this moment; trials, looks and questions are tasks of `group`."""

    def __init__(self, desk: Desk, group: asyncio.TaskGroup) -> None:
        self._desk, self._group = desk, group
        self._caches: dict[str, Cache] = {}
        self._trials: dict[str, asyncio.Task[None]] = {}
        self._again: dict[str, list[str]] = {}  # wishes that came while a trial was running
        self._look: asyncio.Task[None] | None = None
        self._look_at = self._settle_at = 0.0

    def follow(self, caches: Sequence[Cache]) -> None:
        """These are the caches from now on."""
        desk, before = self._desk, self._caches
        self._caches = {one.id: one for one in caches}
        desk.caches.all = tuple(caches)
        self._settle_at = 0.0
        known = rows.states(desk.database)
        with transaction(desk.database):
            for cache in caches:
                now = known.pop(cache.id, None)
                if now is None:
                    rows.stands(desk.database, rows.CacheState(cache.id))
                elif now.missed and not cache.enabled:
                    rows.left(desk.database, replace(now, state=NEW), cache.name, desk.now())
                elif now.state == TRYING and cache.id not in self._trials:  # cut off by a restart
                    rows.stands(desk.database, replace(now, state=NEW))
            for ident, gone in known.items():
                if gone.missed:
                    name = before[ident].name if ident in before else "that was removed"
                    rows.left(desk.database, gone, name, desk.now())
                rows.forget(desk.database, ident)

    def try_new(self) -> None:
        """Try those that nobody asked to be tried: after a restart, or back by an undo."""
        for cache in self._caches.values():
            new = state(self._desk, cache.id).state == NEW
            if new and cache.enabled and cache.id not in self._trials:
                self._begin(cache.id, [])

    def fulfil(self, wish: Wish) -> str | None:
        """Try a cache, or ask whether it has something; returns why not."""
        cache = self._caches.get(str(wish.body.get("cache", "")))
        if cache is None:
            return "This cache is not there any more."
        if wish.kind == "has":
            what = str(wish.body.get("what", ""))
            self._group.create_task(answered(self._desk, cache, what, wish.id))
        elif cache.id in self._trials:  # once more after the trial that runs
            self._again.setdefault(cache.id, []).append(wish.id)
        else:
            self._begin(cache.id, [wish.id])
        return None

    def turn(self) -> None:
        """Tell our daemon what changed, and look after the caches once in a while."""
        if self._look is not None and not self._look.done():
            return
        now = self._desk.now()
        if now >= self._settle_at:
            self._settle_at = now + SETTLE_AGAIN_SECONDS
            if not is_settled(self._desk):
                self._look = self._group.create_task(self._told())
        elif now - self._look_at >= WATCH_SECONDS:
            self._look_at = now
            self._look = self._group.create_task(self._looked())

    async def _told(self) -> None:
        with suppress(NixieError):  # of the broker: it is asked again
            await settle(self._desk)

    async def _looked(self) -> None:
        watched = [one for one in self._caches.values() if one.enabled]
        for cache in watched:
            self._desk.caches.forgive(cache)
        there = await self._desk.caches.there(watched)
        for cache in watched:
            before = state(self._desk, cache.id).state
            if before == READY and cache not in there:
                host, port = cache.server
                is_lost(self._desk, cache, f"{host} takes no connection on port {port}.")
            elif before == LOST and cache in there and cache.id not in self._trials:
                self._begin(cache.id, [])

    def _begin(self, ident: str, wishes: list[str]) -> None:
        trial: Coroutine[None, None, None] = Trial(self._desk, self._caches[ident]).run(wishes)
        task = self._trials[ident] = self._group.create_task(trial)
        task.add_done_callback(lambda done: self._over(ident, done))

    def _over(self, ident: str, task: asyncio.Task[None]) -> None:
        self._trials.pop(ident, None)
        wishes = self._again.pop(ident, None)
        if wishes is not None and ident in self._caches and not task.cancelled():
            self._begin(ident, wishes)
