"""DOOR: the `held` table of boot.db, from which the owner's inbox is made.

A machine keeps its code from boot to boot for a day.  `since` is when the boot began that waits
now: a machine that the owner has sent out of the inbox comes back into it with its next boot.
"""

import random
from collections.abc import Collection

from appliance.events import MachineHeld
from appliance.store import boots, journal
from appliance.store.open import now
from services.netboot.attempt import Attempt
from services.netboot.driver import Recorder

CODE_SECONDS = 24 * 3600.0


class Held:
    """Who waits, with which code; committed before the code is on a screen."""

    def __init__(self, recorder: Recorder) -> None:
        self._connection = recorder.connection

    def code(self, attempt: Attempt) -> str:
        """The code on the waiting machine's screen."""
        at = now()
        waiting = boots.held(self._connection, at - CODE_SECONDS)
        mine = (attempt.network, attempt.mac)
        before = next((row for row in waiting if (row.network, row.mac) == mine), None)
        code = before.code if before else _free_code({row.code for row in waiting})
        facts = {**(before.facts if before else {}), **attempt.facts}
        row = boots.HeldRow(*mine, code, attempt.began_at, at, facts)
        with journal.transaction(self._connection):
            boots.save_held(self._connection, row)
            if before is None:
                journal.append(self._connection, MachineHeld(*mine, code), at)
        return code

    def released(self, network: str, mac: str) -> None:
        """It was given something to boot."""
        with journal.transaction(self._connection):
            boots.drop_held(self._connection, network, mac)


def _free_code(taken: Collection[str]) -> str:
    free = [
        code for code in (f"{number:04d}" for number in range(1000, 10_000)) if code not in taken
    ]
    return random.SystemRandom().choice(free or ["0000"])
