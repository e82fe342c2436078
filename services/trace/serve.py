"""DOOR: has the kernel tell of one conversation's packets for a while, and tells web what became of
them.

The newest wish counts; what it wishes is over after a minute, or when enough was seen.
"""

import asyncio
import json
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from appliance.errors import Unreachable
from appliance.model.config import RouterConfig
from appliance.model.trace import PACKETS, SECONDS, Flow, flow_from
from appliance.plan.trace import Chain, wanted
from appliance.store import inventory_view
from appliance.store.follow import Follower
from appliance.store.inventory_view import Wish
from services.net.asked import TRACE as WISH
from services.netlink.driver import NETFILTER, heard
from services.trace import driver
from services.trace.packets import Packets
from services.trace.wire import GENERATION, GROUPS, TRACE, Key, step

INTERVAL_SECONDS = 0.5
FAILURE = "does not trace packets"
NOWHERE = "One of its places is not there now: look at the networks, and at the way out."


@dataclass(slots=True)
class Trace:
    """One conversation; `until` is Unix seconds, `over` says that nothing more will be seen."""

    wish: str
    flow: Flow
    until: float
    over: bool = False
    problem: str = ""
    packets: Packets = field(default_factory=lambda: Packets(PACKETS))


class Traces:
    """The newest trace.  `came` grows with what there is to see."""

    def __init__(
        self,
        inventory: Follower,
        here: Callable[[], RouterConfig | None],
        now: Callable[[], float],
    ) -> None:
        """`inventory` is nixie.db, `here` what is in force, `now` Unix seconds."""
        self._inventory, self._here, self._now = inventory, here, now
        self._trace: Trace | None = None
        self._names: dict[Key, str] = {}
        self._renamed = True
        self.came = 0

    async def serve(self) -> None:
        """Obey the newest wish until cancelled; the kernel marks nothing afterwards."""
        obeyed = ""
        while True:
            wish = self._wished()
            if wish and wish.id != obeyed:
                obeyed = wish.id
                await self._obey(wish)
            await asyncio.sleep(INTERVAL_SECONDS)

    def told(self, question: Mapping[str, Any]) -> list[Any]:
        """The newest trace with its packets; [] when there was none."""
        del question
        one = self._trace
        return [] if one is None else [_row(one)]

    async def _obey(self, wish: Wish) -> None:
        """Trace what is wished for as long as that is; one that is over already is no trace."""
        left = min(float(wish.body["until"]) - self._now(), SECONDS)
        if left <= 0:
            return
        trace = self._trace = Trace(wish.id, flow_from(wish.body), self._now() + left)
        self.came += 1
        try:
            with heard(NETFILTER, self._hear, FAILURE, groups=GROUPS):
                await self._mark(trace, asyncio.get_running_loop().time() + left)
        except Unreachable as error:
            trace.problem = str(error)
        finally:
            trace.over = True
            self.came += 1

    async def _mark(self, trace: Trace, end: float) -> None:
        """Until `end`, enough packets, or another wish.  What is in force may change meanwhile."""
        table, laid = driver.Table(), None
        self._renamed = True
        try:
            while asyncio.get_running_loop().time() < end and not trace.packets.full:
                if (newest := self._wished()) and newest.id != trace.wish:
                    return
                chains = self._chains(trace.flow)
                if chains != laid:
                    await table.lay(chains)
                    laid, trace.problem = chains, "" if chains else NOWHERE
                    self.came += 1
                await asyncio.sleep(INTERVAL_SECONDS)
        finally:
            await table.lift()

    def _chains(self, flow: Flow) -> tuple[Chain, ...]:
        config = self._here()
        return wanted(config, flow) if config else ()

    def _hear(self, kind: int, body: memoryview) -> None:
        if kind == GENERATION:
            self._renamed = True
        if kind != TRACE or self._trace is None or (one := step(body)) is None:
            return
        if self._renamed or (one.handle and one.rule not in self._names):
            # Handles are not given twice, so what was changed a moment ago keeps its name.
            with suppress(Unreachable):
                self._names |= driver.names()
                self._renamed = False
        self._trace.packets.told(one, self._names.get(one.rule, ""), self._now())
        self.came += 1

    def _wished(self) -> Wish | None:
        self._inventory.changed()  # opens the file again when it was replaced
        if self._inventory.connection is None:
            return None
        try:
            return inventory_view.newest_wish(self._inventory.connection, "net", WISH)
        except (sqlite3.Error, json.JSONDecodeError):  # web is still making its tables
            return None


def _row(one: Trace) -> dict[str, Any]:
    return {
        "wish": one.wish,
        "flow": one.flow.fields(),
        "until": one.until,
        "over": one.over,
        "problem": one.problem,
        "packets": [
            {
                "at": packet.at,
                "source": packet.source,
                "destination": packet.destination,
                "port": packet.port,
                "accepted": packet.accepted,
                "by": packet.by,
                "elsewhere": packet.elsewhere,
            }
            for packet in one.packets.shown()
        ],
    }
