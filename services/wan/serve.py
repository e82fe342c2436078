"""DOOR: the wan role: one port, its provider, its gateway; it reports, and `net` assigns.

Its slice comes from net.db, the owner's wishes from nixie.db, and both may be gone: the last slice
is kept in wan.db, with what is held.  A role that was killed in the middle of a lease takes the
same one up again; until it ends nobody takes it away.
"""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable
from ipaddress import IPv4Address
from pathlib import Path

from appliance.events import Event, WanAsked, WanRefused
from appliance.model.slices import WanSlice
from appliance.model.way import Lease, Stand, Way
from appliance.signs import NO_SIGNS, Signs
from appliance.store import inventory_view, slices, ways
from appliance.store.follow import INTERVAL_SECONDS, Follower
from appliance.store.inventory_view import Wish
from appliance.store.open import now as today
from appliance.store.open import writer
from appliance.store.way_record import Record
from services.dhcp.wire import Message
from services.pppoe.pppd import REPORT
from services.pppoe.probe import able, newest
from services.wan.driver import Cable
from services.wan.lease import Act
from services.wan.port import Port
from services.wan.search.driver import search
from services.wan.session import Session

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


async def serve(state: Path, signs: Signs = NO_SIGNS) -> None:
    """Hold the way out until cancelled; ready when what was held is taken up again.

    Raises Unreachable when wan.db was written by a newer Nixie.
    """
    role = Role(state)
    try:
        role.look()
        signs.ready()
        while True:
            signs.beat()
            role.look()
            await asyncio.sleep(INTERVAL_SECONDS)
    finally:
        role.close()


def boottime() -> float:
    """Seconds since the machine started, those it slept included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Role:
    """The role's memory between two looks."""

    def __init__(self, state: Path) -> None:
        self._own = writer(state / "wan.db", ways.MIGRATIONS)
        self._record = Record(self._own, BOOT_ID.read_text().strip(), today)
        self._net, self._inventory = Follower(state / "net.db"), Follower(state / "nixie.db")
        self._begun = False
        self._wan: WanSlice | None = None
        self._cable: Cable | None = None
        self._port: Port | None = None
        self._session: Session | None = None
        self._report = state / "pppd" / REPORT
        self._search: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Bring everything to what is asked, and do what is due."""
        if self._net.changed() or not self._begun:
            self._begun = True
            self._follow()
        if self._cable and self._wan and self._port is None and self._session is None:
            self._plug(self._cable, self._wan)
        if self._cable and self._port:
            acts = self._port.look(boottime(), connected=self._cable.connected())
            self._cable.send(acts)
        if self._cable and self._session and self._wan and self._wan.pppoe:
            found = newest(self._report, self._wan.pppoe)
            self._session.look(found, boottime(), connected=self._cable.connected())
        if self._inventory.changed():
            self._heed()
        self._note()

    def close(self) -> None:
        """Let go of everything; what is held stays held."""
        if self._search:
            self._search.cancel()
        if self._cable:
            self._cable.close()
        for follower in (self._net, self._inventory):
            follower.close()
        self._own.close()

    # ── the slice ────────────────────────────────────────────────────────────────────────────────

    def _follow(self) -> None:
        """Read the slice; another one gives back what the one before held."""
        published = slices.published(self._net)
        found = published or slices.last(self._own)
        if published:
            slices.keep(self._own, published)
        wan = found.wan if found else None
        if wan == self._wan:
            return
        if self._cable and self._port and not self._goes_on(wan):
            self._cable.send(self._port.released(boottime()))
        if self._cable:
            self._cable.close()  # its card may have another MAC now
        self._wan, self._cable, self._port, self._session = wan, None, None, None
        if wan is not None:
            cable = wan.pppoe.cable if wan.pppoe else wan.link
            self._cable = Cable(cable, self._heard, self._has)
        if wan is not None and wan.pppoe:
            self._session = Session(wan, boottime(), able=able())

    def _goes_on(self, wan: WanSlice | None) -> bool:
        """May the lease of the port stay: is it the same port, and by DHCP as before?"""
        before = self._wan
        if wan is None or before is None or before.link != wan.link:
            return False
        return before.address is None and wan.address is None

    def _plug(self, cable: Cable, wan: WanSlice) -> None:
        """Begin with what this port holds already, once its card is there."""
        if not cable.mac:
            return
        now = boottime()
        held = self._record.held_by(wan.link, now) if wan.address is None else None
        self._port = Port(wan, cable.mac, _draw, now, held)

    # ── what happens ─────────────────────────────────────────────────────────────────────────────

    def _heard(self, message: Message) -> None:
        self._acted(lambda port: port.heard(message, boottime()))

    def _has(self, address: IPv4Address) -> None:
        self._acted(lambda port: port.has(address, boottime()))

    def _acted(self, what: Callable[[Port], tuple[Act, ...]]) -> None:
        if self._port and self._cable:
            self._cable.send(what(self._port))
            self._note()

    def _heed(self) -> None:
        """Answer what the owner wishes."""
        connection = self._inventory.connection
        if connection is None:
            return
        try:
            last = inventory_view.last_wish(connection)
            wishes = inventory_view.wishes(connection, "wan", min(self._record.asked, last))
        except sqlite3.Error:  # web is still making its tables
            return
        for wish in wishes:
            self._answer(wish)

    def _answer(self, wish: Wish) -> None:
        if wish.kind == "renew":
            self._record.answered(wish.seq, self._renew(wish))
        elif wish.kind == "probe" and (self._search is None or self._search.done()):
            self._record.answered(wish.seq)
            ports = str(wish.body.get("ports", "")).split()
            self._search = asyncio.create_task(search(self._net, ports, wish.id, self._record.tell))
        else:
            what = "A search is going on already."
            self._record.answered(wish.seq, WanRefused(wish.id, what))

    def _renew(self, wish: Wish) -> Event:
        if self._session:
            what = "A PPPoE session is begun anew by itself, a minute after it ended at the latest."
            return WanRefused(wish.id, what)
        if self._port is None or self._wan is None or wish.body.get("link") != self._wan.link:
            what = "That is not the port to the internet now, so nobody is asked there."
            return WanRefused(wish.id, what)
        if self._cable:
            self._cable.send(self._port.again(boottime()))
        return WanAsked(wish.id, self._wan.link)

    # ── what is put down ─────────────────────────────────────────────────────────────────────────

    def _note(self) -> None:
        """Put down what changed."""
        now, port = boottime(), self._port
        if self._session:
            self._note_session(self._session, now)
            return
        if port is None:
            if self._wan is None:
                self._record.write(None, "", 0.0, Way(), 0.0)
            return
        stand, why = port.stand(now)
        given: Lease | None = port.lease
        taken = port.client.taken_at if port.client else now
        way = Way(
            stand=stand,
            link=port.link,
            why=why,
            address=str(port.address or ""),
            gateway=str(port.gateway or ""),
            milliseconds=port.gauge.milliseconds if stand is Stand.ONLINE else None,
            lost_percent=port.gauge.lost_percent,
        )
        self._record.write(given, port.link, taken, way, today() - (now - taken))

    def _note_session(self, session: Session, now: float) -> None:
        stand, why = session.stand(now)
        lease = session.lease
        way = Way(
            stand=stand,
            link=session.link,
            why=why,
            address=str(lease.address.ip) if lease else "",
            gateway=str(lease.server) if lease else "",
        )
        taken = session.taken_at
        given_at = today() - (now - taken)
        self._record.write(lease, session.link, taken, way, given_at, session.name)


def _draw() -> int:
    return int.from_bytes(os.urandom(4), "big")
