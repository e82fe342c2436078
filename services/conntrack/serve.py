"""DOOR: tells the owner before the kernel's table of connections is full, and when it is over."""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress

from appliance.errors import Unreachable
from appliance.events import FlowsCalm, FlowsNearlyFull
from appliance.model.config import RouterConfig
from appliance.store import devices
from appliance.store.journal import append, latest, transaction
from services.conntrack import driver
from services.conntrack.share import home, is_told, over, told

LOOK_SECONDS = 2.0
KINDS = (FlowsNearlyFull.__name__, FlowsCalm.__name__)


async def serve(
    database: sqlite3.Connection,
    here: Callable[[], RouterConfig | None],
    now: Callable[[], float],
) -> None:
    """Watch until cancelled; `here` is what is in force.  Two small files are read each time, the
    connections themselves only when there is something to tell."""
    newest = latest(database, KINDS, ())
    full = bool(newest) and isinstance(newest[0].event, FlowsNearlyFull)
    while True:
        found = driver.fill()
        if found is not None and is_told(*found, before=full) != full:
            full = not full
            event = (
                told(*found, _begun(), home(here(), devices.devices(database)))
                if full
                else over(*found)
            )
            with transaction(database):
                append(database, event, now())
        await asyncio.sleep(LOOK_SECONDS)


def _begun() -> list[bytes]:
    with suppress(Unreachable):
        return driver.begun()
    return []
