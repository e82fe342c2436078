"""DOOR: asking the router's own checks.

A socket that is bound to one of our links and speaks to our address there is heard by our sockets
on that link, although the packet never leaves: the kernel remembers the link it was routed for
(`rt_iif`, net/ipv4/route.c).  So each role is asked where its clients ask it, without a right.
"""

import asyncio
import os
import random
import socket
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

from appliance.store.follow import Follower
from appliance.store.leases import self_offers
from services.net.probes import (
    ADMIN_PORT,
    NAMES_PORT,
    Found,
    Kind,
    Probe,
    gateway,
    is_neighbour,
    name_answer,
    name_query,
    took,
    world_answer,
)

Worth = Callable[[bytes, bytes, float], Found]
"""What a reply to a query is worth, after so many seconds."""

ANSWER_SECONDS = 1.0
FRESH_SECONDS = 6.0  # dhcp asks itself every two seconds
LOOK_SECONDS = 0.02
A, NS = 1, 2
DISCARD = 9  # RFC 863: nobody minds what comes there
ROUTES, NEIGHBOURS = Path("/proc/net/route"), Path("/proc/net/arp")


class Prober:
    """Asks; `held` follows leases.db, `now` is Unix seconds."""

    def __init__(self, held: Follower, now: Callable[[], float]) -> None:
        self._held, self._now = held, now
        self._clock = asyncio.get_running_loop().time

    async def ask(self, probe: Probe) -> Found:
        """What a check comes to, within a second."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                return await WAYS[probe.kind](self, probe)
        except TimeoutError:
            return Found(ok=False, figure="no answer")
        except OSError as error:
            why = os.strerror(error.errno) if error.errno else "no answer"
            return Found(ok=False, figure=why.lower())

    async def _gateway(self, probe: Probe) -> Found:
        began = self._clock()
        hop = gateway(ROUTES.read_text(), probe.link)
        if hop is None:
            return Found(ok=None, figure="no gateway yet")
        with _bound(socket.SOCK_DGRAM, probe.link) as asking:
            asking.sendto(b"", (str(hop), DISCARD))
        while not is_neighbour(NEIGHBOURS.read_text(), hop, probe.link):
            await asyncio.sleep(LOOK_SECONDS)
        return took(self._clock() - began)

    async def _name(self, probe: Probe) -> Found:
        return await self._asked(probe, name_query(probe.question, A, random.getrandbits(16)))

    async def _world(self, probe: Probe) -> Found:
        query = name_query("", NS, random.getrandbits(16))
        return await self._asked(probe, query, world_answer)

    async def _asked(self, probe: Probe, query: bytes, worth: Worth = name_answer) -> Found:
        loop, began = asyncio.get_running_loop(), self._clock()
        with _bound(socket.SOCK_DGRAM, probe.link) as asking:
            await loop.sock_connect(asking, (str(probe.address), NAMES_PORT))
            await loop.sock_sendall(asking, query)
            reply = await loop.sock_recv(asking, 4096)
        return worth(query, reply, self._clock() - began)

    async def _offer(self, probe: Probe) -> Found:
        self._held.changed()
        if self._held.connection is None:
            return Found(ok=None, figure="not yet")
        found = self_offers(self._held.connection, self._now() - FRESH_SECONDS).get(probe.network)
        if found is None:
            return Found(ok=None, figure="not yet")
        address, why = found
        return Found(ok=True, figure=address) if address else Found(ok=False, figure=why)

    async def _admin(self, probe: Probe) -> Found:
        loop, began = asyncio.get_running_loop(), self._clock()
        with _bound(socket.SOCK_STREAM, probe.link) as asking:
            await loop.sock_connect(asking, (str(probe.address), ADMIN_PORT))
        return took(self._clock() - began)


def _bound(kind: int, link: str) -> socket.socket:
    one = socket.socket(socket.AF_INET, kind | socket.SOCK_NONBLOCK)
    try:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
    except OSError:
        one.close()
        raise
    return one


WAYS: Mapping[Kind, Callable[[Prober, Probe], Coroutine[Any, Any, Found]]] = {
    Kind.GATEWAY: Prober._gateway,
    Kind.NAME: Prober._name,
    Kind.WORLD: Prober._world,
    Kind.OFFER: Prober._offer,
    Kind.ADMIN: Prober._admin,
}
