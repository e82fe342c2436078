"""DOOR: boot.db.  Every fact goes through here: folded, diagnosed, stored with its events.

Facts that a client will rely on (a token, a phone-home) are committed before the answer leaves;
the rest is committed together, a few times a second.
"""

import os
import random
import sqlite3
from collections.abc import Mapping
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
    MachineHeld,
    TokenUnknown,
)
from appliance.faults import Fault, no_fault
from appliance.model.images import Part
from appliance.store import boots, journal
from appliance.store.open import new_id, now, writer
from services.netboot import tokens
from services.netboot.attempt import Attempt, Chosen, Step
from services.netboot.attempts import Attempts
from services.netboot.words import step_said

RESUME_SECONDS = 4 * 3600.0
HELD_SECONDS = 24 * 3600.0
PRUNE_SECONDS = 3600.0
COMPLAINT_SECONDS = 1.0  # one event per client and second about unknown tokens


class Recorder:
    """The one writer of boot.db."""

    def __init__(self, path: Path, fault: Fault = no_fault) -> None:
        self.connection = writer(path, boots.MIGRATIONS)
        self._fault = fault
        self.attempts = Attempts()
        self._dirty: dict[str, Attempt] = {}
        self._events: list[Event] = []
        self._own: dict[str, str] = {}
        self._stored: dict[str, tuple[str, str | None]] = {}  # boot id -> state, diagnosis
        self._complaints: dict[str, float] = {}
        self._pruned_at = 0.0
        self._resume()

    def close(self) -> None:
        """Commit what is open and let go of the file."""
        self.flush()
        self.connection.close()

    # ── facts ────────────────────────────────────────────────────────────────────────────────────

    def dhcp(self, entry: journal.Entry) -> None:
        """One event of the dhcp role."""
        event, at = entry.event, entry.at
        if isinstance(event, BootAsked):
            facts = {name: getattr(event, name) for name in event.__dataclass_fields__}
            facts["uuid"] = event.uuid
            self._touched(self.attempts.asked(event.network, event.mac, at, new_id(), facts))
        elif isinstance(event, BootAnswered):
            said = {"stage": event.stage, "address": event.address, "file": event.file}
            self._touched(self.attempts.answered(event.network, event.mac, at, said))
        elif isinstance(event, BootUnanswered):
            why = {"stage": "nothing", "why": event.why}
            self._touched(self.attempts.answered(event.network, event.mac, at, why))

    def fetched(self, network: str, mac: str, step: Step) -> None:
        """A loader or autoexec.ipxe was asked for."""
        self._touched(self.attempts.fetched(network, mac, new_id(), step))

    def scripted(self, network: str, mac: str, chosen: Chosen, said: Mapping[str, str]) -> Attempt:
        """A script is about to be sent."""
        attempt = self.attempts.scripted(network, mac, now(), new_id(), chosen)
        attempt.facts.update(said)
        self._touched(attempt)
        return attempt

    def picked(self, attempt: Attempt, key: str, chosen: Chosen) -> None:
        """A menu entry was taken."""
        self.attempts.picked(attempt, now(), key, chosen)
        self._touched(attempt)

    def waited(self, attempt: Attempt) -> None:
        """A held machine asked once more."""
        self.attempts.waited(attempt, now())
        self._touched(attempt)

    def part_began(self, attempt: Attempt, name: str, total: int) -> Step:
        """A part is being sent."""
        step = attempt.add(Step(0, "part", name, now(), None, 0, total, "running"))
        self._touched(attempt)
        return step

    def missed(self, attempt: Attempt, name: str) -> None:
        """A part was asked for that is not there."""
        attempt.add(Step(0, "part", name, now(), now(), 0, None, "missing"))
        self._touched(attempt)

    def part_ended(self, attempt: Attempt, step: Step, part: Part) -> None:
        """It was sent, or broke off; bytes and status are in `step`."""
        step.ended_at = now()
        seconds = max(step.ended_at - step.began_at, 1e-6)
        step.detail["rate"] = round((step.bytes or 0) / seconds)
        self.attempts.part_ended(attempt, step, part.sha256, part.size)
        self._touched(attempt)

    def reported(self, attempt: Attempt, what: str, errno: str) -> None:
        """iPXE said that a command failed."""
        self.attempts.reported(attempt, now(), what, errno)
        self._touched(attempt)

    def touched(self, attempt: Attempt) -> None:
        """The attempt changed in place."""
        self._touched(attempt)

    def woken(self) -> None:
        """A second has passed: silence may say something."""
        at = now()
        for attempt in self.attempts.woken(at):
            self._touched(attempt)
        for attempt in self.attempts:
            if not attempt.over and self._diagnosed(attempt) != attempt.diagnosis:
                self._touched(attempt)
        if at - self._pruned_at > PRUNE_SECONDS:
            self._pruned_at = at
            self.connection.execute("begin")
            boots.prune(self.connection, at)
            journal.prune(self.connection)
            self.connection.execute("commit")

    def unknown_token(self, network: str, address: str, path: str) -> None:
        """Somebody used a token that nobody gave out, or that is not theirs."""
        at = now()
        if at - self._complaints.get(address, 0.0) < COMPLAINT_SECONDS:
            return
        if len(self._complaints) > 1000:
            self._complaints.clear()
        self._complaints[address] = at
        self._events.append(TokenUnknown(network, address, path))

    # ── tokens, phone-home, held machines: committed before the answer leaves ────────────────────

    def token_for(self, attempt: Attempt, address: str) -> tuple[boots.TokenRow, str]:
        """A new token for this boot and its phone-home secret; not stored yet."""
        entropy = os.urandom(tokens.ENTROPY_BYTES)
        return tokens.grant(attempt.id, attempt.network, attempt.mac, address, now(), entropy)

    def keep_token(self, row: boots.TokenRow) -> None:
        """Store a token with everything that happened so far."""
        self._fault("boot.scripted")
        self.flush(token=row)
        self._fault("boot.granted")

    def token(self, ident: str) -> boots.TokenRow | None:
        """A token that was given out."""
        return boots.token(self.connection, ident)

    def phone_home(self, ident: str, secret: str, said: Mapping[str, Any]) -> tuple[int, str]:
        """Take a phone-home; an HTTP status and a sentence."""
        at = now()
        given = [row for row in boots.tokens_of(self.connection, ident) if row.expires_at > at]
        fitting = [row for row in given if tokens.fits(secret, row.secret_hash)]
        if not fitting:
            return 404, "Nobody knows this boot, or it was too long ago."
        if any(row.used for row in given):
            return 409, "This boot has phoned home already."
        attempt = self.attempts.by_id(ident) or self._stored_attempt(ident)
        if attempt is None:
            return 404, "This boot is not remembered any more."
        self.attempts.phoned_home(attempt, at, said, attempt.facts.get("toplevel"))
        self._touched(attempt)
        self.flush(used=ident)
        self._fault("boot.heard")
        return 200, "Heard."

    def held_code(self, network: str, mac: str, facts: Mapping[str, Any]) -> str:
        """The code on the waiting machine's screen; the same one while it waits."""
        at = now()
        waiting = boots.held(self.connection, at - HELD_SECONDS)
        known = next((row for row in waiting if (row.network, row.mac) == (network, mac)), None)
        if known is not None:
            row = boots.HeldRow(network, mac, known.code, known.since, at, {**known.facts, **facts})
        else:
            taken = {row.code for row in waiting}
            free = [code for code in (f"{n:04d}" for n in range(1000, 10_000)) if code not in taken]
            code = random.SystemRandom().choice(free or ["0000"])
            row = boots.HeldRow(network, mac, code, at, at, dict(facts))
            self._events.append(MachineHeld(network, mac, code))
        self.connection.execute("begin")
        boots.save_held(self.connection, row)
        self.connection.execute("commit")
        return row.code

    def released(self, network: str, mac: str) -> None:
        """It was given something to boot."""
        self.connection.execute("begin")
        boots.drop_held(self.connection, network, mac)
        self.connection.execute("commit")

    # ── what the role keeps for itself ───────────────────────────────────────────────────────────

    def own(self, name: str) -> str | None:
        """A value kept from before."""
        return self._own.get(name) or boots.own(self.connection, name)

    def keep_own(self, name: str, value: str) -> None:
        """Keep a value; stored with the next commit."""
        self._own[name] = value

    # ── storing ──────────────────────────────────────────────────────────────────────────────────

    def flush(self, *, token: boots.TokenRow | None = None, used: str | None = None) -> None:
        """Commit everything that happened since the last time."""
        for attempt in self.attempts.closed():
            self._dirty[attempt.id] = attempt
        if not (self._dirty or self._events or self._own or token or used):
            return
        at = now()
        self.connection.execute("begin immediate")
        try:
            for attempt in self._dirty.values():
                self._save(attempt, at)
            for event in self._events:
                journal.append(self.connection, event, at)
            for name, value in self._own.items():
                boots.save_own(self.connection, name, value)
            if token is not None:
                boots.save_token(self.connection, token)
            if used is not None:
                boots.use_tokens(self.connection, used)
            self.connection.execute("commit")
        except sqlite3.Error:
            self.connection.execute("rollback")
            raise
        for attempt in self._dirty.values():
            attempt.dirty.clear()
            self._stored[attempt.id] = (attempt.state, attempt.diagnosis)
        self._dirty, self._events, self._own = {}, [], {}

    def _touched(self, attempt: Attempt | None) -> None:
        if attempt is not None:
            self._dirty[attempt.id] = attempt

    def _diagnosed(self, attempt: Attempt) -> str | None:
        found = diagnose(attempt.row(), [step.row() for step in attempt.steps], now())
        return found.id if found else None

    def _save(self, attempt: Attempt, at: float) -> None:
        attempt.diagnosis = self._diagnosed(attempt)
        before = self._stored.get(attempt.id)
        if before is None:
            began = BootBegan(attempt.id, attempt.network, attempt.mac)
            journal.append(self.connection, began, at)
        boots.save_boot(self.connection, attempt.row(), attempt.intent_id)
        for step in attempt.steps:
            if step.number in attempt.dirty:
                row = step.row()
                boots.save_step(self.connection, attempt.id, row)
                stepped = BootStepped(attempt.id, row.kind, step_said(row))
                journal.append(self.connection, stepped, at)
        if attempt.over and (before is None or before[0] != attempt.state):
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
            boots.count_up(self.connection, attempt.image, at)
        elif attempt.image and attempt.state == "short" and attempt.sent_at is not None:
            boots.count_short(self.connection, attempt.image)

    # ── going on after a restart ─────────────────────────────────────────────────────────────────

    def _resume(self) -> None:
        since = now() - RESUME_SECONDS
        for row in reversed(boots.boots(self.connection, limit=200)):
            if row.began_at >= since and row.ended_at is None:
                attempt = self._stored_attempt(row.id)
                if attempt is not None:
                    self.attempts.resume(attempt)

    def _stored_attempt(self, ident: str) -> Attempt | None:
        row = boots.boot(self.connection, ident)
        if row is None:
            return None
        steps = [
            Step(
                one.number,
                one.kind,
                one.name,
                one.began_at,
                one.ended_at,
                one.bytes,
                one.total,
                "aborted" if one.status == "running" and one.kind == "part" else one.status,
                one.detail,
            )
            for one in boots.steps(self.connection, ident)
        ]
        self._stored[ident] = (row.state, row.diagnosis)
        return Attempt.restored(row, steps)
