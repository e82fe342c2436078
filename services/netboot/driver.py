"""DOOR: boot.db.  Every fact goes through here: folded, diagnosed, stored with its events.

Facts that a client will rely on (a token, a phone-home) are committed before the answer leaves;
the rest is committed together, a few times a second.  A disk that refuses changes nothing: what
happened is kept and tried again with the next commit.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from appliance.diagnosis import diagnose
from appliance.events import (
    BootAnswered,
    BootAsked,
    BootBegan,
    BootEnded,
    BootStepped,
    BootUnanswered,
    Event,
    ForeignBootServer,
    ForeignBootServerGone,
    ForeignServer,
    ForeignServerGone,
    GenerationBad,
    GenerationBadHere,
    GenerationGood,
)
from appliance.faults import Fault, no_fault
from appliance.generations import Standings, whose
from appliance.model.images import Part
from appliance.store import boot_history, boots, generations, journal, wanted
from appliance.store import once as onces
from appliance.store.open import new_id, now, writer
from services.netboot.attempt import Attempt, Chosen, Step
from services.netboot.attempts import Attempts, foreign_kind
from services.netboot.onces import Onces, interrupted
from services.netboot.words import step_said

RESUME_SECONDS = 4 * 3600.0
PRUNE_SECONDS = 3600.0
EVENTS_HELD = 1000  # while the disk refuses
TELLING = frozenset({"asking", "loading", "starting"})
"""States in which silence says something."""


Instead = Callable[[str, str, Standings], str]
"""(host id, machine as `whose` says it, standings) to what is served from now on, a sentence."""


def nothing_else(_host: str, _machine: str, _standings: Standings) -> str:
    """Nobody knows the table."""
    return ""


class Recorder:
    """The one writer of boot.db."""

    def __init__(
        self, path: Path, fault: Fault = no_fault, instead: Instead = nothing_else
    ) -> None:
        self.connection = writer(path, boots.MIGRATIONS)
        self.fault = fault
        self._instead = instead
        self.standings = generations.standings(self.connection)
        self.onces = Onces(onces.every(self.connection))
        self.attempts = Attempts()
        self._dirty: dict[str, Attempt] = {}
        self._events: list[Event] = []
        self._own: dict[str, str] = {}
        self._pruned_at = 0.0
        self.attempts.foreign = json.loads(self.own("foreign") or "{}")
        self._resume()

    def close(self) -> None:
        """Commit what is open and let go of the file."""
        self.flush()
        self.connection.close()

    # ── facts ────────────────────────────────────────────────────────────────────────────────────

    def dhcp(self, entry: journal.Entry) -> None:
        """One event of the dhcp role."""
        hear = HEARD.get(type(entry.event))
        if hear is not None:
            hear(self, entry.event, entry.at)

    def fetched(self, network: str, mac: str, step: Step) -> None:
        """A loader or autoexec.ipxe was asked for."""
        self.touched(self.attempts.fetched(network, mac, new_id(), step))

    def scripted(self, network: str, mac: str, chosen: Chosen, said: Mapping[str, Any]) -> Attempt:
        """A script is about to be sent."""
        attempt = self.attempts.scripted(network, mac, now(), new_id(), chosen)
        attempt.facts.update(said)
        self.onces.of(attempt, "gives", now())
        self.touched(attempt)
        return attempt

    def picked(self, attempt: Attempt, key: str, chosen: Chosen) -> None:
        """A menu entry was taken."""
        self.attempts.picked(attempt, now(), key, chosen)
        self.touched(attempt)

    def wants(self, host: str, since: float) -> None:
        """A machine begins to wait for the newest image of a host."""
        with self.committing() as connection:
            wanted.save(connection, host, since)

    def polled(self, attempt: Attempt) -> None:
        """A machine that was told to wait asked again, and there is nothing new to tell it."""
        step = attempt.last()
        if step is not None:
            step.ended_at = now()
            attempt.touch(step)
            self.touched(attempt)

    def waited(self, attempt: Attempt) -> None:
        """A held machine asked once more."""
        self.attempts.waited(attempt, now())
        self.touched(attempt)

    def part_began(self, attempt: Attempt, name: str, total: int) -> Step:
        """A part is being sent."""
        step = attempt.add(Step(0, "part", name, now(), None, 0, total, "running"))
        self.touched(attempt)
        if "once" in attempt.facts:  # whether it may have had all of it is known after a power cut
            self.flush()
        return step

    def part_reached(self, attempt: Attempt, step: Step, count: int) -> None:
        """So many of its bytes are out."""
        at = now()
        if count > (step.bytes or 0):  # no silence, however long it takes
            attempt.last_at = max(attempt.last_at, at)
        step.reaches(count, at)
        attempt.touch(step)
        self.touched(attempt)

    def missed(self, attempt: Attempt, name: str) -> None:
        """A part was asked for that is not there."""
        attempt.add(Step(0, "part", name, now(), now(), 0, None, "missing"))
        self.touched(attempt)

    def part_ended(self, attempt: Attempt, step: Step, part: Part) -> None:
        """It was sent, or broke off; bytes and status are in `step`."""
        step.ended_at = now()
        step.reaches(step.bytes or 0, step.ended_at)
        self.attempts.part_ended(attempt, step, part)
        if attempt.sent_at is not None:
            self.onces.of(attempt, "sent", now())
        self.touched(attempt)

    def reported(self, attempt: Attempt, what: str, errno: str) -> None:
        """iPXE said that a command failed."""
        self.attempts.reported(attempt, now(), what, errno)
        self.onces.of(attempt, "failed", now())
        self.touched(attempt)

    def phoned_home(self, attempt: Attempt, at: float, said: Mapping[str, Any]) -> None:
        """The booted host spoke."""
        self.attempts.phoned_home(attempt, at, said, attempt.facts.get("toplevel"))
        self.onces.of(attempt, "up", at)
        self.touched(attempt)

    def tell(self, event: Event) -> None:
        """An event that is no step of a boot; stored with the next commit."""
        if len(self._events) < EVENTS_HELD:
            self._events.append(event)

    def touched(self, attempt: Attempt) -> None:
        """The attempt changed in place."""
        self._dirty[attempt.id] = attempt

    def found(self, ident: str) -> Attempt | None:
        """A boot that is remembered, or stored."""
        return self.attempts.by_id(ident) or self._stored(ident)

    def woken(self) -> None:
        """A second has passed: silence may say something."""
        at = now()
        for attempt in self.attempts.woken(at):
            self.touched(attempt)
        for attempt in self.attempts:
            if attempt.state in TELLING and _diagnosed(attempt, at) != attempt.diagnosis:
                self.touched(attempt)
        if at - self._pruned_at > PRUNE_SECONDS:
            self._pruned_at = at
            with journal.transaction(self.connection):
                boot_history.prune(self.connection, at)
                journal.prune(self.connection)

    # ── what the role keeps for itself ───────────────────────────────────────────────────────────

    def own(self, name: str) -> str | None:
        """A value kept from before."""
        return self._own.get(name) or boots.own(self.connection, name)

    def keep_own(self, name: str, value: str) -> None:
        """Keep a value; stored with the next commit."""
        self._own[name] = value

    # ── storing ──────────────────────────────────────────────────────────────────────────────────

    def flush(self) -> None:
        """Commit everything that happened since the last time."""
        self._gather()
        if self._dirty or self._events or self._own or self.onces.rows:
            with self.committing():
                pass

    @contextmanager
    def committing(self) -> Iterator[sqlite3.Connection]:
        """Everything that happened and what the block writes, all or nothing."""
        self._gather()
        at, before = now(), self.standings
        try:
            with journal.transaction(self.connection):
                for attempt in self._dirty.values():
                    self._save(attempt, at)
                for event in (*self._events, *self.onces.events):
                    journal.append(self.connection, event, at)
                for once in self.onces.rows:
                    onces.save(self.connection, once)
                for name, value in self._own.items():
                    boots.save_own(self.connection, name, value)
                yield self.connection
        except BaseException:
            self.standings = before  # what was counted was not stored
            raise
        for attempt in self._dirty.values():
            attempt.dirty.clear()
            attempt.dropped.clear()
            attempt.stored = attempt.state
        self.onces.stored()
        self._dirty, self._events, self._own = {}, [], {}

    def _gather(self) -> None:
        for attempt in self.attempts.closed():
            self.touched(attempt)

    def _save(self, attempt: Attempt, at: float) -> None:
        attempt.diagnosis = _diagnosed(attempt, at)
        if attempt.stored is None:
            began = BootBegan(attempt.id, attempt.network, attempt.mac)
            journal.append(self.connection, began, at)
        boots.save_boot(self.connection, attempt.row(), attempt.intent_id)
        boots.drop_steps(self.connection, attempt.id, attempt.dropped)
        for step in attempt.steps:
            if step.number in attempt.dirty:
                row = step.row()
                boots.save_step(self.connection, attempt.id, row)
                stepped = BootStepped(attempt.id, row.kind, step_said(row))
                journal.append(self.connection, stepped, at)
        if attempt.over and attempt.stored != attempt.state:
            self._save_end(attempt, at)

    def _save_end(self, attempt: Attempt, at: float) -> None:
        ended = BootEnded(
            attempt.id,
            attempt.mac,
            attempt.state,
            attempt.image,
            attempt.toplevel,
            attempt.diagnosis,
        )
        journal.append(self.connection, ended, at)
        if attempt.image and attempt.state == "up" and "expected" not in attempt.facts:
            self._save_up(attempt, attempt.image, at)
        elif attempt.image and attempt.state == "short" and _counts(attempt):
            self._save_failure(attempt, attempt.image, at)

    def _save_up(self, attempt: Attempt, image: str, at: float) -> None:
        machine = whose(attempt.machine, attempt.network, attempt.mac)
        generations.count_up(self.connection, image, machine, at)
        before, found = self._counted()
        if attempt.watched and before.state(image, "trial") != found.state(image, "trial"):
            journal.append(self.connection, GenerationGood(*_which(attempt, image)), at)

    def _save_failure(self, attempt: Attempt, image: str, at: float) -> None:
        machine = whose(attempt.machine, attempt.network, attempt.mac)
        generations.count_failure(self.connection, image, machine, attempt.id, at)
        before, found = self._counted()
        if before.failed_on(image, machine) or not found.failed_on(image, machine):
            return
        kind = GenerationBad if found.state(image, "trial") == "bad" else GenerationBadHere
        failures = found.tallies[image][machine].failures
        instead = self._instead(attempt.host or "", machine, found)
        told = kind(*_which(attempt, image), attempt.id, failures, instead)
        journal.append(self.connection, told, at)

    def _counted(self) -> tuple[Standings, Standings]:
        """The standings before and after something was counted."""
        before, self.standings = self.standings, generations.standings(self.connection)
        return before, self.standings

    # ── going on after a restart ─────────────────────────────────────────────────────────────────

    def _resume(self) -> None:
        """Take up what was in progress; what is too old for that broke off."""
        since = now() - RESUME_SECONDS
        for row in boots.unended(self.connection):
            steps = boots.steps(self.connection, row.id)
            attempt = Attempt.restored(row, steps)
            running = sum(one.kind == "part" and one.status == "running" for one in steps)
            if interrupted(attempt, running):
                self.onces.of(attempt, "cut", now())
            newer = self.attempts.current(row.network, row.mac) is None
            if newer and attempt.last_at >= since:
                self.attempts.resume(attempt)
                if attempt.dirty:
                    self.touched(attempt)
            else:
                attempt.end("left", attempt.last_at)
                self.touched(attempt)

    def _stored(self, ident: str) -> Attempt | None:
        row = boots.boot(self.connection, ident)
        return Attempt.restored(row, boots.steps(self.connection, ident)) if row else None

    # ── what dhcp tells ──────────────────────────────────────────────────────────────────────────

    def _asked(self, event: BootAsked, at: float) -> None:
        facts = {name: getattr(event, name) for name in event.__dataclass_fields__}
        facts["arch_code"] = event.arch
        self.touched(self.attempts.asked(event.network, event.mac, at, new_id(), facts))

    def _answered(self, event: BootAnswered, at: float) -> None:
        said = {"stage": event.stage, "address": event.address, "file": event.file}
        self.touched(self.attempts.answered(event.network, event.mac, at, new_id(), said))

    def _unanswered(self, event: BootUnanswered, at: float) -> None:
        why = {"stage": "nothing", "why": event.why, "reason": event.reason}
        self.touched(self.attempts.answered(event.network, event.mac, at, new_id(), why))

    def _foreign(self, event: ForeignBootServer | ForeignServer, _at: float) -> None:
        proxy = isinstance(event, ForeignBootServer)
        kind = "proxy" if proxy else foreign_kind(event.what)
        if kind is not None:
            for attempt in self.attempts.foreign_heard(event.network, event.server, kind):
                self.touched(attempt)
            self.keep_own("foreign", json.dumps(self.attempts.foreign))

    def _foreign_gone(self, event: ForeignBootServerGone | ForeignServerGone, _at: float) -> None:
        self.attempts.foreign_gone(event.network, event.server)
        self.keep_own("foreign", json.dumps(self.attempts.foreign))


HEARD: Mapping[type[Event], Callable[..., None]] = {
    BootAsked: Recorder._asked,
    BootAnswered: Recorder._answered,
    BootUnanswered: Recorder._unanswered,
    ForeignServer: Recorder._foreign,
    ForeignBootServer: Recorder._foreign,
    ForeignServerGone: Recorder._foreign_gone,
    ForeignBootServerGone: Recorder._foreign_gone,
}


def _counts(attempt: Attempt) -> bool:
    """What fell short is the image: it was sent whole, or spoke and is what was sent."""
    if "up" in attempt.facts:
        return "expected" not in attempt.facts
    return attempt.sent_at is not None


def _which(attempt: Attempt, image: str) -> tuple[str, str, int, str, str]:
    """host, name, number, image, mac."""
    number = attempt.generation or 0
    return attempt.host or "", attempt.name or "", number, image, attempt.mac


def _diagnosed(attempt: Attempt, at: float) -> str | None:
    found = diagnose(attempt.row(), [step.row() for step in attempt.steps], at)
    return found.id if found else None
