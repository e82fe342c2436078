"""DOOR: the watch over the LANs' devices, which runs inside `net`.

Blocks come from nixie.db and are copied into net.db: they stand before the first packet after a
restart, with or without nixie.db.  A commit there is obeyed at once, the clock (schedules) and
everything else every few seconds.
"""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import Unreachable
from appliance.events import DeviceMet
from appliance.model.devices import MINUTES_A_DAY, Moment, block_from
from appliance.plan import devices as plan
from appliance.plan.devices import Apart
from appliance.reconcile import reconcile
from appliance.store import devices as rows
from appliance.store import inventory_view, leases, metrics, trials
from appliance.store.devices import DeviceRow
from appliance.store.follow import Follower, follow
from appliance.store.journal import append, transaction
from appliance.store.leases import LeaseRow
from appliance.store.verified import verified as verified_before
from appliance.store.verified import write_verified
from services.devices import driver
from services.devices.census import Look, folded, kept
from services.devices.driver import History, Makers, Table
from services.devices.meter import Meter
from services.devices.notices import Allowance
from services.devices.own_address import Questions, candidates, verified
from services.devices.table import Count
from services.devices.wire import Link

LOOK_SECONDS = 5.0
PAUSE_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Owned:
    """What nixie.db says: blocks by MAC, and every MAC that the owner did something about."""

    blocks: Mapping[str, str]
    macs: frozenset[str]


class Watch:
    """The watch's memory.  `database` is net.db, written by this process only."""

    def __init__(
        self,
        database: sqlite3.Connection,
        state: Path,
        makers: Path | None,
        apart: Callable[[], tuple[Apart, ...]],
        now: Callable[[], float] = time.time,
    ) -> None:
        """`apart` tells which networks keep newcomers apart now."""
        self._database, self._state, self._now = database, state, now
        self._apart, self._rung = apart, asyncio.Event()
        self._kept_apart: tuple[Apart, ...] = ()
        self._inventory = Follower(state / "nixie.db")
        self._leases = Follower(state / "leases.db")
        self._metrics = History(state / "metrics.db")
        self._table, self._makers = Table(), Makers(makers)
        self._meter, self._allowance = Meter(), Allowance()
        self._minute = _minute(now())
        self._leased: list[LeaseRow] = []
        self._questions, self._verified = Questions(), verified_before(database)
        self._known: dict[str, DeviceRow] = {row.mac: row for row in rows.devices(database)}
        self._owned = Owned({row.mac: row.said for row in rows.blocks(database)}, frozenset())

    def close(self) -> None:
        """Let go of the files; net.db is its opener's."""
        self._inventory.close()
        self._leases.close()
        self._metrics.close()

    async def begin(self) -> None:
        """Put into force what was before, if the kernel can."""
        with suppress(Unreachable):
            await self.block()

    async def serve(self) -> None:
        """Watch until cancelled.  Raises Unreachable when the kernel cannot be asked."""
        async with asyncio.TaskGroup() as group:
            group.create_task(_ring(self._rung, self._inventory.path))
            while True:
                await self.look()
                look_at = time.monotonic() + LOOK_SECONDS
                while (left := look_at - time.monotonic()) > 0:
                    self._rung.clear()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(left):
                            await self._rung.wait()
                    await self.block()

    def looked(self) -> None:
        """The network was looked at: what it keeps apart is followed at once."""
        if self._apart() != self._kept_apart:
            self._rung.set()

    async def block(self) -> None:
        """Bring the kernel to what nixie.db, the network and the clock say; tell net.db of the
        blocks."""
        self._owned = self._read_owned() or self._owned
        moment = _moment(self._now())
        holds = {mac for mac, said in self._owned.blocks.items() if _holds(said, moment)}
        here = (mac for mac, row in self._known.items() if row.here)
        apart = self._apart()
        wanted = plan.wanted(holds, here, apart)  # who is away moves nothing
        await reconcile(wanted, plan.steps, self._table, lambda: asyncio.sleep(PAUSE_SECONDS))
        self._kept_apart = apart
        with transaction(self._database):
            rows.write_blocks(self._database, self._owned.blocks, holds)

    async def look(self) -> None:
        """One look at everybody: who is there, how much moved."""
        networks = self._networks()
        links = await asyncio.to_thread(driver.links)
        index = {one.name: one.index for one in links}
        seen = Look(
            networks={index[link]: name for link, name in networks.items() if link in index},
            neighbours=await asyncio.to_thread(driver.neighbours),
            leases=self._read_leases(),
            now=self._now(),
            ours={one.mac for one in links},
        )
        owned = self._owned.macs | self._owned.blocks.keys()
        self._verify(seen)
        found = kept(folded(self._known, seen, self._makers.maker), owned, seen.now)
        self._write(found, seen.now)
        await self.block()
        self._measure(self._counts(links, networks) | await self._table.counts())

    def _verify(self, seen: Look) -> None:
        """Ask devices for the addresses that they make of their MACs; put down who answers."""
        slices = trials.slices(self._database)
        networks = slices.dns.networks if slices else ()
        asked = candidates(networks, seen.leases, seen.now)
        here = {mac for mac, row in self._known.items() if row.here}  # at the look before
        driver.ask(self._questions.due(asked, here, time.monotonic()))
        fresh = verified(self._verified, asked, seen.neighbours)
        if fresh != self._verified:
            self._verified = fresh
            with transaction(self._database):
                write_verified(self._database, fresh)

    def _write(self, found: dict[str, DeviceRow], now: float) -> None:
        changed = [row for mac, row in found.items() if self._known.get(mac) is not row]
        gone = [mac for mac in self._known if mac not in found]
        met = [row for row in changed if row.mac not in self._known] if self._known else []
        self._known = found
        if not changed and not gone:
            return
        with transaction(self._database):
            rows.write_devices(self._database, changed, gone)
            for row in met:
                if self._allowance.takes(now):
                    known = row.hostname or row.maker
                    name = f"{known} ({row.mac})" if known else row.mac
                    append(self._database, DeviceMet(row.network, row.mac, name), now)

    def _measure(self, counts: Mapping[str, Count]) -> None:
        """Write down rates, and what moved in a minute that is over."""
        at, now = time.monotonic(), self._now()
        rates = self._meter.read(counts, at)
        if (minute := _minute(now)) == self._minute:
            self._metrics.write(rates, now)
            return
        self._metrics.write(rates, now, self._meter.gathered(), self._minute)
        self._minute = minute

    def _networks(self) -> dict[str, str]:
        """The bridges in force with their networks' names."""
        slices = trials.slices(self._database)
        return {one.link: one.name for one in slices.dns.networks} if slices else {}

    def _counts(self, links: list[Link], networks: Mapping[str, str]) -> dict[str, Count]:
        """What the networks and the way out moved: what a bridge sends goes down to its network."""
        slices = trials.slices(self._database)
        out = slices.wan.link if slices and slices.wan else None
        found = {}
        for one in links:
            if one.name in networks:
                series = metrics.of_network(networks[one.name])
                found[series] = Count(down=one.sent, up=one.received)
            elif one.name == out:
                found[metrics.WAN] = Count(down=one.received, up=one.sent)
        return found

    def _read_owned(self) -> Owned | None:
        """None while nixie.db cannot be read: what it said before goes on."""
        self._inventory.changed()  # opens the file again when it was replaced
        if self._inventory.connection is None:
            return None
        try:
            views = inventory_view.devices(self._inventory.connection)
        except sqlite3.Error:  # web is still making its tables, or has none for devices yet
            return None
        blocks = {view.mac: view.block for view in views if view.block}
        return Owned(blocks, frozenset(view.mac for view in views))

    def _read_leases(self) -> list[LeaseRow]:
        """As they were read last, while nobody wrote any."""
        if self._leases.changed() and self._leases.connection is not None:
            with suppress(sqlite3.Error):
                self._leased = list(leases.leases(self._leases.connection))
        return self._leased


def _holds(said: str, moment: Moment) -> bool:
    """Whether that block holds; one that a newer version wrote does not."""
    try:
        block = block_from(said)
    except ValueError:
        return False
    return block is not None and block.holds(moment)


def _minute(now: float) -> int:
    """When this minute began, in Unix seconds."""
    return int(now // metrics.MINUTE) * metrics.MINUTE


def _moment(now: float) -> Moment:
    local = time.localtime(now)
    return Moment(now, local.tm_wday * MINUTES_A_DAY + local.tm_hour * 60 + local.tm_min)


async def _ring(rung: asyncio.Event, inventory: Path) -> None:
    async for _ in follow([Follower(inventory)]):
        rung.set()
