"""boot.db: what machines did."""

from collections.abc import Collection

from appliance.store import boot_history, boots, identities, inventory_view, running, wakes
from appliance.store.boots import BootRow, HeldRow, StepRow
from appliance.store.identities import Ask, Identity
from appliance.store.looks.open import Files
from appliance.store.running import RunningRow
from appliance.store.wakes import WakeRow

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

    def newest_boots(self) -> list[BootRow]:
        """The newest boot of every MAC, newest first."""
        return self.look("boot", boot_history.newest_of_each, [])

    def running(self) -> list[RunningRow]:
        """What machines said last that they run."""
        return self.look("boot", running.every, [])

    def wakes(self) -> dict[str, WakeRow]:
        """When each machine was woken last, by its id."""
        return self.look("boot", wakes.every, {})

    def boots_in_progress(self, states: Collection[str]) -> list[BootRow]:
        """Boots that have not ended and are in one of these states, newest first."""
        found: list[BootRow] = self.look("boot", boots.unended, [])
        return [boot for boot in found if boot.state in states]

    def last_up(self) -> BootRow | None:
        """The newest boot that came up."""
        return self.look("boot", boot_history.last_up, None)

    def boots_since(self, at: float) -> int:
        """How many boots began at that moment or later."""
        return self.look("boot", lambda file: boot_history.began_since(file, at), 0)

    def boot(self, ident: str) -> BootRow | None:
        """One boot."""
        return self.look("boot", lambda file: boots.boot(file, ident), None)

    def steps(self, ident: str) -> list[StepRow]:
        """The steps of one boot."""
        return self.look("boot", lambda file: boots.steps(file, ident), [])

    def steps_of(self, idents: Collection[str]) -> dict[str, list[StepRow]]:
        """The steps of several boots, by their ids."""
        absent: dict[str, list[StepRow]] = {ident: [] for ident in idents}
        return self.look("boot", lambda file: boot_history.steps_of(file, idents), absent)

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

    def identities(self) -> dict[str, Identity]:
        """The keys that machines are known by, by machine."""
        return self.look("boot", identities.identities, {})

    def identity_asks(self, now: float) -> list[Ask]:
        """Machines that ask for their identity right now."""
        since = now - identities.WAITING_SECONDS
        return self.look("boot", lambda file: identities.asks(file, since), [])

    def missing_loaders(self) -> tuple[str, ...]:
        """Which kinds of machines cannot boot because no loader is installed, as sentences."""
        return self.look("boot", boots.missing_loaders, ())
