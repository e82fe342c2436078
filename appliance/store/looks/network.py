"""net.db, leases.db and dns.db: what is in force, what is on trial, who is there."""

from appliance.model.slices import Slices
from appliance.store import leases, names, trials
from appliance.store.leases import LeaseRow, Trouble
from appliance.store.looks.open import Files
from appliance.store.names import ListRow, Standing
from appliance.store.trials import Ended, Kept, PortRow, TrialRow


class NetworkLooks(Files):
    """What `net`, `dhcp` and `dns` wrote."""

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

    def endings(self) -> dict[int, Ended]:
        """How each revision's last try ended."""
        return self.look("net", trials.endings, {})

    def answered(self) -> int:
        """The newest wish that `net` answered."""
        return self.look("net", trials.asked, 0)

    def blocklists(self) -> list[ListRow]:
        """The lists of blocked names, as dns fetched them."""
        return self.look("dns", names.lists, [])

    def names_standing(self) -> Standing | None:
        """What dns did since it started; None before it said so."""
        return self.look("dns", names.standing, None)
