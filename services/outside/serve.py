"""DOOR: looks at the router from outside, by itself and when the owner wants it, and puts down what
was seen."""

import asyncio
import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv6Interface, ip_interface
from pathlib import Path

from appliance.errors import NixieError, Unreachable
from appliance.events import Event, ExposureFound, ExposureGone, OutsideRefused, OutsideSilent
from appliance.model.config import RouterConfig
from appliance.store import exposures, inventory_view, trials
from appliance.store.follow import Follower
from appliance.store.journal import append, transaction
from services.links.driver import LinksDriver, netlink
from services.net.asked import LOOK
from services.net.keeper import Keeper
from services.outside.driver import listed, look
from services.outside.judge import judged
from services.outside.watch import LISTED_SECONDS, News, Watch

INTERVAL_SECONDS = 0.5
BY_ITSELF = ""
"""The wish of a look that nobody wished."""
CLIENT_PORTS = Path("/proc/sys/net/ipv4/ip_local_port_range")


async def serve(
    keeper: Keeper,
    database: sqlite3.Connection,
    inventory: Follower,
    now: Callable[[], float],
) -> None:
    """Watch, and look whenever it is time or nixie.db wishes it; never ends.

    What was wished before we began is over.  While a change is on trial only the owner has
    somebody sent.
    """
    eyes = Eyes(database, now)
    answered, list_at = _newest(inventory), 0.0
    while True:
        await asyncio.sleep(INTERVAL_SECONDS)
        wish, config, moment = _newest(inventory), keeper.here, time.monotonic()
        if config is None:
            continue
        if wish and wish != answered:
            answered = wish
            await eyes.look(config, wish)
        elif moment >= list_at:
            list_at = moment + LISTED_SECONDS
            eyes.list(config)
            if keeper.on_trial is None and eyes.watch.due(config, moment):
                await eyes.look(config, BY_ITSELF)


class Eyes:
    """The watch, with the kernel and net.db."""

    def __init__(self, database: sqlite3.Connection, now: Callable[[], float]) -> None:
        self._database, self._now = database, now
        self._known = exposures.known(database)
        told = exposures.exposures(database)
        first = int(CLIENT_PORTS.read_text().split()[0])
        self.watch = Watch(self._known, told, time.monotonic(), clients_from=first)

    def list(self, config: RouterConfig) -> None:
        """Look who waits, without asking anybody."""
        with suppress(Unreachable):  # the kernel is busy: the next list is soon
            self.watch.listed(config, listed())
            self._tell(self.watch.news(config, self._now()))

    async def look(self, config: RouterConfig, wish: str) -> None:
        """Send somebody, and put down what was seen."""
        try:
            async with netlink() as opened:  # of our own: a socket has one list at a time
                seen = await look(opened, await own(LinksDriver(opened)))
        except NixieError as error:
            self._failed(config, OutsideRefused(wish, str(error)))
            return
        wall = self._now()
        judgement = judged(wish, config, seen, wall)
        if isinstance(judgement, OutsideRefused) and not wish:
            self._failed(config, judgement)
            return
        self.watch.looked(config, seen, time.monotonic(), wall, random.uniform(-1, 1))
        if wish:
            self.watch.met(config, seen)
        with transaction(self._database):
            trials.write_outside(self._database, seen, wall)
        told = wish or isinstance(judgement, OutsideSilent)  # else each finding is told, once
        self._tell(self.watch.news(config, wall), *([judgement] if told else []))

    def _failed(self, config: RouterConfig, why: OutsideRefused) -> None:
        """Whoever wished it is told at once."""
        if self.watch.failed(config, time.monotonic()) or why.wish:
            self._tell(News(), why)

    def _tell(self, news: News, *events: Event) -> None:
        """Put down what is new, with what is to be remembered; nothing is written for nothing."""
        at, known = self._now(), self.watch.known
        told = [
            *events,
            *(ExposureFound(one.name, one.what, one.todo) for one in news.found),
            *(ExposureGone(one.name, one.what) for one in news.over),
        ]
        if not told and known == self._known:
            return
        with transaction(self._database):
            exposures.write_exposures(self._database, news.found, news.over, at)
            if known is not None:
                exposures.write_known(self._database, known)
            for event in told:
                append(self._database, event, at)
        self._known = known


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
