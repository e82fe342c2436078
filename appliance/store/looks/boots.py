"""boot.db: what machines did."""

from appliance.store import boots
from appliance.store.boots import BootRow, HeldRow, StepRow
from appliance.store.looks.open import Files

HELD_SECONDS = 60
"""A machine that stopped asking this long ago no longer waits."""


class BootLooks(Files):
    """What `boot` wrote."""

    def boots(
        self, mac: str | None = None, limit: int = 50, before: str | None = None
    ) -> list[BootRow]:
        """Boots, newest first; older than the one with the id `before`."""
        return self.look(
            "boot", lambda file: boots.boots(file, mac=mac, limit=limit, before=before), []
        )

    def boot(self, ident: str) -> BootRow | None:
        """One boot."""
        return self.look("boot", lambda file: boots.boot(file, ident), None)

    def steps(self, ident: str) -> list[StepRow]:
        """The steps of one boot."""
        return self.look("boot", lambda file: boots.steps(file, ident), [])

    def held(self, now: float) -> list[HeldRow]:
        """Machines that wait for the owner right now."""
        return self.look("boot", lambda file: boots.held(file, now - HELD_SECONDS), [])
