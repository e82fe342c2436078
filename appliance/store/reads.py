"""What pages, the API and actions know of the router: every role's file, opened to look.

A role that has not started yet has no file: its lists are empty, its single rows None.
"""

from appliance.store.looks.boots import BootLooks
from appliance.store.looks.builds import BuildLooks
from appliance.store.looks.inventory import InventoryLooks
from appliance.store.looks.journal import JournalLooks
from appliance.store.looks.network import NetworkLooks
from appliance.store.looks.open import FILES as FILES
from appliance.store.standing.open import full, hardened, standings


class Reads(InventoryLooks, BuildLooks, BootLooks, NetworkLooks, JournalLooks):
    """The state directory, read-only."""

    def troubles(self) -> list[str]:
        """What is wrong with the processes right now, as sentences."""
        disk = filter(None, (full(self.state), hardened(self.state)))
        told = (what for one in standings(self.state) for what in one.troubles)
        return list(dict.fromkeys([*disk, *told]))
