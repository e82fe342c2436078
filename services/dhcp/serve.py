"""DOOR: DHCP on the passed-in sockets, ports 67 and 4011 of each link.

Drain, ask the core, commit, send, arm one timer.  Everything that a drain confirmed goes to disk in
one transaction before the first of its ACKs leaves; OFFERs and refusals do not wait.  A new slice
makes new `Lan` values while packets wait in the kernel's queue.
"""

import asyncio
import gc
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress

from appliance.events import Event, PoolCalm, PoolEmpty, PoolFlooded, PoolHasRoom
from appliance.faults import Fault, no_fault
from appliance.model.config import LONGEST_LEASE_SECONDS
from appliance.model.slices import TRIED, DhcpNetwork
from appliance.signs import Signs
from appliance.steady import NOTE_SECONDS, Frame, Steady, missed
from appliance.store.journal import prune
from appliance.store.leases import (
    Stored,
    commit,
    forget,
    frame,
    move,
    note_self_offer,
    stored,
    troubles,
)
from services.dhcp.answer import answer
from services.dhcp.follow import Seen
from services.dhcp.formers import on_link
from services.dhcp.lan import Lan
from services.dhcp.lease import OFFERED
from services.dhcp.link.driver import LARGEST, Link
from services.dhcp.relays import lan_for
from services.dhcp.reply import Reply, Silence
from services.dhcp.rows import lease as lease_of
from services.dhcp.rows import row
from services.dhcp.self_offer import self_offer
from services.dhcp.service import answer_4011
from services.dhcp.watch.driver import BOOT_ID, Watch, uptime
from services.dhcp.wire import Message, decode
from services.netboot.recipe import Loaders

DRAIN = 256  # datagrams handled before the loop gets its turn
RECEIVE_BUFFER = 4 << 20
BEAT_SECONDS = 2.0
PRUNE_EVERY = 10_000  # events
BUSY = 2  # messages in one drain: more will come
MOMENT_SECONDS = 0.002
LATE_SECONDS = 2.0  # EDK2 collects offers for almost four


class Port:
    """One link: its sockets, its network, who watches it."""

    def __init__(self, name: str, dhcp: socket.socket, pxe: socket.socket | None) -> None:
        self.link = Link(name, dhcp)
        self.dhcp = dhcp
        self.pxe = pxe
        self.lan: Lan | None = None
        self.watch: Watch | None = None
        self.paused = False  # under load: a timer looks, not the loop


class Server:
    """All links of the role and the one file they write."""

    def __init__(
        self,
        ports: Sequence[Port],
        ledger: sqlite3.Connection,
        loaders: Loaders,
        *,
        guarded: bool = True,
        fault: Fault = no_fault,
        clocks: Callable[[], tuple[float, float]] = lambda: (uptime(), time.time()),
    ) -> None:
        """`clocks` are the machine's uptime and its wall clock."""
        self.ports = ports
        self._ledger = ledger
        self._loaders = loaders
        self._fault = fault
        self._loop = asyncio.get_running_loop()
        self._lans: tuple[Lan, ...] = ()
        self._seen: Seen = {}
        self._closed = False
        self._written = 0
        self.failed: asyncio.Future[None] = self._loop.create_future()
        self._clocks = clocks
        (up, wall), before = clocks(), frame(ledger)
        self._boot, self._steady = BOOT_ID.read_text().strip(), Steady(up, wall)
        self._note(missed(Frame(*before) if before else None, self._boot, up, wall), wall)
        self.turned = asyncio.Event()  # a guard changed its mind about when to wake
        if guarded:
            for port in ports:
                port.watch = Watch(port.link, ledger, self._tell, self.turned.set)

    def open(self) -> None:
        """Begin to listen."""
        for port in self.ports:
            for one in (port.dhcp, port.pxe):
                if one is not None:
                    one.setblocking(False)
                    one.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
                    _widen(one)
            self._loop.add_reader(port.dhcp, self._asked, port)
            if port.pxe is not None:
                self._loop.add_reader(port.pxe, self._asked_4011, port, port.pxe)

    def close(self) -> None:
        """Stop; the listening sockets stay open, they are the supervisor's."""
        self._closed = True
        for port in self.ports:
            self._loop.remove_reader(port.dhcp)
            if port.pxe is not None:
                self._loop.remove_reader(port.pxe)
            if port.watch is not None:
                port.watch.rest()
            port.link.close()

    # ── slices ────────────────────────────────────────────────────────────────────────────────────

    def adopt(self, wanted: tuple[DhcpNetwork, ...]) -> None:
        """Take over new slices; networks that did not change keep everything."""
        forget(self._ledger, [network.name for network in wanted])
        for port in self.ports:
            network, before = on_link(port.link.name, wanted)
            if network is None:
                port.lan = None
                if port.watch is not None:
                    port.watch.rest()
            elif port.lan is None or (port.lan.network, port.lan.before) != (network, before):
                self._renew(port, network, before)
        self._lans = tuple(port.lan for port in self.ports if port.lan is not None)
        gc.collect()
        gc.freeze()  # tens of thousands of leases are no garbage: never look at them again
        self.turned.set()

    def see(self, seen: Seen) -> None:
        """Know which addresses devices use, whoever gave them."""
        self._seen = seen
        for lan in self._lans:
            lan.pool.seen = seen.get(lan.name, {})

    def _renew(self, port: Port, network: DhcpNetwork, formers: Sequence[DhcpNetwork]) -> None:
        """Take over what is stored and what is offered."""
        before, now = port.lan, self._time()
        lan, longest = Lan(network, self._loaders, formers), LONGEST_LEASE_SECONDS
        lan.pool.seen = self._seen.get(lan.name, {})
        for one in stored(self._ledger, [one.name for one in (network, *formers)]):
            found = lease_of(one, network.lease_seconds, self._steady.step)
            lan.pool.load(found, now, longest)
        if before is not None and before.name == network.name:
            lan.loops = before.loops
            lan.strangers.succeed(before.strangers)
            for lease in before.pool.leases.values():
                if lease.state == OFFERED and lease.address not in lan.pool.leases:
                    lan.pool.load(lease, now, longest)
        wrong = [one.event for one in troubles(self._ledger) if one.network == network.name]
        lan.full = any(isinstance(one, PoolEmpty) for one in wrong)
        lan.flooded = any(isinstance(one, PoolFlooded) for one in wrong)
        port.lan = lan
        if port.watch is not None:
            port.watch.adopt(lan, wrong)

    def _time(self) -> float:
        """The steady time.  When the clock was set, what is stored moves along first."""
        up, wall = self._clocks()
        if moved := self._steady.moved(up, wall):
            self._note(moved, wall)
        return self._steady.now(up)

    def _note(self, moved: float, wall: float) -> None:
        """Put down how the clock stands, and by how much it was set.

        A disk that refuses ends the service where leases had to move; else it costs some exactness.
        """
        self._noted = wall
        try:
            move(self._ledger, moved, self._boot, self._steady.ahead, wall)
        except sqlite3.Error as error:
            if moved:
                self._end(error)
                raise

    # ── packets ───────────────────────────────────────────────────────────────────────────────────

    def _asked(self, port: Port) -> None:
        """Drain port 67; under load again in a moment, so that one commit serves many."""
        busy = self._drain(port) >= BUSY
        if busy:
            self._loop.call_later(MOMENT_SECONDS, self._asked, port)
        if busy != port.paused:
            port.paused = busy
            if busy:
                self._loop.remove_reader(port.dhcp)
            elif not self._closed:
                self._loop.add_reader(port.dhcp, self._asked, port)

    def _drain(self, port: Port) -> int:
        """Answer what waits; how many messages that were."""
        here, now = port.lan, self._time()
        changed: list[tuple[str, Reply | Silence]] = []
        replies: list[Reply] = []
        events: list[Event] = []
        messages, count = waiting(port.dhcp)
        for message in messages:
            lan = here if not message.giaddr else lan_for(message, here, self._lans)
            if lan is None:
                continue
            reply = answer(message, lan, now)
            if reply.events:
                events += reply.events
            if reply.lease is not None:
                changed.append((lan.called(reply.lease.address), reply))
            elif isinstance(reply, Reply):
                replies.append(reply)
        source = here.server if here else 0
        self._send(port, replies, source)
        if changed or events:
            step = self._steady.step
            rows = [row(name, one.lease, step) for name, one in changed if one.lease is not None]
            self._commit(rows, events)
        held = [one for _, one in changed if isinstance(one, Reply)]
        self._send(port, held, source)
        return count

    def _send(self, port: Port, replies: list[Reply], source: int) -> None:
        for reply in [one for one in replies if one.late]:
            replies.remove(reply)
            self._loop.call_later(LATE_SECONDS, port.link.deliver, [reply], source)
        port.link.deliver(replies, source)

    def _asked_4011(self, port: Port, pxe: socket.socket) -> None:
        """Drain port 4011; what is answered leaves from there."""
        events: list[Event] = []
        now = self._time()
        for _ in range(DRAIN):
            try:
                datagram, sender = pxe.recvfrom(LARGEST)
                message = decode(datagram)
            except ValueError:
                continue
            except OSError:
                break
            if port.lan is None:
                continue
            reply = answer_4011(message, port.lan, now)
            events += reply.events
            if isinstance(reply, Reply):
                with suppress(OSError):
                    pxe.sendto(reply.data, sender)
        if events:
            self._commit([], events)

    def _commit(self, rows: Sequence[Stored], events: Sequence[Event]) -> None:
        """On disk when this returns.  A disk that refuses ends the service: no ACK leaves."""
        if rows:
            self._fault("dhcp.answered")
        try:
            commit(self._ledger, rows, events, self._clocks()[1])
            self._written += len(events)
            if self._written > PRUNE_EVERY:
                self._written = 0
                prune(self._ledger)
        except sqlite3.Error as error:
            self._end(error)
            raise
        if rows:
            self._fault("dhcp.committed")

    def _end(self, error: sqlite3.Error) -> None:
        if not self.failed.done():
            self.failed.set_exception(error)

    # ── what time brings ──────────────────────────────────────────────────────────────────────────

    def watch(self, now: float) -> float:
        """Look around where it is due; returns when to look again (both as in `uptime`)."""
        wake_at = now + BEAT_SECONDS
        self._time()  # whoever reads leases by the clock should not wait for the next packet
        if (wall := self._clocks()[1]) - self._noted >= NOTE_SECONDS:
            self._note(0.0, wall)
        for port in self.ports:
            lan = port.lan
            if lan is not None and lan.full and lan.pool.has_room(self._time()):
                lan.full = False
                self._tell([PoolHasRoom(lan.name)])
            if lan is not None and lan.flooded and not lan.strangers.flood(self._time()):
                lan.flooded = False
                self._tell([PoolCalm(lan.name)])
            if port.watch is not None:
                wake_at = min(wake_at, port.watch.look(now))
            if lan is not None and lan.stage == TRIED:
                self._ask_itself(lan)
        return wake_at

    def _ask_itself(self, lan: Lan) -> None:
        """Note what a stranger would be offered; a disk that refuses hinders nobody."""
        with suppress(sqlite3.Error):
            found = self_offer(lan, self._time())
            note_self_offer(self._ledger, lan.name, found, self._clocks()[1])

    def _tell(self, events: Sequence[Event]) -> None:
        self._commit([], events)


def waiting(dhcp: socket.socket) -> tuple[list[Message], int]:
    """The messages that wait, and how many datagrams that were; DRAIN at most."""
    messages: list[Message] = []
    for count in range(DRAIN):
        try:
            messages.append(decode(dhcp.recv(LARGEST)))
        except ValueError:
            continue  # refused by name in the decoder; there is nobody to tell
        except OSError:
            return messages, count
    return messages, DRAIN


async def serve(
    sockets: Mapping[str, socket.socket],
    wanted: AsyncIterator[tuple[DhcpNetwork, ...]],
    ledger: sqlite3.Connection,
    loaders: Loaders,
    signs: Signs,
    *,
    seen: AsyncIterator[Seen] | None = None,
    guarded: bool = True,
    fault: Fault = no_fault,
) -> None:
    """Answer DHCP until cancelled.

    `sockets` by their LISTEN_FDNAMES ("dhcp.br-lan", "pxe.br-lan"), `wanted` the slices as they
    come, `ledger` the writer of leases.db, `seen` the addresses in use as they become known.
    Raises sqlite3.Error when leases cannot be stored.
    """
    ports = [
        Port(link, one, sockets.get(f"pxe.{link}"))
        for name, one in sockets.items()
        for kind, _, link in (name.partition("."),)
        if kind == "dhcp"
    ]
    server = Server(ports, ledger, loaders, guarded=guarded, fault=fault)
    tasks = [
        asyncio.create_task(_adopting(server, wanted, signs.ready)),
        asyncio.create_task(_watching(server, signs.beat)),
        *([asyncio.create_task(_seeing(server, seen))] if seen is not None else []),
    ]
    try:
        await asyncio.gather(*tasks, server.failed)
    finally:
        for task in tasks:
            task.cancel()
        server.close()


async def _adopting(
    server: Server, wanted: AsyncIterator[tuple[DhcpNetwork, ...]], ready: Callable[[], None]
) -> None:
    opened = False
    async for networks_now in wanted:
        server.adopt(networks_now)
        if not opened:
            opened = True
            server.open()
            ready()


async def _seeing(server: Server, seen: AsyncIterator[Seen]) -> None:
    async for found in seen:
        server.see(found)


async def _watching(server: Server, beat: Callable[[], None]) -> None:
    """One timer for the guards and the heartbeat."""
    while True:
        beat()
        wake_at = server.watch(uptime())
        server.turned.clear()
        try:
            await asyncio.wait_for(server.turned.wait(), max(0.0, wake_at - uptime()))
        except TimeoutError:
            continue


def _widen(one: socket.socket) -> None:
    """A burst of a whole rack fits in the kernel's queue, as far as the kernel lets us."""
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
