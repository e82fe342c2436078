"""The build role: follows the inventory, checks sources, works off the queue, publishes the table.

Everything that matters is a row before it is done: a role that is killed and started again goes on
where the rows say.  One loop decides, four times a second or when something was told.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, tzinfo
from pathlib import Path

from appliance.events import WishRefused
from appliance.faults import Fault, no_fault
from appliance.model.installed import Installed
from appliance.model.week import zone
from appliance.signs import Signs
from appliance.store import build_facts, builds, generations, wanted
from appliance.store.builds import SourceStateRow
from appliance.store.follow import INTERVAL_SECONDS, Follower
from appliance.store.inventory_view import SourceView, Wish
from appliance.store.journal import append, prune, transaction
from appliance.store.open import new_id, now, writer
from appliance.store.time_zones import time_zone
from services.nix.arrived.driver import Arrivals
from services.nix.conf import BUILD_SECONDS, SILENT_SECONDS
from services.nix.desk import Desk
from services.nix.driver import Nix, chance, has_system_store, own_systems
from services.nix.gate.driver import Gate
from services.nix.intake.driver import check, unfinished
from services.nix.inventory import Inventory, moment, options
from services.nix.lan_cache.driver import LanCache
from services.nix.outlook.driver import Outlooks
from services.nix.publish.driver import tidy, write_table
from services.nix.remote.serve import Watch
from services.nix.schedule import planned
from services.nix.storage.driver import Storage
from services.nix.store import store_in
from services.nix.supply.serve import CacheWatch
from services.nix.wanted import due
from services.nix.wanting import is_wanting
from services.nix.works.serve import Queue

UNDO_SECONDS = 7 * 86_400.0
"""How long the generations of a removed source stay, should the owner want it back."""


async def serve(
    state: Path,
    installed: Installed,
    broker: Path,
    signs: Signs,
    *,
    look_seconds: float = 300.0,
    look_bytes: int | None = None,
    build_seconds: float = BUILD_SECONDS,
    silent_seconds: float = SILENT_SECONDS,
    fault: Fault = no_fault,
) -> None:
    """Run the pipeline until cancelled.

    `look_seconds` and `look_bytes`: how long the evaluation of
    one host may take, and how much memory; None leaves that to what is free.  `build_seconds` and
    `silent_seconds`: the same for a whole build, and for what it builds elsewhere without a word.
    """
    nix = installed.nix or installed.home / "nix/usr/bin/nix"
    store = store_in(state, nix, system_store=has_system_store(state))
    wake = asyncio.Event()
    desk = Desk(
        state=state,
        database=writer(state / "build.db", builds.MIGRATIONS),
        nix=Nix(store, broker, state / "sources/home"),
        now=now,
        new_id=new_id,
        publish=wake.set,
        gate=Gate(look_bytes),
        look_seconds=look_seconds,
        build_seconds=build_seconds,
        silent_seconds=silent_seconds,
        fault=fault,
        systems=own_systems(),
    )
    try:
        async with asyncio.TaskGroup() as group:
            role = Role(desk, wake, group)
            group.create_task(role.lan_cache.keep_up())
            await role.run(signs)
    finally:
        desk.database.close()


class Role:
    """The running pipeline: checks by source id, builds by build id.

    Its jobs are tasks of `group`: they end with the role, and a bug in one ends the role.
    """

    def __init__(self, desk: Desk, wake: asyncio.Event, group: asyncio.TaskGroup) -> None:
        self.desk = desk
        self.lan_cache = LanCache(desk)
        self._group = group
        self.inventory = Inventory()
        self._wake = wake
        self._nixie = Follower(desk.state / "nixie.db")
        self._boot = Follower(desk.state / "boot.db")
        self._net = Follower(desk.state / "net.db")
        self._where: tzinfo = UTC
        self._checks: dict[str, asyncio.Task[None]] = {}
        self._asked: dict[str, str | None] = {}  # by whose wish a check runs
        self._again: dict[str, tuple[str | None, ...]] = {}  # asked for meanwhile
        self._wanted: dict[str, float] = {}  # host → since when, acted on
        self.watch = Watch(desk, group)
        self.arrivals = Arrivals(desk, group)
        self._caches = CacheWatch(desk, group)
        self._outlooks = Outlooks(desk, group)
        self._storage = Storage(desk, group)
        self._queue = Queue(desk, wake, group)

    async def run(self, signs: Signs) -> None:
        """Turn until cancelled."""
        await self.desk.meet_nix()
        with transaction(self.desk.database):
            build_facts.builds_cut_off(self.desk.database, self.desk.now())
            prune(self.desk.database)
        tidy(self.desk)
        first, owed = True, False
        signs.ready()
        while True:
            signs.beat()
            told = self._wake.is_set() or owed
            self._wake.clear()
            if self._nixie.changed() or first:
                self._read_inventory(first=first)
                told, first = True, False
            self._look_at_clock()
            told = (self._boot.changed() and self._heard()) or told
            self._check_due()
            if self._storage.may_build():
                self._queue.start(self.inventory)
            for source in self._queue.stale():
                self._check(source, None)
            self.watch.turn()
            self._caches.turn()
            self._outlooks.turn(self.inventory.builders, self.inventory.elsewhere)
            if told:
                gone = self._storage.retain(self.inventory, self._boot.connection)
                owed = not write_table(self.desk, self.inventory)
                if gone and not owed:
                    tidy(self.desk)
                self.lan_cache.changed()
            with suppress(TimeoutError):
                # not wait_for: in Python 3.11 it loses a cancellation that comes with the bell
                async with asyncio.timeout(INTERVAL_SECONDS):
                    await self._wake.wait()

    # ── inventory and wishes ──────────────────────────────────────────────────────────────────────

    def _read_inventory(self, *, first: bool) -> None:
        connection = self._nixie.connection
        if connection is None:
            return
        before = {source.id: options(source) for source in self.inventory.sources}
        try:
            self.inventory, asked = moment(
                connection, build_facts.cursor(self.desk.database, "nixie.db")
            )
        except sqlite3.Error:
            return  # its tables are being made; the next change brings us back
        self.desk.builders = tuple(self.inventory.builders)
        self._refetched()
        for source in self.inventory.sources:
            if before.get(source.id) != options(source) and (
                not first or unfinished(self.desk, source)
            ):
                self._check(source.id, None)
        self._forget_removed()
        self.watch.follow(self.inventory.builders)
        self._caches.follow(self.inventory.caches)
        for wish in asked:
            self._fulfil(wish)
        self.watch.try_new()
        self._caches.try_new()

    def _refetched(self) -> None:
        """Where another user fetches now, what runs as the former ends, and begins anew."""
        had, self.desk.fetchers = self.desk.fetchers, self.inventory.fetchers
        for ident, task in tuple(self._checks.items()):
            if had.get(ident) != self.desk.fetchers.get(ident):
                task.cancel()
                del self._checks[ident]
                self._check(ident, self._asked[ident])

    def _forget_removed(self) -> None:
        kept = {source.id for source in self.inventory.sources}
        database = self.desk.database
        for gone, row in builds.source_states(database).items():
            if gone in kept or row.state == "removed":
                continue
            if task := self._checks.pop(gone, None):
                task.cancel()
            for waiting in build_facts.builds_in(database, "queued", "running"):
                if waiting.source == gone:
                    self._queue.cancel(waiting, "Its source was removed.")
            with transaction(database):
                build_facts.source_removed(database, gone, self.desk.now() + UNDO_SECONDS)

    def _fulfil(self, wish: Wish) -> None:
        database = self.desk.database
        act = _ACTS.get(wish.kind)
        problem = act(self, wish) if act else f"The build role cannot {wish.kind}."
        with transaction(database):
            if problem is not None:
                append(database, WishRefused(wish.id, problem), self.desk.now())
            build_facts.move_cursor(database, "nixie.db", wish.seq)

    def _wish_refresh(self, wish: Wish) -> str | None:
        source = str(wish.body.get("source", ""))
        if self.inventory.source(source) is None:
            return "This source is not there any more."
        self._check(source, wish.id)
        return None

    def _wish_build(self, wish: Wish) -> str | None:
        return self._queue.put(str(wish.body.get("host", "")), "asked", wish.id)

    def _wish_retry(self, wish: Wish) -> str | None:
        row = builds.build(self.desk.database, str(wish.body.get("build", "")))
        if row is None:
            return "This build is not known."
        return self._queue.put(row.host, "asked", wish.id)

    def _wish_cancel(self, wish: Wish) -> str | None:
        row = builds.build(self.desk.database, str(wish.body.get("build", "")))
        if row is None or row.state not in {"queued", "running"}:
            return "This build has ended already."
        self._queue.cancel(row, "Cancelled by hand.")
        return None

    def _wish_clear(self, wish: Wish) -> str | None:
        self._storage.clear(int(wish.body.get("bytes", 0)), wish.id)
        return None

    def _wish_cache(self, wish: Wish) -> str | None:
        return self._caches.fulfil(wish)

    # ── sources ───────────────────────────────────────────────────────────────────────────────────

    def _check_due(self) -> None:
        at = self.desk.now()
        for ident, row in builds.source_states(self.desk.database).items():
            following = self._following(ident, row)
            if following is None or following > at or ident in self._checks:
                continue
            if row.state == "removed":
                with transaction(self.desk.database):
                    build_facts.forget_source(self.desk.database, ident)
                tidy(self.desk)
                self._wake.set()
            else:
                self._check(ident, None)

    def _following(self, ident: str, row: SourceStateRow) -> float | None:
        """When a source is checked by itself: soon, when the owner changed that."""
        source = self.inventory.source(ident)
        if source is None or row.state == "removed":
            return row.next_at
        known = (self._where, row.checked_at, row.next_at, self.desk.now(), chance())
        following = planned(source.interval_seconds, source.schedule, *known)
        if following != row.next_at:
            with transaction(self.desk.database):
                build_facts.source_timed(self.desk.database, ident, following)
        return following

    def _look_at_clock(self) -> None:
        """In which time zone the router is."""
        if self._net.changed() and self._net.connection is not None:
            self._where = zone(time_zone(self._net.connection) or "UTC")

    def _check(self, ident: str, wish: str | None) -> None:
        if ident in self._checks:
            before = self._again.get(ident, ())
            if wish is not None or not before:
                self._again[ident] = (*filter(None, before), wish)  # each wish has its answer
            return
        source = self.inventory.source(ident)
        if source is not None:
            task = self._group.create_task(self._checked(source, wish))
            self._checks[ident], self._asked[ident] = task, wish
            task.add_done_callback(lambda done: self._check_over(ident, done))

    async def _checked(self, source: SourceView, wish: str | None) -> None:
        def ready(host: str) -> None:
            if is_wanting(self.desk, source, host):
                self._queue.put(host, "new revision", None)

        await check(self.desk, source, self.inventory.allowed, wish, ready)

    def _check_over(self, ident: str, task: asyncio.Task[None]) -> None:
        if self._checks.get(ident) is task:
            del self._checks[ident], self._asked[ident]
        if not task.cancelled() and (waiting := self._again.pop(ident, ())):
            self._check(ident, waiting[0])
            if waiting[1:]:
                self._again[ident] = waiting[1:]
        self._wake.set()

    # ── what machines told ────────────────────────────────────────────────────────────────────────

    def _heard(self) -> bool:
        """Machines phoned home: their images are good.  Others wait for the newest."""
        connection = self._boot.connection
        if connection is None:
            return False
        try:
            images, wished = generations.came_up(connection), wanted.every(connection)
        except sqlite3.Error:
            return False
        known = builds.source_states(self.desk.database)
        for host, source in due(wished, self._wanted, known, self.desk.now()).items():
            self._wanted[host] = wished[host]
            self._check(source, None)
        with transaction(self.desk.database):
            news = [build_facts.image_proved(self.desk.database, image) for image in images]
        return any(news)


_ACTS: Mapping[str, Callable[[Role, Wish], str | None]] = {
    "refresh": Role._wish_refresh,
    "build": Role._wish_build,
    "cancel": Role._wish_cancel,
    "retry": Role._wish_retry,
    "try": lambda role, wish: role.watch.try_it(str(wish.body.get("builder", "")), wish.id),
    "try-cache": Role._wish_cache,
    "has": Role._wish_cache,
    "clear": Role._wish_clear,
    "push": lambda role, wish: role.arrivals.take(
        wish, role.inventory.source(str(wish.body.get("host", "")).partition("/")[0])
    ),
}
