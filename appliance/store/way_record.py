"""What wan puts down, and what it tells: only what changed, each fact with its event.

A disk that refuses hinders nobody: what could not be written is different still at the next look.
"""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Final

from appliance.events import Event, WanAddressed, WanAddressGone, WanDown, WanOff, WanUp
from appliance.model.way import DOWN, Held, Lease, Stand, Way
from appliance.store import ways
from appliance.store.journal import append, prune, transaction

FIGURES_SECONDS: Final = 60.0
"""How often latency and loss are put down while nothing else changes."""


class Record:
    """wan.db as its one writer has it; `boot` names this run of the machine."""

    def __init__(self, own: sqlite3.Connection, boot: str, clock: Callable[[], float]) -> None:
        """`clock` gives Unix seconds."""
        self._own, self._boot, self._clock = own, boot, clock
        self._held = ways.learned(own).held
        self._way = ways.way(own)
        self._figures_at = 0.0
        self.asked = ways.asked(own)

    def held_by(self, link: str, now: float) -> tuple[Lease, float] | None:
        """What that port holds, and since when (CLOCK_BOOTTIME); None for nothing."""
        held = self._held
        if held is None or held.link != link or held.ends(self._boot) <= now:
            return None
        return held.lease, held.taken_at

    def write(
        self,
        lease: Lease | None,
        link: str,
        taken_at: float,
        way: Way,
        given_at: float,
        session: str = "",
    ) -> None:
        """Put down what is held, by which session, and how the way stands."""
        now = self._clock()
        held = Held(link, lease, taken_at, given_at, self._boot, session) if lease else None
        same = _same(held, self._held)
        if _again(held, self._held) and self._listens_anew(way):
            way = self._way
        events = [*self._of_lease(held, way), *self._of_way(way)]
        since = self._way.since if way.stand is self._way.stand else now
        way = replace(way, since=since)
        if same and not self._worth(way, now):
            return
        try:
            with transaction(self._own):
                if not same:
                    ways.write_held(self._own, held)
                ways.write_way(self._own, way)
                self._tell(events, now)
        except sqlite3.Error:
            return
        self._held, self._way, self._figures_at = held if not same else self._held, way, now

    def answered(self, seq: int, *events: Event) -> None:
        """A wish was answered, with these."""
        self.asked = seq
        self._write(events, seq)

    def tell(self, *events: Event) -> None:
        """Something happened that is no row."""
        self._write(events, None)

    def _write(self, events: tuple[Event, ...], seq: int | None) -> None:
        try:
            with transaction(self._own):
                if seq is not None:
                    ways.write_asked(self._own, seq)
                self._tell(events, self._clock())
        except sqlite3.Error:
            return

    def _worth(self, way: Way, now: float) -> bool:
        """Is it worth a write?  Figures alone are, now and then."""
        before = self._way
        if replace(way, milliseconds=None, lost_percent=None) != replace(
            before, milliseconds=None, lost_percent=None
        ):
            return True
        if way.stand is Stand.ONLINE and before.milliseconds is None is not way.milliseconds:
            return True
        return way != before and abs(now - self._figures_at) >= FIGURES_SECONDS

    def _listens_anew(self, way: Way) -> bool:
        """Was the role started anew?  It will have heard the gateway in a second."""
        return (way.stand, self._way.stand) == (Stand.LISTENING, Stand.ONLINE)

    def _of_lease(self, held: Held | None, way: Way) -> Iterator[Event]:
        before = self._held
        old = before.lease.address if before else None
        new = held.lease.address if held else None
        if old == new:
            return
        if before:
            yield WanAddressGone(before.link, str(old), _farewell(new, way))
        if held:
            server, seconds = str(held.lease.server), held.lease.lease_seconds
            yield WanAddressed(held.link, str(new), server, seconds)

    def _of_way(self, way: Way) -> Iterator[Event]:
        before = self._way
        if way.stand is before.stand and way.why == before.why:
            return
        if way.stand is Stand.ONLINE:
            yield WanUp(way.link, way.address, way.gateway)
        elif way.stand in DOWN:
            yield WanDown(way.link, way.why, way.stand.value)
        elif way.stand is Stand.OFF:
            yield WanOff()

    def _tell(self, events: tuple[Event, ...] | list[Event], at: float) -> None:
        for event in events:
            append(self._own, event, at)
        prune(self._own)


def _farewell(new: object, way: Way) -> str:
    """Why an address is no longer ours."""
    if new:
        return f"it has {new} now."
    if way.stand is Stand.OFF or way.address:
        return "it was given back, for the internet is reached another way."
    return way.why or "the lease is over."


def _again(one: Held | None, other: Held | None) -> bool:
    """Is it the same address, given again?"""
    if one is None or other is None:
        return False
    return (one.link, one.lease.address) == (other.link, other.lease.address)


def _same(one: Held | None, other: Held | None) -> bool:
    """Is it the same lease?  When it was given is said on another clock, which may be set."""
    if one is None or other is None:
        return one is other
    return replace(one, given_at=other.given_at) == other
