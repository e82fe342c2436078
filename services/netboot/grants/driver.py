"""DOOR: tokens in boot.db: given out with a script, looked up for a part, used by a phone-home.

What a client will rely on is committed before its answer leaves.
"""

import os
from collections.abc import Mapping
from typing import Any

from appliance.events import TokenUnknown
from appliance.store import boots
from appliance.store.boots import TokenRow
from appliance.store.open import now
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
        known = tokens.TOKEN.fullmatch(token) is not None
        row = boots.token(self._recorder.connection, token) if known else None
        who = (asker.network, asker.address)
        if row is None or not tokens.opens_for(row, *who, asker.mac, now()):
            self.complain(*who, asker.request.path)
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
        expected = attempt.facts.get("toplevel")
        self._recorder.attempts.phoned_home(attempt, at, said, expected)
        self._recorder.touched(attempt)
        with self._recorder.committing() as connection:
            boots.use_tokens(connection, ident)
        self._recorder.fault("boot.heard")
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
