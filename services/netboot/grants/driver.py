"""DOOR: tokens in boot.db: given out with a script, looked up for a part, used by a phone-home.

What a client will rely on is committed before its answer leaves.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from appliance.events import SystemSwitched, TokenUnknown
from appliance.store import boots, running
from appliance.store.boots import TokenRow
from appliance.store.open import now
from appliance.store.running import RunningRow
from services.netboot import tokens
from services.netboot.attempt import Attempt
from services.netboot.driver import Recorder
from services.netboot.urls.asker import Asker
from services.netboot.words import clean

COMPLAINT_SECONDS = 1.0  # one event per client and second about unknown tokens
COMPLAINERS = 1000
PATH_LETTERS = 120


class Grants:
    """What machines may fetch and say."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._complaints: dict[str, float] = {}

    def token_for(self, attempt: Attempt, address: str) -> tuple[TokenRow, str]:
        """A new token for this boot and its phone-home secret; not stored yet."""
        entropy = os.urandom(tokens.ENTROPY_BYTES)
        return tokens.grant(attempt.id, attempt.network, attempt.mac, address, now(), entropy)

    def keep(self, row: TokenRow) -> None:
        """Store a token with everything that happened so far."""
        self._recorder.fault("boot.scripted")
        with self._recorder.committing() as connection:
            boots.save_token(connection, row)
        self._recorder.fault("boot.granted")

    def opened(self, token: str, asker: Asker) -> TokenRow | None:
        """The token, when it belongs to the one who uses it; else None and an event."""
        who = (asker.network, asker.address, asker.mac)
        return self.opened_by(token, who, asker.request.path)

    def opened_by(self, token: str, who: tuple[str, str, str | None], path: str) -> TokenRow | None:
        """The same by network, address and the MAC that has it; `path` is what was asked for."""
        network, address, mac = who
        known = tokens.TOKEN.fullmatch(token) is not None
        row = boots.token(self._recorder.connection, token) if known else None
        if row is None or not tokens.opens_for(row, network, address, mac, now()):
            self.complain(network, address, path)
            return None
        return row

    def fits(self, ident: str, secret: str) -> bool:
        """Is it the secret of a boot that may still speak?"""
        stored, at = boots.tokens_of(self._recorder.connection, ident), now()
        return any(row.expires_at > at and tokens.fits(secret, row.secret_hash) for row in stored)

    def phone_home(self, ident: str, secret: str, said: Mapping[str, Any]) -> tuple[int, str]:
        """Take a phone-home; an HTTP status and a sentence."""
        at = now()
        stored = boots.tokens_of(self._recorder.connection, ident)
        given = [row for row in stored if row.expires_at > at]
        if not any(tokens.fits(secret, row.secret_hash) for row in given):
            return 404, "Nobody knows this boot, or it was too long ago."
        if any(row.used for row in given):
            return 409, "This boot has phoned home already."
        attempt = self._recorder.found(ident)
        if attempt is None:
            return 404, "This boot is not remembered any more."
        self._recorder.phoned_home(attempt, at, said)
        with self._recorder.committing() as connection:
            boots.use_tokens(connection, ident)
            if attempt.host and attempt.generation is not None:
                running.save(connection, _running(attempt, secret, at))
        self._recorder.fault("boot.heard")
        return 200, "Heard."

    def reported(self, ident: str, secret: str, toplevel: str) -> tuple[int, str]:
        """A system that phoned home says what it was switched to; a status and a sentence."""
        connection = self._recorder.connection
        before = running.of_boot(connection, ident)
        if before is None or not tokens.fits(secret, before.secret_hash):
            return 404, "Nobody knows this boot, or the machine has booted since."
        if toplevel != before.toplevel:
            name = before.host.rpartition("/")[2]
            self._recorder.tell(
                SystemSwitched(before.network, before.mac, ident, name, before.generation, toplevel)
            )
            with self._recorder.committing():
                running.save(connection, replace(before, toplevel=toplevel, at=now()))
        return 200, "Heard."

    def complain(self, network: str, address: str, path: str) -> None:
        """Somebody used a token that nobody gave out, or that is not theirs."""
        at = now()
        if at - self._complaints.get(address, 0.0) < COMPLAINT_SECONDS:
            return
        if len(self._complaints) > COMPLAINERS:
            self._complaints.clear()
        self._complaints[address] = at
        self._recorder.tell(TokenUnknown(network, address, clean(path, PATH_LETTERS)))


def _running(attempt: Attempt, secret: str, at: float) -> RunningRow:
    """What a machine that just phoned home runs."""
    runs = attempt.toplevel or ""
    return RunningRow(
        attempt.network,
        attempt.mac,
        attempt.id,
        attempt.host or "",
        attempt.generation or 0,
        str(attempt.facts.get("toplevel") or runs),
        runs,
        at,
        tokens.hashed(secret),
    )
