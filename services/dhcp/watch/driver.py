"""DOOR: the guard of one link, with its ear and its probes.

Without an ear nobody new is answered, and it is tried again with every look.
"""

import asyncio
import os
import socket
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from appliance.events import EarFound, EarLost, Event, ForeignBootServer, ForeignServer
from appliance.model.slices import HELD
from appliance.store.leases import alone_at, note_alone
from services.dhcp.guard import ENDING, OPEN_SECONDS, Guard, probes
from services.dhcp.lan import Lan
from services.dhcp.link.driver import Link, overheard
from services.dhcp.wire import decode

DRAIN = 256  # packets heard before the loop gets its turn
LOOK_SECONDS = 2.0
LEAST_SECONDS = 0.1
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def uptime() -> float:
    """Seconds since the machine started, those it slept included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Watch:
    """Keeps `lan.quiet` true to what the guard concludes.

    Events go to `tell`, as they happen; `turned` is called when the next look may be due earlier.
    """

    def __init__(
        self,
        link: Link,
        ledger: sqlite3.Connection,
        tell: Callable[[Sequence[Event]], None],
        turned: Callable[[], None],
    ) -> None:
        self._link = link
        self._ledger = ledger
        self._tell = tell
        self._turned = turned
        self._loop = asyncio.get_running_loop()
        self._boot = BOOT_ID.read_text().strip()
        self._lan: Lan | None = None
        self._guard: Guard | None = None
        self._ear: socket.socket | None = None
        self._lost = False  # no ear, and that was told

    def adopt(self, lan: Lan, wrong: Sequence[Event]) -> None:
        """Watch this network from now on; `wrong` is what stands against it on disk."""
        before, self._lan = self._lan, lan
        self._lost = any(isinstance(one, EarLost) for one in wrong)
        if self._guard is not None and before is not None and before.name == lan.name:
            ours = (lan.server, *(one.server for one in lan.formers))
            self._guard.move(ours)  # the wires are the same, and so is who is on them
        else:
            known = [one for one in wrong if isinstance(one, ForeignServer | ForeignBootServer)]
            now = uptime()
            at = alone_at(self._ledger, lan.name, lan.server, self._boot)
            opened = at is not None and now - at <= OPEN_SECONDS
            self._guard = Guard(lan.name, lan.address, now, known=known, opened=opened)
        if self._link.connected:
            self._listen(lan)
        self._judge(lan, self._guard)

    def rest(self) -> None:
        """There is no network on this link any more."""
        self._lan = self._guard = None
        self._deafen()

    def look(self, now: float) -> float:
        """Probe if it is due; returns when to look again (seconds since the machine's start)."""
        lan, guard = self._lan, self._guard
        if lan is None or guard is None:
            return now + LOOK_SECONDS
        connected = self._link.connected
        if connected:
            self._listen(lan)
        if self._ear is None or not connected:
            guard.cut(now)
        elif now >= guard.wake_at:
            self._probe(lan, guard, now)
        self._judge(lan, guard)
        due = min(at for at in (guard.wake_at, guard.opens_at, now + LOOK_SECONDS) if at > now)
        return max(due, now + LEAST_SECONDS)

    # ── probing ───────────────────────────────────────────────────────────────────────────────────

    def _probe(self, lan: Lan, guard: Guard, now: float) -> None:
        try:
            for one in probes(self._link.mac, int.from_bytes(os.urandom(4), "big")):
                self._link.ask(one)
        except OSError:  # the link went away just now
            guard.cut(now)
            return
        if told := guard.probed(now):
            self._tell(told)
        self._note(lan, guard, now)

    def _judge(self, lan: Lan, guard: Guard) -> None:
        before, now = lan.quiet, uptime()
        hears = self._ear is not None
        lan.quiet = guard.quiet(now, hears=hears, beside_others=lan.beside_others)
        if lan.stage == HELD:
            lan.quiet = ENDING
        if before is not None and lan.quiet is None:
            self._note(lan, guard, now)

    def _note(self, lan: Lan, guard: Guard, now: float) -> None:
        """Should the role start again soon, it need not listen first."""
        if guard.quiet(now, hears=self._ear is not None, beside_others=False) is None:
            with suppress(sqlite3.Error):
                note_alone(self._ledger, lan.name, lan.server, self._boot, now)

    # ── hearing ───────────────────────────────────────────────────────────────────────────────────

    def _listen(self, lan: Lan) -> None:
        """Have an ear; tell when none can be had, and when one can again."""
        if self._ear is not None:
            return
        try:
            self._ear = self._link.ear()
        except OSError as error:
            if not self._lost:
                self._lost = True
                why = f"{self._link.name} cannot be listened on ({error.strerror})."
                self._tell([EarLost(lan.name, why)])
            return
        self._loop.add_reader(self._ear, self._heard, self._ear)
        if self._lost:
            self._lost = False
            self._tell([EarFound(lan.name)])

    def _heard(self, ear: socket.socket) -> None:
        """Drain the ear: what servers say to clients."""
        lan, guard = self._lan, self._guard
        if lan is None or guard is None:
            return
        try:
            for datagram, mac in overheard(ear, DRAIN):
                with suppress(ValueError):  # no DHCP at all
                    if told := guard.heard(decode(datagram), mac, uptime()):
                        self._tell(told)
            self._turned()
        except OSError:
            self._deafen()  # the next look tries again
        self._judge(lan, guard)

    def _deafen(self) -> None:
        if self._ear is not None:
            self._loop.remove_reader(self._ear)
            self._ear.close()
            self._ear = None
