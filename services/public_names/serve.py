"""DOOR: names on the internet follow the router: which there are, what it has, what servers say.

Which names there are is in nixie.db, how the way out stands in wan.db, whether the clock is to be
believed in net.db; what became of each lies in notice.db.  A look a second; servers are asked in
threads beside it.  What goes wrong there, foreseen or not, is what a try came to: it has its pause.
"""

import asyncio
import sqlite3
import traceback
from base64 import b64decode
from collections.abc import Coroutine
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from appliance.events import (
    Event,
    PublicNameAsked,
    PublicNameForgotten,
    PublicNamePublished,
    PublicNameRefused,
    PublicNameUnpublished,
)
from appliance.model.public_names import DNS_SERVER, PublicName
from appliance.model.way import Stand, Way
from appliance.store import inventory_view, journal, notices, public_names, slices, ways
from appliance.store.follow import Follower
from appliance.store.inventory_view import Wish
from appliance.store.open import now, writer
from appliance.store.public_names import Outcome, Record
from appliance.store.secrets.open import Secrets
from services.public_names.address import published_ipv6
from services.public_names.dyndns import gets, server_of, split_port
from services.public_names.dyndns import verdict as verdict_of_service
from services.public_names.probe import owned
from services.public_names.schedule import Found, Rest, Send, alarm, decide, tried
from services.public_names.sending.driver import NotReached, ask, dice, exchange, identity
from services.public_names.tsig import Key, signed
from services.public_names.update import update
from services.public_names.update import verdict as verdict_of_update
from services.public_names.verdict import Then, Verdict

LOOK_SECONDS = 1.0
WISH_SECONDS = 60.0
"""An older wish to publish is nobody's any more."""
DNS_PORT = 53
PUBLISH = "publish"
NO_SECRET = "There is no secret for this name any more. Type it once more."
GONE = "This name is not there any more."
BUSY = "It is being published this very moment."
HELD = "The server has trouble of its own and is left alone for half an hour. It goes on by itself."


async def serve(state: Path) -> None:
    """Let the names follow until cancelled.

    Raises Unreachable when notice.db was written by a newer Nixie.
    """
    role = Role(state)
    try:
        while True:
            with suppress(sqlite3.Error):  # a role still makes its tables, or the disk is full
                role.look()
            await asyncio.sleep(LOOK_SECONDS)
    finally:
        role.close()


class Role:
    """The memory between two looks."""

    def __init__(self, state: Path) -> None:
        self._secrets = Secrets(state / "secrets/notice")
        self._own = writer(state / "notice.db", notices.MIGRATIONS)
        self._files = {one: Follower(state / f"{one}.db") for one in ("net", "wan", "nixie")}
        self._records = public_names.records(self._own)
        self._names: dict[str, PublicName] | None = None  # None: not read yet
        self._way, self._trusted = Way(), True
        self._unread: set[str] = set()
        self._asking: dict[str, asyncio.Task[None]] = {}

    def look(self) -> None:
        """Read what is new, and do what is due."""
        for name, follower in self._files.items():
            if follower.changed():
                self._unread.add(name)
            if name in self._unread and follower.connection:
                self._read(name, follower.connection)
                self._unread.discard(name)  # not where its role still makes its tables
        if not self._names:
            return
        found = self._found()
        for ident, one in self._names.items():
            if ident not in self._asking:
                self._follow(one, decide(one, self._record(ident), found, now()))

    def close(self) -> None:
        """Stop; what was not heard to its end is tried again after the next start."""
        for task in self._asking.values():
            task.cancel()
        for follower in self._files.values():
            follower.close()
        self._own.close()

    # ── what is known ────────────────────────────────────────────────────────────────────────────

    def _read(self, name: str, connection: sqlite3.Connection) -> None:
        if name == "nixie":
            self._names = {one.id: one for one in inventory_view.public_names(connection)}
            self._forget([one for one in self._records if one not in self._names])
            self._heed(connection)
        elif name == "wan":
            self._way = ways.way(connection)
        elif there := slices.published(self._files["net"]):
            self._trusted = there.time.trusted

    def _found(self) -> Found:
        way = self._way
        wanted = any(one.ipv6 for one in (self._names or {}).values())
        return Found(
            v4=way.address.partition("/")[0],
            v6=published_ipv6(owned(), way.link) if wanted else "",
            online=way.stand is Stand.ONLINE,
            why=way.why or ("" if way.stand is Stand.OFF else "it is being asked for."),
            trusted=self._trusted,
        )

    def _record(self, ident: str) -> Record:
        return self._records.get(ident, Record())

    # ── what is done ─────────────────────────────────────────────────────────────────────────────

    def _follow(self, one: PublicName, decision: Send | Rest) -> None:
        if isinstance(decision, Send):
            self._begin(one.id, self._publish(one, decision, ""))
            return
        before = self._record(one.id)
        self._settle(one, replace(before, waits=decision.waits, hidden=decision.hidden))

    def _begin(self, ident: str, publishing: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(publishing)
        self._asking[ident] = task
        task.add_done_callback(lambda _: self._asking.pop(ident, None))

    async def _publish(self, one: PublicName, send: Send, wish: str) -> None:
        """Ask the server; `wish` is answered, "" for none."""
        asking = asyncio.to_thread(_asked, one, self._secrets, send, now())
        (came,) = await asyncio.gather(asking, return_exceptions=True)
        verdict = came if isinstance(came, Verdict) else _unforeseen(one, came)
        if one.id not in (self._names or {}):
            return
        record = tried(one, self._record(one.id), send, verdict, now(), dice())
        good = verdict.then is Then.PUBLISHED
        answer = PublicNameAsked if good else PublicNameRefused
        with suppress(sqlite3.Error):
            self._settle(one, record, *((answer(wish, verdict.what),) if wish else ()))

    def _settle(self, one: PublicName, after: Record, *told: Event) -> None:
        """Put down what is known now, with the events that tell of it."""
        before = self._record(one.id)
        events = list(told)
        if before.alarmed and before.name != one.name:
            events.append(PublicNameForgotten(before.name))
            after = replace(after, alarmed="")
        after, more = _told(before, replace(after, name=one.name))
        events += more
        if after == before and not events:
            return
        self._records[one.id] = after  # also where the disk is full: nobody is asked twice for that
        with journal.transaction(self._own):
            public_names.write(self._own, one.id, after)
            self._tell(events)

    def _forget(self, gone: list[str]) -> None:
        """Names that the owner removed."""
        if not gone:
            return
        known = [self._records[ident] for ident in gone]
        with journal.transaction(self._own):
            public_names.forget(self._own, gone)
            self._tell([PublicNameForgotten(one.name) for one in known if one.alarmed])
        for ident in gone:
            del self._records[ident]

    def _tell(self, events: list[Event]) -> None:
        for event in events:
            journal.append(self._own, event, now())
        if events:
            journal.prune(self._own)

    # ── what is asked ────────────────────────────────────────────────────────────────────────────

    def _heed(self, connection: sqlite3.Connection) -> None:
        seen = min(public_names.asked(self._own), inventory_view.last_wish(connection))
        for wish in inventory_view.wishes(connection, "notice", seen):
            with journal.transaction(self._own):
                public_names.write_asked(self._own, wish.seq)
            if wish.kind == PUBLISH and abs(now() - wish.at) <= WISH_SECONDS:
                self._asked_for(wish)

    def _asked_for(self, wish: Wish) -> None:
        """Publish one now, or say why not."""
        one = (self._names or {}).get(str(wish.body.get("name")))
        if one is None:
            self._refuse(wish, GONE)
            return
        record = self._record(one.id)
        anew = replace(record, outcome=Outcome.NEW)
        decision = decide(one, anew, self._found(), now())
        if one.id in self._asking:
            self._refuse(wish, BUSY)
        elif record.held and record.set_at == one.set_at and record.next_at - now() > 0:
            self._refuse(wish, HELD)
        elif isinstance(decision, Rest):
            self._refuse(wish, decision.waits)
        else:
            self._begin(one.id, self._publish(one, decision, wish.id))

    def _refuse(self, wish: Wish, what: str) -> None:
        with journal.transaction(self._own):
            self._tell([PublicNameRefused(wish.id, what)])


def _told(before: Record, after: Record) -> tuple[Record, list[Event]]:
    """What is worth an event between two records, and the second with that put down."""
    trouble = alarm(after)
    if trouble and trouble != after.alarmed:
        told = PublicNameUnpublished(after.name, trouble)
        return replace(after, alarmed=trouble), [told]
    good = after.outcome is Outcome.PUBLISHED and not after.waits
    moved = (before.v4, before.v6) != (after.v4, after.v6)
    if good and not trouble and (moved or after.alarmed):
        event = PublicNamePublished(after.name, " and ".join(after.addresses), bool(after.alarmed))
        return replace(after, alarmed=""), [event]
    return after, []


def _unforeseen(one: PublicName, error: BaseException) -> Verdict:
    """What nobody thought of.  Its own words are for the log alone: a secret may be among them."""
    traceback.print_exception(error)
    what = f"{one.name} could not be published: this router made a mistake ({type(error).__name__})"
    then = "It is tried again, later and later. Save the name once more; if that does not help"
    return Verdict(Then.AGAIN, f"{what}. {then}, report it with logs/notice.log.")


def _asked(one: PublicName, secrets: Secrets, send: Send, moment: float) -> Verdict:
    """Ask the server of a name, in a thread: what its answers mean, the worst of them."""
    secret = (secrets.read(one.id) or b"").decode()
    if not secret:
        return Verdict(Then.STOP, NO_SECRET)
    try:
        if one.service == DNS_SERVER:
            return _updated(one, secret, send, moment)
        verdicts = []
        for get in gets(one, secret, send.v4, send.v6):
            verdicts.append(verdict_of_service(one, *ask(get)))
            if verdicts[-1].then is not Then.PUBLISHED:
                break
    except NotReached as error:
        return Verdict(Then.UNREACHED, str(error))
    return verdicts[-1]


def _updated(one: PublicName, secret: str, send: Send, moment: float) -> Verdict:
    told = one.settings
    key = Key(told["key"], told["algorithm"], b64decode(secret))
    addresses = tuple(text for text in (send.v4, send.v6) if text)
    plain = update(identity(), told["zone"], one.name, int(told["ttl"]), addresses)
    message, mac = signed(plain, key, moment)
    host, port = split_port(told["server"], DNS_PORT)
    return verdict_of_update(
        server_of(one), exchange(host, port, message), message, key, mac, moment
    )
