"""net.db and leases.db: what is in force, what is on trial, who is there."""

from appliance.model.slices import Slices
from appliance.model.stays import Stay
from appliance.store import leases, trials
from appliance.store.leases import LeaseRow, Trouble
from appliance.store.looks.open import Files
from appliance.store.trials import Ended, Kept, PortRow, ProbeRow, TrialRow


class NetworkLooks(Files):
    """What `net` and `dhcp` wrote."""

    def leases(self, network: str | None = None) -> list[LeaseRow]:
        """Leases, ended ones included."""
        return self.look("leases", lambda file: list(leases.leases(file, network)), [])

    def network_troubles(self) -> list[Trouble]:
        """What dhcp finds wrong on its networks now."""
        return self.look("leases", leases.troubles, [])

    def slices(self) -> Slices | None:
        """What is in force."""
        return self.look("net", trials.slices, None)

    def ports(self) -> list[PortRow]:
        """The box's interfaces."""
        return self.look("net", trials.ports, [])

    def kept(self) -> Kept | None:
        """The configuration that was kept last."""
        return self.look("net", trials.kept, None)

    def trial(self) -> TrialRow | None:
        """The newest trial, finished ones included."""
        return self.look("net", trials.trial, None)

    def leaving(self) -> tuple[Stay, ...]:
        """Addresses from before the last Keep that still answer."""
        return self.look("net", trials.leaving, ())

    def probes(self, change: str) -> tuple[ProbeRow, ...]:
        """The router's own checks of a change."""
        return self.look("net", lambda file: trials.probes(file, change), ())

    def endings(self) -> dict[int, Ended]:
        """How each revision's last try ended."""
        return self.look("net", trials.endings, {})

    def answered(self) -> int:
        """The newest wish that `net` answered."""
        return self.look("net", trials.asked, 0)
