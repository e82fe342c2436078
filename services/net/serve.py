"""The net role: it holds the network as it was kept, puts changes on trial, repairs what others do.

At the start an unfinished trial is undone and the last kept config applied, with or without
nixie.db.  Then six things wake it: a commit in nixie.db or wan.db, a change in the kernel, what is
heard of a delegated prefix or of the clock, the deadline of a trial, the time of a rule, and time
itself (nftables and sysctls do not tell).  Everything runs in the namespace this process was
started in.
"""

import asyncio
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from appliance.backoff import pause_seconds
from appliance.events import Event
from appliance.faults import Fault, no_fault
from appliance.signs import NO_SIGNS, Signs
from appliance.store import trials
from appliance.store.follow import Follower, follow
from appliance.store.journal import append, transaction
from appliance.store.open import in_memory, now, writer
from appliance.store.trials import ProbeRow
from appliance.supervise import Service, once, supervise
from hardware.probe import nics
from services.clock.probe import Follower as ClockFollower
from services.conntrack.serve import serve as count_connections
from services.delegation.dhcpcd import REPORT
from services.delegation.probe import facts, reports
from services.devices.serve import Watch
from services.drops.serve import Drops
from services.drops.stray import Strays
from services.links.driver import changes, netlink
from services.net.attempt import Clocks
from services.net.driver import KernelDriver
from services.net.follow import Foreigners, Provider, last_ends, read
from services.net.keeper import Keeper
from services.net.outside import Ears
from services.net.probes import probes
from services.net.probing.driver import Prober
from services.outside.serve import serve as look_outside
from services.recall.serve import remember
from services.trace.serve import Traces

INVENTORY, PROVIDER, KERNEL, OUTSIDE = "nixie.db", "wan.db", "the kernel", "the world"
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
PASSWD = Path("/etc/passwd")
LOOK_SECONDS = 15.0
"""How often the kernel is looked at when nothing seems to happen."""
SETTLE_SECONDS = 0.1
"""Changes come in flocks; this long after the first one we look."""
PAUSE_SECONDS = 0.1
"""Between two read-backs."""
PROBE_SECONDS = 2.0
"""Between two rounds of our own checks."""
BEAT_SECONDS = 1.0
"""The longest sleep: a sign of life is due, and a clock that stood still with the computer is
noticed."""


async def serve(
    state: Path,
    signs: Signs = NO_SIGNS,
    fault: Fault = no_fault,
    makers: Path | None = None,
    ear: socket.socket | None = None,
) -> None:
    """Hold the network until cancelled; ready when the last kept config is in force.

    `makers` is the registry of network cards' makers, None where set-up put none; at `ear` web asks
    what the filter held back, and what became of traced packets.
    Raises Unreachable when net.db or nftables cannot be used.
    """
    database = writer(state / "net.db", trials.MIGRATIONS)
    inventory, wan = Follower(state / "nixie.db"), Follower(state / "wan.db")
    held, wishes = Follower(state / "leases.db"), Follower(state / "nixie.db")
    traced = Follower(state / "nixie.db")
    accounts = PASSWD.read_text() if PASSWD.exists() else ""
    foreign = Foreigners(Follower(state / "nixie.db"), Follower(state / "build.db"), accounts)
    boot, hard = BOOT_ID.read_text().strip(), in_memory(database)
    provider = Provider(wan, boot, CLOCKS.boottime, lasting=hard)
    watch = Watch(database, state, makers, lambda: keeper.apart)
    report, clock = state / "dhcpcd" / REPORT, ClockFollower()
    try:
        async with netlink() as opened:
            kernel = KernelDriver(opened, signs.beat, fault)
            able = await kernel.abilities()
            found = lambda: replace(facts(report, able), foreign=foreign.known())  # noqa: E731
            ears = Ears(found, lambda: clock.synchronised)
            told = last_ends(held, boot, CLOCKS), provider.learned, ears
            keeper = Keeper(database, kernel, nics, CLOCKS, fault, *told)
            await watch.begin()  # before any link is up
            await keeper.recover(read(inventory, keeper.asked))
            signs.ready()
            tell, heard = partial(_tell, database), (reports(report), clock.changes())
            strays = Strays(foreign.known, foreign.doing)
            drops, traces = Drops(now, strays, tell), Traces(traced, lambda: keeper.here, now)
            services: dict[str, Callable[[], Awaitable[None]]] = {
                "devices": watch.serve,
                "probes": partial(probe, keeper, held),
                "outside": partial(look_outside, keeper, database, wishes, now),
                "connections": partial(count_connections, database, lambda: keeper.here, now),
                "drops": drops.serve,
                "traces": traces.serve,
                "memory": partial(remember, ear, {"drops": drops, "trace": traces}),
            }
            await _hold(keeper, watch, (inventory, wan), heard, signs.beat, services, tell)
    finally:
        watch.close()
        wan.close()
        inventory.close()
        held.close()
        wishes.close()
        traced.close()
        foreign.close()
        database.close()


class Bell:
    """Who rang since it was last heard."""

    def __init__(self) -> None:
        self._rings = asyncio.Event()
        self.rung: set[str] = set()

    async def ring_on(self, source: AsyncIterator[object], by: str) -> None:
        """Ring whenever `source` brings something."""
        async for _ in source:
            self.rung.add(by)
            self._rings.set()

    async def wait(self, seconds: float) -> None:
        """Sleep until it rings, at most `seconds`."""
        self._rings.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._rings.wait()


async def _hold(
    keeper: Keeper,
    watch: Watch,
    files: tuple[Follower, Follower],
    heard: Iterable[AsyncIterator[None]],
    beat: Callable[[], None],
    services: Mapping[str, Callable[[], Awaitable[None]]],
    tell: Callable[[Event], None],
) -> None:
    """Look whenever something may have changed, with these services beside it.

    `files` are nixie.db and wan.db.
    """
    inventory, wan = files
    bell = Bell()
    async with asyncio.TaskGroup() as group:
        beside = (Service(name, None, one) for name, one in services.items())
        group.create_task(supervise(once(*beside), tell))
        group.create_task(bell.ring_on(follow([Follower(inventory.path)]), INVENTORY))
        group.create_task(bell.ring_on(follow([Follower(wan.path)]), PROVIDER))
        group.create_task(bell.ring_on(changes(), KERNEL))
        for source in heard:
            group.create_task(bell.ring_on(source, OUTSIDE))
        while True:
            bell.rung.clear()
            beat()
            await keeper.look(read(inventory, keeper.asked))
            watch.looked()
            await _woken(keeper, bell, beat)


async def probe(keeper: Keeper, held: Follower) -> None:
    """While a change is on trial, ask ourselves whether it works.  Never ends."""
    prober = Prober(held, CLOCKS.now)
    while True:
        if (tried := keeper.on_trial) is not None:
            change, config = tried
            asked = probes(config)
            found = await asyncio.gather(*map(prober.ask, asked))
            at = CLOCKS.now()
            rows = [
                ProbeRow(one.name, told.ok, told.figure, at)
                for one, told in zip(asked, found, strict=True)
            ]
            if keeper.on_trial is not None:
                keeper.note(change, rows)
        await asyncio.sleep(PROBE_SECONDS)


async def _woken(keeper: Keeper, bell: Bell, beat: Callable[[], None]) -> None:
    """Wait for something to look at.

    After a failure the kernel's changes, which may be our own, are not waited for, but its pause.
    """
    look_at = CLOCKS.boottime()
    look_at += pause_seconds(keeper.failures) if keeper.failures else LOOK_SECONDS
    if keeper.wake_at is not None:
        look_at = min(look_at, keeper.wake_at)
    waited_for = {INVENTORY, PROVIDER, OUTSIDE} | (set() if keeper.failures else {KERNEL})
    turn = keeper.changes_at
    while (left := look_at - CLOCKS.boottime()) > 0:
        if bell.rung & waited_for:
            await asyncio.sleep(SETTLE_SECONDS)
            return
        until_turn = BEAT_SECONDS if turn is None else turn - CLOCKS.now()
        if until_turn <= 0:
            return
        beat()
        await bell.wait(min(left, BEAT_SECONDS, until_turn))


def _tell(database: sqlite3.Connection, event: Event) -> None:
    """Put down that a service of ours failed."""
    with transaction(database):
        append(database, event, now())


CLOCKS = Clocks(
    now=now,
    boottime=lambda: time.clock_gettime(time.CLOCK_BOOTTIME),
    pause=lambda: asyncio.sleep(PAUSE_SECONDS),
)
