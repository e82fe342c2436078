"""boot.db: what machines did."""

from appliance.store import boots, inventory_view
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
        """Machines that wait for the owner right now, without those that were sent away since
        their boot began."""
        since = now - HELD_SECONDS
        rows: list[HeldRow] = self.look("boot", lambda file: boots.held(file, since), [])
        away = self._sent_away(min((row.since for row in rows), default=now))
        key = inventory_view.inbox_key
        return [row for row in rows if row.since > away.get(key(row.network, row.mac), 0.0)]

    def _sent_away(self, since: float) -> dict[str, float]:
        return self.look("nixie", lambda file: inventory_view.forgotten(file, since), {})

    def missing_loaders(self) -> tuple[str, ...]:
        """Which kinds of machines cannot boot because no loader is installed, as sentences."""
        return self.look("boot", boots.missing_loaders, ())
