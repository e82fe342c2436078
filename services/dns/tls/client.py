"""The door to an upstream over TLS: its certificate has to be valid for its name.

The connection stays open between questions (RFC 7858 §3.4).  Who is sent away because the other end
closed it meanwhile is asked again on a new one, once.
"""

import asyncio
import ssl
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from typing import Generic

from services.dns.reply import read_reply
from services.dns.upstream import MOST_IN_FLIGHT, Told, Waiter
from services.dns.wire import Malformed, Query, ask, question_of

PORT = 853
OPEN_SECONDS = 3.0
ANSWER_SECONDS = 4.0
IDLE_SECONDS = 20.0
"""How long a connection without questions is kept."""


@cache
def trust() -> ssl.SSLContext:
    """The authorities of this machine, read when the first upstream over TLS is asked."""
    return ssl.create_default_context()


class Asked(Generic[Waiter]):
    """One question on the connection."""

    __slots__ = ("again", "query", "until", "waiter")

    def __init__(self, query: Query, waiter: Waiter, until: float) -> None:
        self.query, self.waiter, self.until = query, waiter, until
        self.again = False


class TlsClient(Generic[Waiter]):
    """One upstream over TLS."""

    def __init__(
        self, upstream: IPv4Address | IPv6Address, name: str, told: Told[Waiter], port: int = PORT
    ) -> None:
        self._told = told
        self._loop = asyncio.get_running_loop()
        self._where, self._name = (str(upstream), port), name
        self._waiting: list[Asked[Waiter]] = []  # for the connection
        self._asked: dict[bytes, Asked[Waiter]] = {}  # on it, by id
        self._writer: asyncio.StreamWriter | None = None
        self._patience: asyncio.Timeout | None = None
        self._number = 0
        self._work: asyncio.Task[None] | None = None
        self._closed = False

    def ask(self, query: Query, waiter: Waiter, now: float) -> None:
        """Ask; `waiter` is told once, of the reply or None."""
        if self._closed or len(self._asked) + len(self._waiting) >= MOST_IN_FLIGHT:
            return self._told(waiter, None, now)
        self._put(Asked(query, waiter, now + ANSWER_SECONDS))
        return None

    def close(self) -> None:
        """Send everybody off and hang up."""
        self._closed = True
        if self._work:
            self._work.cancel()
        self._send_off()

    def _put(self, asked: Asked[Waiter]) -> None:
        if self._writer is not None:
            self._write(self._writer, asked)
            return
        self._waiting.append(asked)
        if self._work is None or self._work.done():
            self._work = self._loop.create_task(self._served())

    def _write(self, writer: asyncio.StreamWriter, asked: Asked[Waiter]) -> None:
        self._number = (self._number + 1) % 65_536
        identity = self._number.to_bytes(2)
        if (before := self._asked.pop(identity, None)) is not None:
            self._told(before.waiter, None, self._loop.time())
        if not self._asked and self._patience:
            self._patience.reschedule(self._loop.time() + ANSWER_SECONDS)
        self._asked[identity] = asked
        message = ask(identity, asked.query, asked.query.question)
        writer.write(len(message).to_bytes(2) + message)

    async def _served(self) -> None:
        """One connection after the other, for as long as questions wait for one."""
        while self._waiting:
            try:
                async with asyncio.timeout(OPEN_SECONDS):
                    opened = await asyncio.open_connection(
                        *self._where, ssl=trust(), server_hostname=self._name
                    )
            except (OSError, TimeoutError):  # ssl.SSLError is an OSError
                self._send_off()
            else:
                await self._connected(*opened)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Hold one connection until it is closed, or silent for too long."""
        waiting, self._waiting = self._waiting, []
        try:
            async with asyncio.timeout(ANSWER_SECONDS) as self._patience:
                self._writer = writer
                for asked in waiting:
                    self._write(writer, asked)
                await self._listened(reader)
        except (OSError, TimeoutError):
            pass
        finally:
            self._writer = self._patience = None
            writer.close()
            for one in self._hung_up():
                self._told(one.waiter, None, self._loop.time())

    async def _listened(self, reader: asyncio.StreamReader) -> None:
        """Take answers until the other end hangs up; who asked just then is asked again."""
        heard_any = False
        try:
            while True:
                message = await reader.readexactly(int.from_bytes(await reader.readexactly(2)))
                self._heard(message)
                heard_any = True
        except asyncio.IncompleteReadError:
            pass
        left = [one for one in self._asked.values() if heard_any and not one.again]
        self._asked = {
            identity: one for identity, one in self._asked.items() if one.again or not heard_any
        }
        for one in left:
            one.again = True
        self._waiting = left

    def _heard(self, message: bytes) -> None:
        now = self._loop.time()
        asked = self._asked.pop(message[:2], None)
        while self._asked and (oldest := next(iter(self._asked))):
            if self._asked[oldest].until > now:
                break
            self._told(self._asked.pop(oldest).waiter, None, now)
        if self._patience:
            wait = ANSWER_SECONDS if self._asked else IDLE_SECONDS
            self._patience.reschedule(now + wait)
        if asked is None:
            return
        try:
            same = question_of(message) == asked.query.key[:-1]
            self._told(asked.waiter, read_reply(message) if same else None, now)
        except Malformed:
            self._told(asked.waiter, None, now)

    def _hung_up(self) -> list[Asked[Waiter]]:
        """Whoever was on the connection, and is not to be asked again."""
        gone = list(self._asked.values())
        self._asked.clear()
        return gone

    def _send_off(self) -> None:
        """Tell everybody that there is no answer."""
        gone = [*self._asked.values(), *self._waiting]
        self._asked.clear()
        self._waiting.clear()
        now = self._loop.time()
        for one in gone:
            self._told(one.waiter, None, now)
