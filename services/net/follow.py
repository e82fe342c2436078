"""DOOR: what net reads of other roles' files: nixie.db, leases.db, wan.db."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from ipaddress import IPv4Network

from appliance.model import pppoe
from appliance.model.foreign import Foreign, Source
from appliance.model.way import Learned
from appliance.roles import CONFINED, FETCHERS
from appliance.store import builds, inventory_view, leases, ways
from appliance.store.follow import Follower
from appliance.store.open import now
from services.drops.stray import Doing
from services.net.aim import names_by_mac
from services.net.asked import BESIDE, Inventory, asked
from services.net.attempt import Clocks
from services.net.leaving import LastEnd
from services.pppoe.probe import stands
from services.processes.privileges import named


def read(inventory: Follower, answered: int) -> Inventory | None:
    """What nixie.db says, with the wishes after the one that was `answered`; None when it cannot be
    read now."""
    inventory.changed()  # opens the file again when it was replaced
    connection = inventory.connection
    if connection is None:
        return None
    look_up = partial(inventory_view.revision, connection)
    try:
        last = inventory_view.last_wish(connection)
        wishes = inventory_view.wishes(connection, "net", min(answered, last))
        return Inventory(
            newest=inventory_view.newest_revision(connection),
            machines=names_by_mac(inventory_view.machines(connection)),
            asked=tuple(asked(wish, look_up) for wish in wishes if wish.kind not in BESIDE),
            last_wish=last,
            let_in=inventory_view.let_in(connection),
        )
    except sqlite3.Error:  # web is still making its tables
        return None


def last_ends(held: Follower, boot: str, clocks: Clocks) -> LastEnd:
    """When the last lease on a subnet ends by the clock as it is now; `boot` names this run of the
    machine."""

    def last_end(network: str, subnet: IPv4Network) -> float | None:
        held.changed()
        if held.connection is None:
            return None
        try:
            end, wall = leases.last_end(held.connection, network, subnet), clocks.now()
            theirs = leases.time_of(held.connection, boot, clocks.boottime(), wall)
            return end and end + wall - theirs
        except sqlite3.Error:
            return None

    return last_end


class Foreigners:
    """The foreign code of this router: whose it is, and what it does right now.

    `accounts` is the text of /etc/passwd.  What nixie.db said last goes on while it cannot be read.
    """

    def __init__(self, nixie: Follower, build: Follower, accounts: str) -> None:
        self._nixie, self._build = nixie, build
        self._users = tuple(
            (name, named(user, number, accounts))
            for name, (user, number) in CONFINED.items()
            if name in FETCHING
        )
        self._sources: tuple[Source, ...] = ()

    def known(self) -> Foreign:
        """Their users and the sources."""
        self._nixie.changed()  # opens the file again when it was replaced
        if self._nixie.connection is not None:
            with suppress(sqlite3.Error):  # web is still making its tables
                rows = inventory_view.sources(self._nixie.connection)
                self._sources = tuple(Source(one.id, one.url, one.reach) for one in rows)
        return Foreign(users=self._users, sources=self._sources)

    def doing(self) -> Doing:
        """Which sources are fetched and built."""
        self._build.changed()
        if self._build.connection is None:
            return Doing()
        try:
            states = builds.source_states(self._build.connection)
            running = builds.under_way(self._build.connection)
            over = builds.over(self._build.connection, limit=ENDED)
        except sqlite3.Error:
            return Doing()
        recent, moment = now() - RECENT_SECONDS, now() - MOMENT_SECONDS
        checked = {name: one.checked_at or 0.0 for name, one in states.items()}
        lately = tuple(name for name, at in checked.items() if at >= recent)
        fetching = [name for name, one in states.items() if one.state == "fetching"]
        fetching += [name for name, at in checked.items() if at >= moment]
        building = [one.source for one in running if one.state == "running"]
        building += [one.source for one in over if (one.ended_at or 0.0) >= moment]
        built = [one.source for one in over if (one.ended_at or 0.0) >= recent]
        return Doing(
            tuple(dict.fromkeys(fetching)) or lately,
            tuple(dict.fromkeys(building or built)) or lately,
        )

    def close(self) -> None:
        """Let go of the files."""
        self._nixie.close()
        self._build.close()


FETCHING = frozenset({"fetch", *FETCHERS})
RECENT_SECONDS = 15.0
MOMENT_SECONDS = 3.0
"""The kernel tells a moment later: so long it may also have been one that has ended since."""
ENDED = 8
"""Builds that ended lately: how many are looked at."""


class Provider:
    """What the provider gave, as wan.db says; the last of it while that cannot be read.

    `boot` names this run of the machine.  A lease whose role is dead ends on time all the same.
    """

    def __init__(
        self, wan: Follower, boot: str, clock: Callable[[], float], *, lasting: bool = False
    ) -> None:
        """`clock` is CLOCK_BOOTTIME; `lasting` where the disk can only be read: then nobody can
        put down that a lease was renewed, and the last one known goes on."""
        self._wan, self._boot, self._clock, self._lasting = wan, boot, clock, lasting
        self._last = Learned()

    def learned(self) -> Learned:
        """What is held now."""
        self._wan.changed()  # opens the file again when it was replaced
        if self._wan.connection is not None:
            with suppress(sqlite3.Error):  # wan is still making its tables
                self._last = ways.learned(self._wan.connection)
        held = self._last.held
        if held is None:
            return self._last
        goes_on = self._lasting and held.boot == self._boot
        lives = goes_on or held.ends(self._boot) > self._clock()
        if lives and (held.link != pppoe.LINK or stands(held.lease.address.ip)):
            return self._last  # a session's goes with it, before anybody could report it
        ended = (held.link, held.lease.address)
        return replace(self._last, held=None, former=(*self._last.former, ended))
