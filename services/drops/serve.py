"""DOOR: hears from the kernel what the filter holds back, and remembers the newest of it.

The rules limit what the kernel tells (appliance/plan/noted.py); what comes too fast for us it
forgets.  Needs CAP_NET_ADMIN.
"""

import asyncio
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from itertools import islice
from typing import Any

from appliance.events import Event
from appliance.model.outside import is_the_strangers
from appliance.plan.egress import HELD
from appliance.plan.noted import BYTES, NOTED
from services.drops.stray import Strays
from services.drops.wire import PACKET, Held, bound, held
from services.netlink.driver import NETFILTER, heard
from services.recall.ring import Ring

MOST = 500
"""Packets remembered: the oldest go first."""
SHOWN = 100


class Drops:
    """What was held back lately."""

    def __init__(
        self, now: Callable[[], float], strays: Strays, tell: Callable[[Event], None]
    ) -> None:
        """`now` gives Unix seconds; `tell` puts an event down."""
        self._now, self._strays, self._tell = now, strays, tell
        self._held: Ring[dict[str, Any]] = Ring(MOST)

    async def serve(self) -> None:
        """Hear the kernel until cancelled.  Raises Unreachable when it does not tell."""
        failure = "does not tell what the filter holds back"
        with heard(NETFILTER, self._hear, failure, requests=bound(NOTED, BYTES)):
            await asyncio.Event().wait()

    @property
    def came(self) -> int:
        """How many there ever were."""
        return self._held.came

    def told(self, question: Mapping[str, Any]) -> list[Any]:
        """The newest `most` packets."""
        return list(islice(self._held.newest(), int(question.get("most", SHOWN))))

    def _hear(self, kind: int, body: memoryview) -> None:
        if kind != PACKET or (one := held(body)) is None:
            return
        if is_the_strangers(one.source, one.destination):  # he is ours
            return
        self._held.put(_row(one, self._now()))
        if one.by == HELD:
            for event in self._strays.met(one, self._now()):
                self._tell(event)


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
