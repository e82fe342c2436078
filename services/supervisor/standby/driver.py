"""The door to questions that the dns role leaves unanswered: something always answers on port 53.

Whoever hears nothing waits for five seconds, and asks again; SERVFAIL ends that at once, and sends
a device to another server, if it has one.  Nothing is known here, and nothing is remembered.  By
TCP the same is said (RFC 7766 §5), over few connections and for a moment each.
"""

import asyncio
import socket
from collections.abc import Iterable
from contextlib import suppress

from services.dns.streams import Streams
from services.dns.wire import SERVFAIL, Malformed, failure, read_query, refusal

DRAIN = 32
"""Questions answered, and connections taken, in one turn."""
LONGEST = 4_096
CALL_SECONDS = 2.0
"""How long a connection may last, whatever comes over it: the role itself is soon back."""


class Standby:
    """Answers at the dns role's sockets while that is away; it has handles of its own on them."""

    def __init__(self, away_seconds: float) -> None:
        self._away_seconds = away_seconds
        self._loop = asyncio.get_running_loop()
        self._away_since: float | None = None
        self._handles: dict[socket.socket, socket.socket] = {}
        self._streams = Streams()
        self._calls: set[asyncio.Task[None]] = set()

    def look(self, questions: Iterable[socket.socket], *, serves: bool, now: float) -> None:
        """Stand in at these sockets, or stop; `now` is monotonic."""
        if serves:
            self._away_since = None
        elif self._away_since is None:
            self._away_since = now
        since = self._away_since
        away = since is not None and now - since >= self._away_seconds
        ours = set(questions) if away else set()
        for gone in self._handles.keys() - ours:
            self._leave(self._handles.pop(gone))
        for fresh in ours - self._handles.keys():
            self._handles[fresh] = handle = fresh.dup()
            heard = self._asked if handle.type is socket.SOCK_DGRAM else self._called
            self._loop.add_reader(handle, heard, handle)

    def close(self) -> None:
        """Let go of every socket, and hang up."""
        while self._handles:
            self._leave(self._handles.popitem()[1])
        for call in self._calls:
            call.cancel()

    def _leave(self, handle: socket.socket) -> None:
        self._loop.remove_reader(handle)
        handle.close()

    def _asked(self, handle: socket.socket) -> None:
        with suppress(OSError):  # nobody asks any more, or who asked is gone
            for _ in range(DRAIN):
                message, client = handle.recvfrom(LONGEST)
                if (said := no_answer(message)) is not None:
                    handle.sendto(said, client)

    def _called(self, handle: socket.socket) -> None:
        with suppress(OSError):  # nobody calls any more, or who called is gone
            for _ in range(DRAIN):
                line, (client, *_) = handle.accept()
                line.setblocking(False)
                call = asyncio.create_task(self._served(line, client))
                self._calls.add(call)
                call.add_done_callback(self._calls.discard)

    async def _served(self, line: socket.socket, client: str) -> None:
        """One connection, until it is hung up or its time is over."""
        reader, writer = await asyncio.open_connection(sock=line)
        try:
            if self._streams.begin(client, writer):
                async with asyncio.timeout(CALL_SECONDS):
                    await _conversation(reader, writer)
        except (OSError, asyncio.IncompleteReadError):  # a time that is over is an OSError, too
            pass
        finally:
            self._streams.end(client, writer)
            writer.close()


async def _conversation(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Say it once for every question; each has its length before it (RFC 1035 §4.2.2)."""
    while (size := int.from_bytes(await reader.readexactly(2))) <= LONGEST:
        if (said := no_answer(await reader.readexactly(size))) is None:
            return
        writer.write(len(said).to_bytes(2) + said)
        await writer.drain()


def no_answer(message: bytes) -> bytes | None:
    """SERVFAIL to a question; None for what is none."""
    if (bare := refusal(message, SERVFAIL)) is None:
        return None
    try:
        return failure(read_query(message), SERVFAIL)
    except Malformed:
        return bare
