"""The queue of builds: what waits, what runs, what is tried again."""

import asyncio
from collections.abc import Sequence

from appliance.errors import NixieError
from appliance.model.builders import Builder
from appliance.store import build_facts, builder_states
from appliance.store.builds import BuildRow
from appliance.store.inventory_view import SourceView
from appliance.store.journal import transaction
from services.nix.desk import Desk
from services.nix.inventory import Inventory
from services.nix.publish.driver import tidy
from services.nix.remote.choice import places
from services.nix.schedule import Waiting, startable
from services.nix.works.driver import Ended, build

PAUSE_SECONDS = 5.0
TRIES = 3


class Queue:
    """Builds by id; its jobs are tasks of `group`, and whatever changes it sets `wake`."""

    def __init__(self, desk: Desk, wake: asyncio.Event, group: asyncio.TaskGroup) -> None:
        self._desk, self._wake, self._group = desk, wake, group
        self._builds: dict[str, asyncio.Task[None]] = {}
        self._hosts: dict[str, str] = {}  # running build → host
        self._cancelled: dict[str, str] = {}  # build → why
        self._not_before: dict[str, float] = {}
        self._tries: dict[str, int] = {}
        self._stale: set[str] = set()

    def put(self, host: str, why: str, wish: str | None) -> str | None:
        """Put a host into the queue; returns why not, None when it is there."""
        database = self._desk.database
        look = build_facts.look(database, host)
        if look is None:
            return "This host is not known."
        name = host.partition("/")[2]
        if look.recipe is None:
            return f"{name} is not bootable as it is now; its page says why."
        if any(row.host == host for row in build_facts.builds_in(database, "queued")):
            return None if wish is None else f"{name} waits in the queue already."
        row = build_facts.fresh_build(
            self._desk.new_id(), host, look.revision, why, self._desk.now()
        )
        with transaction(database):
            build_facts.build_queued(database, row, look.recipe, wish)
        self._wake.set()
        return None

    def start(self, inventory: Inventory) -> None:
        """Start what may run now."""
        at = self._desk.now()
        rows = {
            row.id: row
            for row in build_facts.builds_in(self._desk.database, "queued")
            if self._not_before.get(row.id, 0.0) <= at and row.id not in self._builds
        }
        waiting = [Waiting(row.id, row.host) for row in rows.values()]
        running = [Waiting(one, self._hosts[one]) for one in self._builds]
        states = builder_states.states(self._desk.database)
        for one in startable(waiting, running, places(inventory.builders, states)):
            row = rows[one.build]
            source = inventory.source(row.source)
            if source is not None:
                self._start(row, source, inventory.builders)

    def stale(self) -> set[str]:
        """Sources to look at before a host of theirs can be built; each is told once."""
        told, self._stale = self._stale, set()
        return told

    def _start(self, row: BuildRow, source: SourceView, builders: Sequence[Builder]) -> None:
        task = self._group.create_task(self._built(row, source, builders))
        self._hosts[row.id], self._builds[row.id] = row.host, task
        task.add_done_callback(lambda done: self._build_over(row, done))

    async def _built(self, row: BuildRow, source: SourceView, builders: Sequence[Builder]) -> None:
        try:
            ended = await build(self._desk, row, source, builders)
        except NixieError as why:
            self._end(row, "failed", str(why))
        else:
            if ended is not Ended.OVER:
                self._once_more(row, ended)

    def _build_over(self, row: BuildRow, task: asyncio.Task[None]) -> None:
        self._builds.pop(row.id, None)
        self._hosts.pop(row.id, None)
        why = self._cancelled.pop(row.id, "")
        if task.cancelled() and why:
            self._end(row, "cancelled", why)
        self._wake.set()

    def _once_more(self, row: BuildRow, ended: Ended) -> None:
        """Queue it again; after a few tries that is a failure."""
        tried = self._tries[row.id] = self._tries.get(row.id, 0) + 1
        if tried >= TRIES:
            self._end(row, "failed", f"Tried {tried} times: {ended.value}.")
            return
        with transaction(self._desk.database):
            build_facts.build_waits(self._desk.database, row, self._desk.now())
        self._not_before[row.id] = self._desk.now() + PAUSE_SECONDS
        if ended is Ended.LOOK_AGAIN:
            with transaction(self._desk.database):
                build_facts.look_again(self._desk.database, row.host)
            self._stale.add(row.source)
            self._wake.set()

    def cancel(self, row: BuildRow, what: str) -> None:
        """End a build that waits or runs; `what` is why."""
        task = self._builds.get(row.id)
        if task is not None:
            self._cancelled[row.id] = what
            task.cancel()
        else:
            self._end(row, "cancelled", what)

    def _end(self, row: BuildRow, state: str, what: str) -> None:
        with transaction(self._desk.database):
            build_facts.build_ended(self._desk.database, row, state, what, self._desk.now())
        tidy(self._desk)
        self._wake.set()
