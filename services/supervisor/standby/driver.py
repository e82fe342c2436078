"""The door to questions that the dns role leaves unanswered: something always answers on port 53.

Whoever hears nothing waits for five seconds, and asks again; SERVFAIL ends that at once, and sends
a device to another server, if it has one.  Nothing is known here, and nothing is remembered.
"""

import asyncio
import socket
from collections.abc import Iterable
from contextlib import suppress

from services.dns.wire import SERVFAIL, Malformed, failure, read_query, refusal

PATIENCE_SECONDS = 2.0
"""A role that is started again answers itself what waited for it until then."""
DRAIN = 32
"""Questions answered in one turn."""
LONGEST = 4_096


class Standby:
    """Answers at the dns role's sockets while that is away; it has handles of its own on them."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._away_since: float | None = None
        self._handles: dict[socket.socket, socket.socket] = {}

    def look(self, questions: Iterable[socket.socket], *, serves: bool, now: float) -> None:
        """Stand in at these sockets, or stop; `now` is monotonic."""
        if serves:
            self._away_since = None
        elif self._away_since is None:
            self._away_since = now
        since = self._away_since
        ours = set(questions) if since is not None and now - since >= PATIENCE_SECONDS else set()
        for gone in self._handles.keys() - ours:
            self._leave(self._handles.pop(gone))
        for fresh in ours - self._handles.keys():
            self._handles[fresh] = handle = fresh.dup()
            self._loop.add_reader(handle, self._asked, handle)

    def close(self) -> None:
        """Let go of every socket."""
        while self._handles:
            self._leave(self._handles.popitem()[1])

    def _leave(self, handle: socket.socket) -> None:
        self._loop.remove_reader(handle)
        handle.close()

    def _asked(self, handle: socket.socket) -> None:
        with suppress(OSError):  # nobody asks any more, or who asked is gone
            for _ in range(DRAIN):
                message, client = handle.recvfrom(LONGEST)
                if (said := no_answer(message)) is not None:
                    handle.sendto(said, client)


def no_answer(message: bytes) -> bytes | None:
    """SERVFAIL to a question; None for what is none."""
    if (bare := refusal(message, SERVFAIL)) is None:
        return None
    try:
        return failure(read_query(message), SERVFAIL)
    except Malformed:
        return bare
