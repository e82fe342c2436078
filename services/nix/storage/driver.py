"""The door to the disk: looks how full it is, lets go of old generations, has garbage collected.

Builds stop before the router is hurt: below a bound the garbage collector makes room, and where it
finds none the queue waits and says so, until there is room again.  Generations go after each
publication and when their owner keeps fewer; `tidy` then takes their roots away.
"""

import asyncio
import os
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from appliance.errors import NixieError
from appliance.generations import Standings
from appliance.model.storage import CHOICES, FULL, ROOMY, STATES, Choice
from appliance.retention import counted, let_go
from appliance.store import build_facts, storages
from appliance.store.boots import images_in_use
from appliance.store.builds import GenerationRow, generations
from appliance.store.generations import standings
from appliance.store.journal import transaction
from services.nix.desk import Desk
from services.nix.driver import room_on
from services.nix.inventory import Inventory
from services.nix.narinfo import PathInfo, registrations
from services.nix.publish.driver import own_files
from services.nix.published import images_in
from services.nix.reach import freed
from services.nix.room import Disk, full_below, sentence, state, tight_below
from services.nix.shortage import amount
from services.nix.store_path import is_store_path

LOOK_SECONDS = 1.0
NEARLY_FULL_BYTES = 64 << 20
"""With less on the disk, collecting may need what Nix keeps for it (gc-reserved-space, 8 MiB)."""
TELL_SECONDS = 60.0
"""How old the figures on a page may be while nothing else changes."""
COLLECT_AGAIN_SECONDS = 120.0
"""After a collection that left the disk full: what held its files may have let go."""
WEIGH_SECONDS = 3.0
"""After the last change, so that a row of builds is weighed once."""
AT_ONCE = 500
EVERYTHING = 1 << 60


@dataclass(frozen=True, slots=True)
class _Weights:
    """What builds keep in the store by their roots, and what images take from files of ours."""

    roots: Mapping[str, Sequence[str]]
    infos: Mapping[str, PathInfo]
    files: Mapping[str, Mapping[str, int]]

    def of_builds(self, gone: Collection[str]) -> int:
        """Bytes that only these builds keep."""
        paths = {path for build in gone for path in self.roots.get(build, ())}
        others = {path for build, each in self.roots.items() if build not in gone for path in each}
        return freed(paths, others, self.infos)

    def of_files(self, gone: Collection[str], stay: Collection[str]) -> int:
        """Bytes of files that only the images `gone` take something from."""
        needed = {path for image in stay for path in self.files.get(image, ())}
        theirs = {path: size for image in gone for path, size in self.files.get(image, {}).items()}
        return sum(size for path, size in theirs.items() if path not in needed)


class Storage:
    """The disk of the store and of the state directory; its works are tasks of `group`."""

    def __init__(self, desk: Desk, group: asyncio.TaskGroup) -> None:
        self._desk, self._group = desk, group
        self._inventory = Inventory()
        self._boot: sqlite3.Connection | None = None
        self._task: asyncio.Task[None] | None = None
        self._look_at = self._told_at = self._collect_at = 0.0
        self._weigh_at: float | None = 0.0
        self._state = ROOMY

    def may_build(self) -> bool:
        """Look at the disk; False while builds wait for room on it."""
        now = self._desk.now()
        disks = self._disks()
        states = {one: state(one, self._state) for one in disks}
        worst = max(disks, key=lambda one: STATES.index(states[one]))
        news = states[worst] != self._state
        self._state = states[worst]
        if news or abs(now - self._look_at) >= LOOK_SECONDS:
            self._look_at = now
            if self._state != FULL or not self._collecting(disks[0], now):
                self._told(disks[0], sentence(worst, self._state), now)
            self._begin_weighing(now)
        return self._state != FULL

    def retain(self, inventory: Inventory, boot: sqlite3.Connection | None) -> bool:
        """Let go of generations that nobody needs; True when any went.

        What stays is published and tidied up by the caller.
        """
        self._inventory, self._boot = inventory, boot
        self._weigh_at = self._desk.now() + WEIGH_SECONDS
        found = self._going(inventory.keep)
        if not found:
            return False
        with transaction(self._desk.database):
            storages.let_go(self._desk.database, found, self._desk.now())
        return True

    def clear(self, size: int, wish: str) -> None:
        """Have so many bytes of garbage collected, 0 for all; the event says how many were."""
        self._group.create_task(self._cleared(size or EVERYTHING, wish))

    def _is_idle(self) -> bool:
        return self._task is None or self._task.done()

    def _begin_weighing(self, now: float) -> None:
        if self._weigh_at is not None and now >= self._weigh_at and self._is_idle():
            self._weigh_at = None
            self._task = self._group.create_task(self._weigh())

    def _told(self, store: Disk, what: str, now: float) -> None:
        """Write down how it stands; while it is full, every build that waits says why."""
        database = self._desk.database
        before = storages.storage(database)
        told = replace(before, state=self._state, what=what, free=store.free, size=store.size)
        with transaction(database):
            if told.state != before.state or now - self._told_at >= TELL_SECONDS:
                self._told_at = now
                storages.stands(database, told, now)
            if storages.builds_wait(database, what if self._state == FULL else ""):
                self._desk.publish()

    def _collecting(self, store: Disk, now: float) -> bool:
        """The garbage collector runs, or begins to.

        Not beside what is fetched or evaluated on the last of a disk: that would fill what Nix lets
        go of its reserve, and nothing could be collected any more.  The guard ends it in time.
        """
        if not self._is_idle():
            return True
        if now < self._collect_at or (self._desk.gate.writers and store.free < NEARLY_FULL_BYTES):
            return False
        self._collect_at = now + COLLECT_AGAIN_SECONDS
        wanted = tight_below(store.size) - store.free
        self._task = self._group.create_task(self._collect(max(wanted, full_below(store.size))))
        return True

    async def _collect(self, size: int) -> None:
        await self._desk.nix.collect(size)
        self._look_at = 0.0

    async def _cleared(self, size: int, wish: str) -> None:
        found = await self._desk.nix.collect(size)
        with transaction(self._desk.database):
            what = f"{amount(found)} of the store's disk are free again." if found else NOTHING
            storages.freed(self._desk.database, what, wish, self._desk.now())
        self._collect_at = self._look_at = 0.0
        self._weigh_at = self._desk.now()

    def _disks(self) -> tuple[Disk, ...]:
        """The disk of the store first."""
        found = [Disk("store", *room_on(self._desk.nix.store.root))]
        with suppress(OSError):
            if os.stat(self._desk.state).st_dev != os.stat(self._desk.nix.store.root).st_dev:
                found.append(Disk("state directory", *room_on(self._desk.state)))
        return tuple(found)

    # ── generations ───────────────────────────────────────────────────────────────────────────────

    def _going(self, keep: int) -> tuple[GenerationRow, ...]:
        """What keeping so many lets go; nothing while boot's file cannot be read."""
        try:
            stands = standings(self._boot) if self._boot else Standings()
            used = images_in_use(self._boot, self._desk.now()) if self._boot else frozenset()
        except sqlite3.Error:
            return ()
        least: dict[str, int] = {}
        for menu in self._inventory.menus:
            for host in menu.hosts:
                least[host] = max(least.get(host, 0), menu.rollbacks + 1)
        rows = generations(self._desk.database)
        return let_go(rows, stands, keep, in_use=used, least=least)

    async def _weigh(self) -> None:
        """What could go, and how much that would free; left as it is when nix does not say."""
        roots = _targets(self._desk.nix.store.roots / "builds")
        try:
            nix = self._desk.nix
            rooted = await self._valid({path for paths in roots.values() for path in paths})
            infos = await self._infos(await nix.closure(rooted) if rooted else ())
            dead = await self._infos(await self._valid(await nix.dead()))
        except (NixieError, ValueError):
            return
        garbage = sum(one.nar_size for one in dead.values())
        images = images_in(generations(self._desk.database))
        files = await asyncio.to_thread(own_files, self._desk.published, images)
        weights = _Weights(roots, infos, files)
        choices = [self._choice(keep, weights) for keep in CHOICES]
        with transaction(self._desk.database):
            storages.weighed(self._desk.database, garbage, choices, self._desk.now())

    def _choice(self, keep: int, weights: _Weights) -> Choice:
        rows = self._going(keep)
        numbers = {(row.host, row.number) for row in rows}
        stay = images_in(
            row for row in generations(self._desk.database) if (row.host, row.number) not in numbers
        )
        kept = build_facts.builds_of(self._desk.database, stay)
        gone = build_facts.builds_of(self._desk.database, images_in(rows)) - kept
        size = weights.of_builds(gone) + weights.of_files(images_in(rows) - stay, stay)
        return Choice(keep, len(rows), size, counted(rows))

    async def _valid(self, paths: Iterable[str]) -> list[str]:
        """Those that the store knows; what a build left behind has no entry."""
        nix, found = self._desk.nix, list[str]()
        there = sorted(path for path in paths if is_store_path(path))
        for some in _batches(there):
            absent = await nix.invalid(some)
            found += [path for path in some if path not in absent]
        return found

    async def _infos(self, paths: Sequence[str]) -> dict[str, PathInfo]:
        found: dict[str, PathInfo] = {}
        for some in _batches(paths):
            told = await self._desk.nix.registrations(some)
            found |= {one.path: one for one in registrations(told)}
        return found


def _batches(paths: Sequence[str]) -> Iterator[Sequence[str]]:
    return (paths[at : at + AT_ONCE] for at in range(0, len(paths), AT_ONCE))


NOTHING = "Nothing could be freed: everything in the store is needed."


def _targets(folder: Path) -> dict[str, list[str]]:
    """Build → the store paths that its roots keep."""
    found: dict[str, list[str]] = {}
    with suppress(FileNotFoundError):
        for build in folder.iterdir():
            with suppress(OSError):
                found[build.name] = [
                    os.readlink(one) for one in build.iterdir() if one.is_symlink()
                ]
    return found
