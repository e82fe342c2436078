"""The door of a cache's trial: each step as it is found, and questions whether it has something."""

from collections.abc import Collection
from dataclasses import replace

from appliance.errors import NixieError
from appliance.model.caches import Cache
from appliance.store import cache_states as rows
from appliance.store.builder_states import Step
from appliance.store.cache_states import LOST, READY, TRYING, UNFIT
from appliance.store.journal import transaction
from services.nix.desk import Desk
from services.nix.narinfo import hash_part
from services.nix.store_path import is_store_path
from services.nix.supply import verdict
from services.nix.supply.driver import look, paths_of, sample, state
from services.nix.supply.verdict import INFO


class Trial:
    """One trial of a cache; what it finds is told as it comes."""

    def __init__(self, desk: Desk, cache: Cache) -> None:
        self._desk, self._cache = desk, cache
        self._before = before = state(desk, cache.id)
        now = READY if before.state == READY else TRYING
        self._state = replace(before, state=now, steps=(), what="")

    async def run(self, wishes: Collection[str]) -> None:
        """Try it step by step until one fails; the row says how it ended."""
        self._tell()
        try:
            await self._steps()
        except NixieError as why:  # of the broker, which may be back soon
            self._add(Step(rows.REACH, "bad", str(why)))
        desk, cache = self._desk, self._cache
        bad = next((one for one in self._state.steps if one.state == "bad"), None)
        stand = READY if bad is None else LOST if bad.step == rows.REACH else UNFIT
        what = bad.what if bad else ""
        told = replace(self._state, state=stand, what=what, tried_at=desk.now())
        desk.caches.forgive(cache)
        with transaction(desk.database):
            summary = verdict.summary(told.steps, cache)
            rows.tried(desk.database, told, cache.name, summary, desk.now(), wishes)
            if stand == READY and told.missed:
                rows.back(desk.database, told, cache.name, desk.now())
            elif stand != READY and (self._before.state == READY or self._is_news(what)):
                rows.lost(desk.database, told, cache.name, desk.now())
        desk.publish()

    def _is_news(self, what: str) -> bool:
        return self._before.missed and self._before.what != what

    async def _steps(self) -> None:
        found, why = await look(self._desk, self._cache, [INFO])
        if found is None:
            self._add(Step(rows.REACH, "bad", why))
            return
        if not self._add(*verdict.reached(self._cache, found.answers[0])):
            return
        names = [hash_part(path) for path in sample(self._desk)]
        found, why = await look(self._desk, self._cache, names, first=True)
        if found is not None:
            self._add(verdict.key(self._cache, found))

    def _add(self, *steps: Step) -> bool:
        """Say what was found; False when it ends the trial."""
        self._state = replace(self._state, steps=(*self._state.steps, *steps))
        self._tell()
        return all(one.state == "ok" for one in steps)

    def _tell(self) -> None:
        with transaction(self._desk.database):
            rows.stands(self._desk.database, self._state)


async def answered(desk: Desk, cache: Cache, what: str, wish: str) -> None:
    """Answer whether a cache has a store path, or a host's paths."""
    try:
        said = await _said(desk, cache, what)
    except NixieError as why:
        said = str(why)
    with transaction(desk.database):
        told = replace(state(desk, cache.id), answer=said)
        rows.tried(desk.database, told, cache.name, said, desk.now(), (wish,))


async def _said(desk: Desk, cache: Cache, what: str) -> str:
    parts, others = ((what,), ()) if is_store_path(what) else paths_of(desk, what)
    name = what.rpartition("/")[2]
    if not parts:
        return f"{name} is not bootable as it is now, so nothing is known of its paths."
    found, why = await look(desk, cache, [hash_part(one) for one in (*parts, *others)])
    if found is None:
        return why
    if fell := next((one for one in found.answers if one.status not in (200, 404)), None):
        return next(
            (step.what for step in verdict.reached(cache, fell) if step.state == "bad"), fell.text
        )
    if is_store_path(what):
        return verdict.has_path(what, found)
    return verdict.has(name, parts, others, found)
