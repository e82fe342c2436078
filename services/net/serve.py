"""The net role: it holds the network as the newest revision says, and puts back what others change.

At the start an unfinished trial is undone and the last kept config applied, with or without
nixie.db.  Then three things wake it: a commit in nixie.db, a change in the kernel, and the clock
(nftables and sysctls do not tell).  Everything runs in the namespace this process was started in.
"""

import asyncio
import secrets
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from pathlib import Path

from appliance.backoff import pause_seconds
from appliance.faults import Fault, no_fault
from appliance.signs import NO_SIGNS, Signs
from appliance.store import inventory_view, trials
from appliance.store.follow import Follower, follow
from appliance.store.inventory_view import RevisionView
from appliance.store.open import now, writer
from hardware.probe import nics
from services.links.driver import changes, netlink
from services.net.aim import names_by_mac
from services.net.driver import KernelDriver
from services.net.keeper import Clocks, Keeper

LOOK_SECONDS = 15.0
"""How often the kernel is looked at when nothing seems to happen."""
SETTLE_SECONDS = 0.1
"""Changes come in flocks; this long after the first one we look."""
BEAT_SECONDS = 1.0
"""The longest sleep: a sign of life is due."""
PAUSE_SECONDS = 0.1
"""Between two read-backs."""


async def serve(state: Path, signs: Signs = NO_SIGNS, fault: Fault = no_fault) -> None:
    """Hold the network until cancelled; ready when the last kept config is in force.

    Raises Unreachable when net.db or nftables cannot be used.
    """
    database = writer(state / "net.db", trials.MIGRATIONS)
    inventory = Follower(state / "nixie.db")
    try:
        async with netlink() as opened:
            kernel = KernelDriver(opened, signs.beat, fault)
            keeper = Keeper(database, kernel, nics, CLOCKS, fault)
            await keeper.recover()
            signs.ready()
            await _hold(keeper, inventory, signs.beat)
    finally:
        inventory.close()
        database.close()


async def _hold(keeper: Keeper, inventory: Follower, beat: Callable[[], None]) -> None:
    """Look whenever something may have changed."""
    wake = asyncio.Event()
    async with asyncio.TaskGroup() as group:
        group.create_task(_wake_on(follow([Follower(inventory.path)]), wake))
        group.create_task(_wake_on(changes(), wake))
        while True:
            wake.clear()
            await keeper.look(*_inventory(inventory))
            await _woken(wake, keeper.failures, beat)


async def _wake_on(source: AsyncIterator[object], wake: asyncio.Event) -> None:
    async for _ in source:
        wake.set()


async def _woken(wake: asyncio.Event, failures: int, beat: Callable[[], None]) -> None:
    """Wait for a change; after a failure wait the pause out, whatever happens meanwhile."""
    clock = asyncio.get_running_loop().time
    end = clock() + (pause_seconds(failures) if failures else LOOK_SECONDS)
    while (left := end - clock()) > 0:
        beat()
        if wake.is_set() and not failures:
            return await asyncio.sleep(SETTLE_SECONDS)
        waited = asyncio.sleep(3600) if failures else wake.wait()
        with suppress(TimeoutError):
            async with asyncio.timeout(min(left, BEAT_SECONDS)):
                await waited
    return None


def _inventory(inventory: Follower) -> tuple[RevisionView | None, Mapping[str, str] | None]:
    """The newest revision and the machines' names; None for what cannot be read now."""
    inventory.changed()  # opens the file again when it was replaced
    connection = inventory.connection
    if connection is None:
        return None, None
    try:
        names = names_by_mac(inventory_view.machines(connection))
        return inventory_view.newest_revision(connection), names
    except sqlite3.Error:  # web is still making its tables
        return None, None


CLOCKS = Clocks(
    now=now,
    boottime=lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
    pause=lambda: asyncio.sleep(PAUSE_SECONDS),
    nonce=lambda: secrets.token_urlsafe(16),
)
