"""DOOR: looks at the router from outside when the owner wants it, and puts down what was seen."""

import asyncio
import sqlite3
from collections.abc import Callable
from ipaddress import IPv6Interface, ip_interface

from appliance.errors import NixieError
from appliance.events import OutsideRefused
from appliance.model.config import RouterConfig
from appliance.store import inventory_view, trials
from appliance.store.follow import Follower
from appliance.store.journal import append, transaction
from services.links.driver import LinksDriver, netlink
from services.net.asked import LOOK
from services.net.keeper import Keeper
from services.outside.driver import look
from services.outside.judge import judged

INTERVAL_SECONDS = 0.5


async def serve(
    keeper: Keeper,
    database: sqlite3.Connection,
    inventory: Follower,
    now: Callable[[], float],
) -> None:
    """Look whenever nixie.db wishes it; never ends.  What was wished before we began is over."""
    answered = _newest(inventory)
    while True:
        await asyncio.sleep(INTERVAL_SECONDS)
        wish, config = _newest(inventory), keeper.here
        if wish and wish != answered and config:
            answered = wish
            await _once(wish, config, database, now)


def _newest(inventory: Follower) -> str:
    """The id of the newest wish for a look; "" while there is none to be read."""
    inventory.changed()  # opens the file again when it was replaced
    if inventory.connection is None:
        return ""
    try:
        wish = inventory_view.newest_wish(inventory.connection, "net", LOOK)
    except sqlite3.Error:  # web is still making its tables
        return ""
    return wish.id if wish else ""


async def own(links: LinksDriver) -> tuple[str, ...]:
    """The addresses at which this router could be asked from somewhere else."""
    found = {str(one) for every in (await links.addresses()).values() for one in every}
    there = [ip_interface(one) for one in sorted(found)]
    return tuple(str(one) for one in there if not (one.is_loopback or _is_near(one)))


def _is_near(one: object) -> bool:
    return isinstance(one, IPv6Interface) and one.is_link_local


async def _once(
    wish: str,
    config: RouterConfig,
    database: sqlite3.Connection,
    now: Callable[[], float],
) -> None:
    try:
        async with netlink() as opened:  # of our own: a socket has one list at a time
            seen = await look(opened, await own(LinksDriver(opened)))
    except NixieError as error:
        with transaction(database):
            append(database, OutsideRefused(wish, str(error)), now())
        return
    with transaction(database):
        trials.write_outside(database, seen, now())
        append(database, judged(wish, config, seen, now()), now())
