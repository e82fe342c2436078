"""DOOR: the notice role: hears everybody's journals, queues, and sends.

What a channel is, is in nixie.db; its secret comes from web by the role's own socket, and lies in
secrets/notice.  A look a second; sending happens in threads beside it.
"""

import asyncio
import os
import re
import socket
import sqlite3
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from appliance.events import Event, NoticeRefused, NoticeTested
from appliance.model.newcomers import ALLOW
from appliance.model.notices import MAIL, Channel
from appliance.signs import NO_SIGNS, Signs
from appliance.store import inventory_view, journal, notices, slices, trials
from appliance.store.follow import Follower
from appliance.store.inventory_view import Wish
from appliance.store.looks.open import FILES
from appliance.store.notices import Notice, Outcome
from appliance.store.open import now, writer
from appliance.store.secrets.open import Secrets
from appliance.store.standing.open import standings
from services.notices import letter, topics
from services.notices.pace import Pace
from services.notices.sending.driver import NotSent, send_mail, send_post
from services.notices.silent import silent_networks
from services.recall.serve import listening

LOOK_SECONDS = 1.0
STANDING_SECONDS = 15.0
"""Between two looks at processes and disk; what was so for two looks is told."""
FULL = 0.1
"""Less than this part of the disk is free: it is nearly full."""
WISH_SECONDS = 60.0
"""An older wish for a test is nobody's any more."""
IDENT = re.compile(r"[0-9a-f-]{8,40}")
TESTING = "test"
TEST = "This is a test. Whoever reads it is told what happens to the router."


async def serve(state: Path, ear: socket.socket | None, signs: Signs = NO_SIGNS) -> None:
    """Tell the owner until cancelled; at `ear` web leaves the secrets of channels.

    Raises Unreachable when notice.db was written by a newer Nixie.
    """
    role = Role(state)
    listener = await listening(ear, role.told, lambda: 0) if ear else None
    try:
        signs.ready()
        while True:
            signs.beat()
            role.look()
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        if listener:
            listener.close()
        role.close()


class Role:
    """The role's memory between two looks."""

    def __init__(self, state: Path) -> None:
        self._state, self._secrets = state, Secrets(state / "secrets/notice")
        self._own = writer(state / "notice.db", notices.MIGRATIONS)
        self._files = {one: Follower(state / f"{one}.db") for one in FILES}
        self._heard = notices.heard(self._own)
        self._channels: dict[str, Channel] = {}
        self._paces: dict[str, Pace] = {}
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._seen_once: frozenset[str] = frozenset()
        self._standing_at = 0.0
        self._router, self._silent = "nixie", frozenset[str]()

    def look(self) -> None:
        """Hear what is new, and send what is due."""
        moment = time.monotonic()
        changed = [name for name, follower in self._files.items() if follower.changed()]
        with suppress(sqlite3.Error):  # a role is still making its tables, or the disk is full
            if "nixie" in changed:
                self._read_channels()
            if "net" in changed:
                self._read_net()
            for name in changed:
                self._hear(name)
            self._heed()
            if moment - self._standing_at >= STANDING_SECONDS:
                self._standing_at = moment
                self._look_around()
            self._send_due(moment)

    def told(self, question: Mapping[str, Any]) -> list[Any]:
        """Web leaves a secret, "" to forget it; answers whether there is one of that id."""
        ident = str(question.get("of", ""))
        if not IDENT.fullmatch(ident):
            return []
        if secret := str(question.get("secret", "")):
            self._secrets.write(ident, secret.encode())
        elif "secret" in question:
            self._secrets.remove(ident)
        return [bool(self._secrets.read(ident))]

    def close(self) -> None:
        """Stop sending; what waits is sent after the next start."""
        for task in self._sending.values():
            task.cancel()
        for follower in self._files.values():
            follower.close()
        self._own.close()

    # ── what is known ────────────────────────────────────────────────────────────────────────────

    def _read_channels(self) -> None:
        connection = self._files["nixie"].connection
        if connection is None:
            return
        self._channels = {one.id: one for one in inventory_view.channels(connection)}
        self._paces = {ident: self._paces.get(ident, Pace()) for ident in self._channels}
        with journal.transaction(self._own):
            notices.forget_channels(self._own, self._channels)

    def _read_net(self) -> None:
        found = slices.published(self._files["net"])
        if found:
            self._router = found.dns.hostname
        if connection := self._files["net"].connection:
            kept = trials.kept(connection)
            self._silent = silent_networks(kept.config, ALLOW) if kept else frozenset()

    # ── hearing ──────────────────────────────────────────────────────────────────────────────────

    def _hear(self, file: str) -> None:
        connection = self._files[file].connection
        if connection is None:
            return
        last = journal.last(connection)
        after = self._heard.get(file, last)
        if last < after:  # another file: what is in it happened before we knew it
            after = last
        found = []
        while entries := list(journal.read(connection, after)):
            after = entries[-1].seq
            for entry in entries:
                topic = topics.topic(entry.event, self._silent)
                if topic:
                    found.append(Notice(topic, topics.what(entry.event), entry.at))
        self._queue(found, {file: max(after, last)})

    def _look_around(self) -> None:
        """Processes that do not run, and a disk that is nearly full, once each."""
        found = {what: "role" for one in standings(self._state) for what in one.troubles}
        if sentence := _nearly_full(self._state):
            found[sentence] = "disk"
        told = notices.standing(self._own)
        fresh = [what for what in found if what not in told and what in self._seen_once]
        self._seen_once = frozenset(found)
        still = (told & found.keys()) | frozenset(fresh)
        if still != told:
            self._queue([Notice(found[what], what, now()) for what in fresh], {}, still)

    def _queue(
        self, found: list[Notice], places: Mapping[str, int], still: frozenset[str] | None = None
    ) -> None:
        """Put notices into the queue of every channel that wants them, with what was heard."""
        same = all(self._heard.get(name) == seq for name, seq in places.items())
        if not found and still is None and same:
            return
        with journal.transaction(self._own):
            notices.write_heard(self._own, places)
            if still is not None:
                notices.write_standing(self._own, still)
            for channel in self._channels.values():
                wanted = [one for one in found if one.topic in channel.topics]
                notices.queue(self._own, channel.id, wanted)
        self._heard.update(places)

    # ── sending ──────────────────────────────────────────────────────────────────────────────────

    def _send_due(self, moment: float) -> None:
        for ident, count in notices.waiting(self._own).items():
            pace = self._paces.get(ident)
            if pace is None or not count or ident in self._sending:
                continue
            pace.came(moment)
            if pace.due(moment):
                self._begin(ident, self._send(self._channels[ident], pace))

    def _begin(self, ident: str, sending: Any) -> None:
        task = asyncio.get_running_loop().create_task(sending)
        self._sending[ident] = task
        task.add_done_callback(lambda _: self._sending.pop(ident, None))

    async def _send(self, channel: Channel, pace: Pace) -> None:
        """Send everything that waits for a channel as one message."""
        waiting = notices.queued(self._own, channel.id)
        try:
            said = await self._sent(channel, [one.notice for one in waiting])
        except NotSent as error:
            pace.failed(time.monotonic())
            self._note(channel, sent=False, said=str(error))
            return
        pace.sent(time.monotonic())
        with suppress(sqlite3.Error), journal.transaction(self._own):
            notices.sent(self._own, channel.id, waiting[-1].id)
        self._note(channel, sent=True, said=said)

    async def _sent(self, channel: Channel, told: list[Notice]) -> str:
        """What its server said.  Raises NotSent."""
        secret = (self._secrets.read(channel.id) or b"").decode()
        if channel.kind == MAIL:
            ident = f"{os.urandom(12).hex()}"
            message = letter.mail(channel, self._router, told, now(), ident)
            return await asyncio.to_thread(send_mail, channel.settings, secret, message)
        return await asyncio.to_thread(send_post, letter.post(channel, secret, self._router, told))

    def _note(self, channel: Channel, *, sent: bool, said: str) -> None:
        with suppress(sqlite3.Error), journal.transaction(self._own):
            notices.write_outcome(self._own, channel.id, Outcome(now(), sent, said))

    # ── what is asked ────────────────────────────────────────────────────────────────────────────

    def _heed(self) -> None:
        connection = self._files["nixie"].connection
        if connection is None:
            return
        answered = min(notices.asked(self._own), inventory_view.last_wish(connection))
        for wish in inventory_view.wishes(connection, "notice", answered):
            with journal.transaction(self._own):
                notices.write_asked(self._own, wish.seq)
            if wish.kind == TESTING and abs(now() - wish.at) <= WISH_SECONDS:
                self._begin(f"test {wish.id}", self._test(wish))

    async def _test(self, wish: Wish) -> None:
        channel = self._channels.get(str(wish.body.get("channel")))
        if channel is None:
            self._answer(NoticeRefused(wish.id, "This channel is not there any more."))
            return
        try:
            said = await self._sent(channel, [Notice("test", TEST, now())])
        except NotSent as error:
            self._note(channel, sent=False, said=str(error))
            self._answer(NoticeRefused(wish.id, str(error)))
            return
        self._note(channel, sent=True, said=said)
        self._answer(NoticeTested(wish.id, said))

    def _answer(self, event: Event) -> None:
        with suppress(sqlite3.Error), journal.transaction(self._own):
            journal.append(self._own, event, now())
            journal.prune(self._own)


def _nearly_full(state: Path) -> str:
    """A sentence when less than a tenth of the disk is free."""
    try:
        there = os.statvfs(state)
    except OSError:
        return ""
    if there.f_bavail >= FULL * there.f_blocks:
        return ""
    return f"Less than {FULL:.0%} of the router’s disk is free. Make room before it is full."
