"""DOOR: what dns reads of other roles' files, and what it keeps in its own.

Its slice comes from net.db, its names from leases.db, a pause of blocking from nixie.db.  All may
be missing or go away: what was known last goes on.  The slice is kept in dns.db as well, for a
restart without net.db, and so are the lists of blocked names.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

from appliance.model.slices import DnsSlice
from appliance.store import devices, inventory_view, leases, names, slices
from appliance.store.follow import INTERVAL_SECONDS, Follower
from appliance.store.inventory_view import Wish
from appliance.store.leases import LeaseRow
from appliance.store.open import BOOT_ID, now, uptime
from appliance.store.verified import Pair, verified
from services.dns.blocked import Blocked
from services.dns.blocking.driver import Lists
from services.dns.exempt import exempt_addresses
from services.dns.questions import Questions

REFRESH_SECONDS = 30.0
"""A lease that ran out without anybody writing is forgotten by then."""
STANDING_SECONDS = 5.0
LOOK_SECONDS = 10.0
"""Who asked for a name to be looked up waits no longer."""


class Told(Protocol):
    """The server, as far as it is told things."""

    slice: DnsSlice | None
    leases: list[LeaseRow]
    questions: Questions

    def take(self, slice_: DnsSlice, found: list[LeaseRow], answered: frozenset[Pair]) -> None:
        """These names and ways from now on."""

    def block(self, blocked: Blocked | None) -> None:
        """These names are not answered from now on."""

    def exempt(self, clients: frozenset[str]) -> None:
        """Nothing is blocked for these from now on."""

    async def look(self, name: str, record: str, client: str) -> str:
        """What would be answered, as a sentence."""

    def standing(self) -> dict[str, Any]:
        """How it goes."""


class Known:
    """The files, and the server that is told of them."""

    def __init__(self, state: Path, server: Told) -> None:
        self._server, self._boot = server, BOOT_ID.read_text().strip()
        self._own = names.opened(state / "dns.db")
        self._net, self._held = Follower(state / "net.db"), Follower(state / "leases.db")
        self._wishes = Follower(state / "nixie.db")
        self._lists = Lists(self._own, state / "run/broker.sock", self._changed)
        self._blocked: Blocked | None = None
        self._paused_until = 0.0
        self._pauses = False
        self._noted_until = 0.0
        self._looked = ""
        self._answered: frozenset[Pair] = frozenset()
        self._seen: frozenset[tuple[str, str]] = frozenset()
        self._look: asyncio.Task[None] | None = None
        self._told: dict[str, Any] = {}

    def bring(self) -> None:
        """Read what can be read; what cannot stays as it was, or as it was before a restart."""
        slice_, found = self._server.slice, self._server.leases
        if (published := slices.published(self._net)) is not None:
            slice_ = published.dns
            if slice_ != self._server.slice:
                slices.keep(self._own, published)
        elif slice_ is None and (kept := slices.last(self._own)) is not None:
            slice_ = kept.dns
        if slice_ is None:
            return
        exempt = slice_.settings.blocking.exempt
        with suppress(sqlite3.Error):
            if self._held.connection:
                macs = (*dict(slice_.machines), *exempt)
                theirs = leases.time_of(self._held.connection, self._boot, uptime(), now())
                found = leases.named(self._held.connection, macs, theirs)
        with suppress(sqlite3.Error):
            if self._net.connection:
                self._answered = verified(self._net.connection)
                self._seen = devices.addresses_of(self._net.connection, exempt)
        self._server.take(slice_, found, self._answered)
        self._server.exempt(exempt_addresses(slice_, found, self._seen))
        self._lists.want(slice_.settings.blocking)

    async def follow(self, beat: Callable[[], None]) -> None:
        """Bring everything in as it changes, and now and then: leases run out unsaid."""
        clock = asyncio.get_running_loop().time
        looked_at = clock()
        told_at = clock() - STANDING_SECONDS
        while True:
            beat()
            fresh = [one.changed() for one in (self._net, self._held)]
            if any(fresh) or clock() - looked_at >= REFRESH_SECONDS:
                looked_at = clock()
                self.bring()
            if self._wishes.changed():
                self._hear_wishes()
                self._tell()
            self._mind_pause(now())
            self._server.questions.switch(on=now() < self._noted_until)
            self._lists.look(now())
            if clock() - told_at >= STANDING_SECONDS:
                told_at = clock()
                self._tell()
            await asyncio.sleep(INTERVAL_SECONDS)

    def close(self) -> None:
        """Let go of the files."""
        self._lists.close()
        if self._look:
            self._look.cancel()
        for follower in (self._net, self._held, self._wishes):
            follower.close()
        self._own.close()

    def _changed(self, blocked: Blocked) -> None:
        self._blocked = blocked
        self._server.block(None if self._pauses else blocked)

    def _hear_wishes(self) -> None:
        with suppress(sqlite3.Error):
            if self._wishes.connection:
                wish = inventory_view.newest_wish(self._wishes.connection, "dns", "pause")
                self._paused_until = float(wish.body["until"]) if wish else 0.0
                noted = inventory_view.newest_wish(self._wishes.connection, "dns", "note")
                self._noted_until = float(noted.body["until"]) if noted else 0.0
                self._look_up(inventory_view.newest_wish(self._wishes.connection, "dns", "look"))

    def _look_up(self, wish: Wish | None) -> None:
        """Say what a name would be answered, unless that was said, or nobody waits any more."""
        if wish is None or wish.id == self._looked or abs(now() - wish.at) > LOOK_SECONDS:
            return
        self._looked = wish.id

        async def look() -> None:
            words = (str(wish.body[one]) for one in ("name", "record", "client"))
            what = await self._server.look(*words)
            with suppress(sqlite3.Error):
                names.keep_look(self._own, wish.id, what, now())

        self._look = asyncio.get_running_loop().create_task(look())

    def _mind_pause(self, moment: float) -> None:
        """Begin or end a pause when it is time."""
        pauses = moment < self._paused_until
        if pauses != self._pauses:
            self._pauses = pauses
            self._server.block(None if pauses else self._blocked)

    def _tell(self) -> None:
        body = {
            **self._server.standing(),
            "paused_until": self._paused_until,
            "noted_until": self._noted_until,
        }
        if body != self._told:
            with suppress(sqlite3.Error):  # a full disk: it is told another time
                names.keep_standing(self._own, body, now())
                self._told = body
