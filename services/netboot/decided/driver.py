"""DOOR: the owner's wishes about generations and identities, from nixie.db into boot.db,
with their answers.

A decision is kept here, so it holds with web, build and nixie.db gone.
"""

import sqlite3
from collections.abc import Callable, Mapping

from appliance.events import GenerationChosen, WishRefused
from appliance.generations import images_of
from appliance.model.table import Generation, Host
from appliance.store import boots, generations, journal
from appliance.store.inventory_view import Wish
from services.netboot.driver import Recorder
from services.netboot.follow import World
from services.netboot.identity.driver import ACTS as IDENTITY_ACTS
from services.netboot.identity.driver import Identities

CURSOR = "wishes.cursor"


class Decided:
    """Hears wishes, keeps what was decided, says so."""

    def __init__(self, world: World, recorder: Recorder, identities: Identities) -> None:
        self._world = world
        self._identities = identities
        self._recorder = recorder
        self._cursor = self._kept = int(recorder.own(CURSOR) or 0)
        self._asked: list[Wish] = []  # and not answered yet

    def hear(self, at: float) -> None:
        """Do what was asked since the last time.  Raises sqlite3.OperationalError on a full disk:
        then the next call does it."""
        cursor, asked = self._world.wishes(self._cursor, at)
        self._asked += asked
        if cursor == self._kept:
            return
        self._cursor = cursor
        with self._recorder.committing() as connection:
            for wish in self._asked:
                self._fulfil(connection, wish, at)
            boots.save_own(connection, CURSOR, str(cursor))
            self._recorder.standings = generations.standings(connection)
        self._kept, self._asked = cursor, []

    def _fulfil(self, connection: sqlite3.Connection, wish: Wish, at: float) -> None:
        if wish.kind in IDENTITY_ACTS:
            machine = self._world.table.machines.get(str(wish.body.get("machine")))
            self._identities.decided(connection, wish, machine.name if machine else "a machine", at)
            return
        act, host = ACTS.get(wish.kind), self._world.table.hosts.get(str(wish.body.get("host")))
        if act is None:
            journal.append(connection, WishRefused(wish.id, f"Nobody can {wish.kind} here."), at)
            return
        image = wish.body.get("image")
        which = [one for one in host.generations if image in (one.image, None)] if host else []
        if host is None or not which:
            what = "This generation is not there any more. Look at what there is now."
            journal.append(connection, WishRefused(wish.id, what), at)
            return
        what = act(connection, host, which[0], at)
        journal.append(connection, GenerationChosen(host.id, what, wish.id), at)


Act = Callable[[sqlite3.Connection, Host, Generation, float], str]
"""Carries a wish out; the sentence that answers it."""


def _pin(connection: sqlite3.Connection, host: Host, which: Generation, at: float) -> str:
    generations.pin(connection, host.id, which.image, at)
    return f"{host.name} serves generation {which.number} until it is unpinned."


def _unpin(connection: sqlite3.Connection, host: Host, _which: Generation, _at: float) -> str:
    generations.unpin(connection, host.id)
    return f"{host.name} serves its newest generation again, unless that is bad."


def _set_aside(connection: sqlite3.Connection, host: Host, which: Generation, at: float) -> str:
    for image in images_of(which):
        generations.set_aside(connection, host.id, image, at)
    return f"Generation {which.number} of {host.name} is bad: you rolled back from it."


def _try_again(connection: sqlite3.Connection, host: Host, which: Generation, _at: float) -> str:
    for image in images_of(which):
        generations.put_on_trial(connection, image)
    return f"Generation {which.number} of {host.name} may prove itself again."


ACTS: Mapping[str, Act] = {
    "pin": _pin,
    "unpin": _unpin,
    "set-aside": _set_aside,
    "try-again": _try_again,
}
