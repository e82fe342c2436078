"""DOOR: hears from the kernel what the filter holds back, and tells web the newest of it.

The rules limit what the kernel tells (appliance/plan/noted.py); what comes too fast for us it
forgets.  Needs CAP_NET_ADMIN.
"""

import asyncio
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

from appliance.errors import Unreachable
from appliance.model.outside import is_the_strangers
from appliance.plan.noted import BYTES, NOTED
from services.drops.wire import Held, bound, held
from services.recall.ring import Ring
from services.recall.serve import listening

NETFILTER = 12  # NETLINK_NETFILTER
MOST = 500
"""Packets remembered: the oldest go first."""
SHOWN = 100
DRAIN = 16
"""Datagrams taken in one turn."""
DATAGRAM_BYTES = 1 << 16


class Drops:
    """What was held back lately."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` gives Unix seconds."""
        self._now = now
        self._held: Ring[dict[str, Any]] = Ring(MOST)

    async def serve(self, ear: socket.socket | None) -> None:
        """Hear the kernel, and answer at `ear` if there is one, until cancelled.

        Raises Unreachable when the kernel does not tell.
        """
        netlink = _opened()
        loop = asyncio.get_running_loop()
        loop.add_reader(netlink, self._readable, netlink)
        try:
            if ear is None:
                await asyncio.Event().wait()
                return
            async with await listening(ear.dup(), self.told, lambda: self._held.came) as server:
                await server.serve_forever()
        finally:
            loop.remove_reader(netlink)
            netlink.close()

    def told(self, question: Mapping[str, Any]) -> list[Any]:
        """The newest `most` packets."""
        return list(islice(self._held.newest(), int(question.get("most", SHOWN))))

    def _readable(self, netlink: socket.socket) -> None:
        for _ in range(DRAIN):
            try:
                datagram = netlink.recv(DATAGRAM_BYTES)
            except BlockingIOError:
                return
            except OSError:  # ENOBUFS: too much came at once, and some of it is forgotten
                continue
            for one in held(datagram):
                if not is_the_strangers(one.source, one.destination):  # he is ours
                    self._held.put(_row(one, self._now()))


def _opened() -> socket.socket:
    """Bound to our group.  Raises Unreachable."""
    netlink = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER)
    try:
        for request in bound(NOTED, BYTES):
            netlink.send(request)
            answer = netlink.recv(DATAGRAM_BYTES)
            if code := int.from_bytes(answer[16:20], "little", signed=True):
                raise OSError(-code, "group 78 of nfnetlink_log cannot be had")
    except OSError as error:
        netlink.close()
        what = f"The kernel does not tell what the filter holds back: {error}."
        raise Unreachable(what) from error
    netlink.setblocking(False)
    return netlink


def _row(one: Held, at: float) -> dict[str, Any]:
    return {
        "at": at,
        "by": one.by,
        "arrived": _link(one.arrived),
        "leaves": _link(one.leaves),
        "mac": one.mac,
        "source": str(one.source),
        "destination": str(one.destination),
        "protocol": one.protocol,
        "port": one.port,
    }


def _link(index: int) -> str:
    with suppress(OSError, OverflowError):
        return socket.if_indextoname(index) if index else ""
    return ""
