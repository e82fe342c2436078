"""DOOR: the owner's wishes about generations, identities and waking machines, from nixie.db into
boot.db with their answers.

A decision is kept here, so it holds with web, build and nixie.db gone.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping

from appliance.events import GenerationChosen, MachineWoken, WishRefused
from appliance.generations import images_of
from appliance.model.slices import BootNetwork
from appliance.model.table import Generation, Host
from appliance.model.wake import WAKE_SECONDS
from appliance.store import boots, generations, journal, wakes
from appliance.store.inventory_view import Wish
from appliance.store.wakes import WakeRow
from services.netboot.driver import Recorder
from services.netboot.follow import World
from services.netboot.identity.driver import ACTS as IDENTITY_ACTS
from services.netboot.identity.driver import Identities
from services.netboot.wake.driver import send

CURSOR = "wishes.cursor"
Send = Callable[[BootNetwork, Iterable[str]], None]
"""Wake the cards with these MACs on a network."""


class Decided:
    """Hears wishes, keeps what was decided, says so."""

    def __init__(
        self, world: World, recorder: Recorder, identities: Identities, send: Send = send
    ) -> None:
        self._send = send
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
        if wish.kind == "wake":
            self._wake(connection, wish, at)
            return
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

    def _wake(self, connection: sqlite3.Connection, wish: Wish, at: float) -> None:
        """Send the packet for each of a machine's cards to where that card is."""
        ident = str(wish.body.get("machine"))
        machine = self._world.table.machines.get(ident)
        if machine is None or at - wish.at > WAKE_SECONDS:
            late = "It was asked for too long ago." if machine else "This machine is gone."
            journal.append(connection, WishRefused(wish.id, late), at)
            return
        sent, why = self._packets(connection, ident)
        wakes.save(connection, WakeRow(ident, at, sent, why))
        what = f"A packet went out on {' and '.join(sent)} to wake {machine.name}." if sent else why
        told = MachineWoken(ident, what, wish.id) if sent else WishRefused(wish.id, what)
        journal.append(connection, told, at)

    def _packets(self, connection: sqlite3.Connection, ident: str) -> tuple[tuple[str, ...], str]:
        """The networks that had one, else why none had."""
        cards = [card for card, owner in self._world.table.macs.items() if owner == ident]
        networks = {one.name: one for one in self._world.networks.values()}
        there: dict[str, list[str]] = {}
        for card in cards:
            place, _, mac = card.rpartition("|")
            place = place or wakes.seen_on(connection, mac) or ""
            for name in [place] if place else networks:
                there.setdefault(name, []).append(mac)
        sent, why = [], "It has no network card here. Add one on its page."
        for name, macs in there.items():
            try:
                self._send(networks[name], macs)
            except KeyError:
                why = f"Nothing boots from {name}, so it cannot be woken there."
            except OSError as error:
                why = f"The packet could not be sent on {name}: {error.strerror or error}."
            else:
                sent.append(name)
        return tuple(sent), "" if sent else why


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
