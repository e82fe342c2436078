"""The door to the upstream: UDP from many ports, TCP when an answer was cut short."""

import asyncio
import secrets
import socket
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address
from typing import Generic

from services.dns.leaving.driver import Leaving
from services.dns.ports import Ports
from services.dns.reply import read_reply
from services.dns.upstream import Flight, Told, Upstream, Waiter
from services.dns.wire import Malformed, Query, ask, question_of

PORT = 53
DRAIN = 64
RECEIVE_BUFFER = 1 << 20
"""Of each port: the answers to a moment's questions may come while we are kept from running."""
LONGEST_ANSWER = 4_096
"""Of what is taken: who sends more than the 1232 bytes that we ask for is cut short."""
TCP_SECONDS = 3.0
MOST_TCP = 16
ENTROPY_BYTES = 16_384
LAST_DICE = ENTROPY_BYTES - (5 + 255 + 4)
"""Where there are enough of them: for a port, two ids, and the letters of the longest question."""
LEAVE_SECONDS = 5.0
"""At most this often all ports are left because the upstream stays silent."""


class Client(Generic[Waiter]):
    """One upstream."""

    def __init__(
        self, upstream: IPv4Address | IPv6Address, told: Told[Waiter], port: int = PORT
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._clock = self._loop.time
        self._where = (str(upstream), port)
        self._family = socket.AF_INET if upstream.version == 4 else socket.AF_INET6
        self._machine, self._ports = Upstream(told), Ports()
        self._sockets: dict[int, socket.socket] = {}
        self._leaving = Leaving(self._send)
        self._entropy, self._spent = b"", ENTROPY_BYTES
        self._leave_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._by_tcp: set[asyncio.Task[None]] = set()

    def ask(self, query: Query, waiter: Waiter, now: float) -> None:
        """Ask; `waiter` is told once, of the reply or None."""
        slot, dice = self._place(now, query)
        if message := self._machine.ask(query, waiter, now, slot, dice):
            self._leaving.put((slot, message))
        if self._timer is None:
            self._arm()

    def close(self) -> None:
        """Send everybody off and close every port."""
        self._machine.clear(self._clock())
        for task in self._by_tcp:
            task.cancel()
        if self._timer:
            self._timer.cancel()
        for slot in self._ports.close():
            self._drop(slot)

    def _place(self, now: float, query: Query) -> tuple[int, bytes]:
        """A random open slot, and random bytes for the ids and for the letters."""
        if self._ports.is_short:
            for slot in self._ports.missing():
                self._open(slot)
        at = self._spent
        if at > LAST_DICE:
            self._entropy, at = secrets.token_bytes(ENTROPY_BYTES), 0
        dice, self._spent = self._entropy, at + 5 + len(query.question)
        return self._ports.pick(dice[at], now), dice[at + 1 : self._spent]

    def _open(self, slot: int) -> None:
        """A socket that hears nobody but the upstream."""
        made = socket.socket(self._family, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        self._sockets[slot] = made
        self._loop.add_reader(made, self._readable, slot, made)
        with suppress(OSError):  # no route yet: `_send` tries again
            made.connect(self._where)

    def _drop(self, slot: int) -> None:
        gone = self._sockets.pop(slot, None)
        if gone:
            self._loop.remove_reader(gone)
            gone.close()

    def _send(self, leaving: list[tuple[int, bytes]]) -> None:
        for slot, message in leaving:
            leaves = self._sockets.get(slot)
            if leaves is None:  # everything was closed in this very turn
                return
            try:
                leaves.send(message)
            except OSError:  # an older ICMP, or there was no route; the next try may get through
                with suppress(OSError):
                    leaves.connect(self._where)
                    leaves.send(message)

    def _readable(self, slot: int, heard: socket.socket) -> None:
        machine, now = self._machine, self._clock()
        came, refused = _drained(heard)
        for message in came:
            found = machine.heard(slot, message)
            if found is None:
                continue
            flight, reply = found
            if flight.wants_tcp:
                self._start_tcp(flight)
            else:
                machine.landed(flight, reply, now)
        for flight in machine.refused(slot) if refused else ():
            machine.landed(flight, None, now)

    def _arm(self) -> None:
        if self._timer is None and (wake_at := self._machine.wake_at) is not None:
            self._timer = self._loop.call_at(wake_at, self._woken)

    def _woken(self) -> None:
        self._timer = None
        now = self._clock()
        late, over = self._machine.woken(now)
        for flight in late:
            slot, dice = self._place(now, flight.query)
            if message := self._machine.again(flight, now, slot, dice):
                self._leaving.put((slot, message))
        for flight in over:
            self._machine.landed(flight, None, now)
        if over and now >= self._leave_at:
            self._ports.leave(now)
            self._leave_at = now + LEAVE_SECONDS
        for slot in self._ports.worn(now):
            self._drop(slot)
        self._arm()

    def _start_tcp(self, flight: Flight[Waiter]) -> None:
        self._machine.by_tcp(flight)
        if len(self._by_tcp) >= MOST_TCP:
            return self._machine.landed(flight, None, self._clock())
        task = self._loop.create_task(self._tcp(flight))
        self._by_tcp.add(task)
        task.add_done_callback(self._by_tcp.discard)
        return None

    async def _tcp(self, flight: Flight[Waiter]) -> None:
        reply = None
        try:
            async with asyncio.timeout(TCP_SECONDS):
                message = await self._over_tcp(flight.query)
            if message[:2] == b"\0\1" and question_of(message) == flight.query.key[:-1]:
                reply = read_reply(message)
                self._machine.confirmed(flight)
        except (OSError, TimeoutError, asyncio.IncompleteReadError, Malformed):
            pass
        self._machine.landed(flight, reply, self._clock())

    async def _over_tcp(self, query: Query) -> bytes:
        reader, writer = await asyncio.open_connection(*self._where)
        try:
            question = ask(
                b"\0\1", query, query.question
            )  # the connection is its own proof; the id is any
            writer.write(len(question).to_bytes(2) + question)
            return await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
        finally:
            writer.close()


def _drained(heard: socket.socket) -> tuple[list[bytes], bool]:
    """What has come, and whether nobody listens over there, as ICMP says."""
    came: list[bytes] = []
    receive, put = heard.recv, came.append
    try:
        for _ in range(DRAIN):
            put(receive(LONGEST_ANSWER))
    except BlockingIOError:
        return came, False
    except OSError:
        return came, True
    return came, False
