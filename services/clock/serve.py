"""DOOR: the time for the networks, on sockets that the supervisor opened, one per link.

chronyd asks the world and keeps the clock, but it can bind to one device only; so the answer on the
networks is ours, and it says what chronyd says of that clock.  The kernel notes when a question
came: how long it then waits for its turn here is no error, for both times are in the answer.
"""

import asyncio
import socket
import struct
import time
from collections.abc import Mapping
from contextlib import suppress

from services.clock.probe import INTERVAL_SECONDS, asked
from services.clock.tracking import Standing
from services.clock.wire import PACKET, answer

DRAIN = 64
"""Questions taken in one turn."""
SO_TIMESTAMPNS = 35  # socket(7)
IP_PKTINFO = 8  # ip(7): the address that was asked, and that answers
WHEN = struct.Struct("@qq")
ANCILLARY_BYTES = 256
Extra = list[tuple[int, int, bytes]]


async def serve(sockets: Mapping[str, socket.socket]) -> None:
    """Tell the time on each of these sockets until cancelled."""
    server = Server()
    loop = asyncio.get_running_loop()
    try:
        for listener in sockets.values():
            _prepare(listener)
            loop.add_reader(listener, server.readable, listener)
        number = 0
        while True:
            number = (number + 1) & 0xFFFFFFFF
            server.standing = await asked(number) if sockets else None
            await asyncio.sleep(INTERVAL_SECONDS)
    finally:
        for listener in sockets.values():
            loop.remove_reader(listener)


class Server:
    """Answers what comes; `standing` is what chronyd said last."""

    def __init__(self) -> None:
        self.standing: Standing | None = None

    def readable(self, listener: socket.socket) -> None:
        """Answer what waits on a socket, at most DRAIN questions."""
        for _ in range(DRAIN):
            try:
                question, extra, _flags, client = listener.recvmsg(PACKET.size, ANCILLARY_BYTES)
            except OSError:
                return
            said = answer(question, self.standing, _came(extra), time.time())
            if said is not None:
                with suppress(OSError):  # the link went away: the client asks again
                    listener.sendmsg([said], _from(extra), 0, client)


def _prepare(listener: socket.socket) -> None:
    listener.setblocking(False)
    listener.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    if listener.family is socket.AF_INET6:
        listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
    else:
        listener.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)


def _came(extra: Extra) -> float:
    """When the kernel saw the question."""
    for level, kind, data in extra:
        if (level, kind) == (socket.SOL_SOCKET, SO_TIMESTAMPNS):
            seconds, nanoseconds = WHEN.unpack_from(data)
            return float(seconds + nanoseconds / 1e9)
    return time.time()


def _from(extra: Extra) -> Extra:
    """Answer from the address that was asked."""
    return [one for one in extra if one[0] in (socket.IPPROTO_IP, socket.IPPROTO_IPV6)]
