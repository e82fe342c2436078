"""The door to what builds would take: one dry run after another, and how fast the disk writes.

One host at a time, in the background.  What is here already is rehearsed in a tenth of a second;
the sentences are made anew when a host was looked at or built, and once in an hour.
"""

import asyncio
import os
import time
from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path

from appliance.model.builders import Builder
from appliance.model.outlook import Outlook
from appliance.store import build_facts, builder_states, outlooks
from appliance.store.builds import generations
from appliance.store.journal import transaction
from services.nix.desk import Desk
from services.nix.driver import memory_installed, processors
from services.nix.publish.driver import built_for
from services.nix.recipe import Recipe, from_json
from services.nix.remote.choice import evaluators, helpers, nobody, ready, served
from services.nix.shortage import Forecast
from services.nix.sufficiency import Demand, Here, of_router, outlook
from services.nix.supply.driver import live

OLD_SECONDS = 3_600.0
PAUSE_SECONDS = 2.0
"""Between two looks for hosts of which nothing is known."""
WRITE_SPEED = "write-speed"
WEIGH_AGAIN_SECONDS = 30 * 86_400.0
PROBE_BYTES, PROBE_PIECE = 32 << 20, 1 << 20


class Outlooks:
    """Foresees what builds take, as tasks of `group`."""

    def __init__(self, desk: Desk, group: asyncio.TaskGroup) -> None:
        self._desk, self._group = desk, group
        self._task: asyncio.Task[None] | None = None
        self._not_before = 0.0
        self._ready: tuple[str, ...] | None = None

    def turn(self, builders: Sequence[Builder], elsewhere: Collection[str]) -> None:
        """Go on with the hosts of which nothing new is known.

        `elsewhere` are the sources that are built on builders only.
        """
        if self._task is not None and not self._task.done():
            return
        if self._desk.now() < self._not_before:
            return
        self._not_before = self._desk.now() + PAUSE_SECONDS
        self._compare(builders, elsewhere)
        waiting, own = self._waiting(), outlooks.of_router(self._desk.database)
        if waiting or own is None or self._desk.now() - own.at >= OLD_SECONDS:
            self._task = self._group.create_task(self._foresee(waiting, builders, elsewhere))

    def _compare(self, builders: Sequence[Builder], elsewhere: Collection[str]) -> None:
        """When another builder is there or may be used, nothing that was foreseen may hold."""
        states = builder_states.states(self._desk.database)
        there = (*ready(builders, states, ()), *helpers(builders, states))
        before, self._ready = (
            self._ready,
            (
                *(f"{one.id} {one.evaluates}" for one in there),
                *sorted(elsewhere),
            ),
        )
        if before is not None and before != self._ready:
            with transaction(self._desk.database):
                outlooks.stale(self._desk.database)

    def _waiting(self) -> list[tuple[str, str]]:
        return outlooks.unforeseen(self._desk.database, self._desk.now() - OLD_SECONDS)

    async def _foresee(
        self,
        hosts: Sequence[tuple[str, str]],
        builders: Sequence[Builder],
        elsewhere: Collection[str],
    ) -> None:
        here = await self._here()
        self._say_of_router(here, builders)
        for host, recipe in hosts:
            look = build_facts.look(self._desk.database, host)
            if look is None or look.recipe is None:
                continue
            own = frozenset() if host.partition("/")[0] in elsewhere else self._desk.systems
            demand = await self._demand(host, from_json(look.recipe), builders, own)
            timings = outlooks.timings(self._desk.database)
            short, needs = outlook(demand, here, timings)
            with transaction(self._desk.database):
                told = Outlook(host, short, needs, self._desk.now())
                outlooks.foreseen(self._desk.database, told, recipe)
        with transaction(self._desk.database):
            outlooks.forget_gone(self._desk.database)

    def _say_of_router(self, here: Here, builders: Sequence[Builder]) -> None:
        database = self._desk.database
        there = evaluators(builders, builder_states.states(database))
        told = of_router(here, next((one.name for one in there), ""))
        with transaction(database):
            outlooks.foreseen(database, Outlook(outlooks.ROUTER, *told, self._desk.now()), "")

    async def _demand(
        self, host: str, made: Recipe, builders: Sequence[Builder], own: frozenset[str]
    ) -> Demand:
        """`own` are the systems that this router may build for."""
        desk = self._desk
        systems = built_for(desk.nix.store, made.derivations)
        states = builder_states.states(desk.database)
        first = next(iter(ready(builders, states, systems)), None)
        told = await desk.nix.forecast(made.derivations, await live(desk))
        foreign = systems - own - served(helpers(builders, states))
        stuck = first is None and bool(foreign) and told.builds
        newest = next(iter(generations(desk.database, host)), None)
        _, evaluation = outlooks.evaluations(desk.database).get(host, (0.0, 0))
        return Demand(
            host=host,
            forecast=told if first is None else Forecast(0, told.builds, 0, told.derivations),
            last=newest.size if newest else 0,
            evaluation=evaluation,
            builder=first.name if first else "",
            nobody=nobody(builders, states, foreign, desk.systems) if stuck else "",
            systems=tuple(sorted(foreign)),
        )

    async def _here(self) -> Here:
        nix = self._desk.nix
        held = nix.builds_memory()
        return Here(
            processors=processors(),
            memory=memory_installed(),
            builds_memory=held.limit if held else None,
            free=nix.free(),
            write=await self._write_speed(),
        )

    async def _write_speed(self) -> float | None:
        """Bytes per second that the disk of the store takes; measured once in a while."""
        database, at = self._desk.database, self._desk.now()
        known = outlooks.measured(database, WRITE_SPEED)
        if known is not None and at - known[1] < WEIGH_AGAIN_SECONDS:
            return known[0]
        found = await asyncio.to_thread(written, self._desk.state, self._desk.nix.store.root)
        if found is not None:
            with transaction(database):
                outlooks.measure(database, WRITE_SPEED, found, at)
        return found


def written(folder: Path, store: Path) -> float | None:
    """Bytes per second that go to the disk of `store`, through a file in `folder` on it.

    None where the two are on different disks, or there is no room to try.
    """
    with suppress(OSError):
        there = os.statvfs(folder)
        room = there.f_bavail * there.f_frsize
        if os.stat(folder).st_dev != os.stat(store).st_dev or room < 16 * PROBE_BYTES:
            return None
        piece = os.urandom(PROBE_PIECE)
        with os.fdopen(os.open(folder, os.O_TMPFILE | os.O_RDWR, 0o600), "wb") as file:
            began = time.monotonic()
            for _ in range(PROBE_BYTES // PROBE_PIECE):
                file.write(piece)
            file.flush()
            os.fdatasync(file.fileno())
            return PROBE_BYTES / max(time.monotonic() - began, 1e-3)
    return None
