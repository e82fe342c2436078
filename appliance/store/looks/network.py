"""net.db, leases.db, dns.db, wan.db and notice.db: what is in force or on trial, who is there, the
way out, what the owner was told."""

from collections.abc import Iterable, Mapping

from appliance.model.exposure import Finding
from appliance.model.outside import Seen
from appliance.model.slices import Slices
from appliance.model.stays import Stay
from appliance.model.way import Held, Way
from appliance.store import (
    devices,
    drops,
    exposures,
    leases,
    metrics,
    names,
    newcomers,
    notices,
    public_names,
    traces,
    trials,
    ways,
)
from appliance.store.devices import BlockRow, DeviceRow
from appliance.store.drops import Drop
from appliance.store.leases import LeaseRow, Trouble
from appliance.store.looks.open import Files
from appliance.store.metrics import Moved, Rate
from appliance.store.names import ListRow, Question, Standing
from appliance.store.notices import Outcome
from appliance.store.public_names import Record
from appliance.store.recall.open import recall
from appliance.store.traces import Trace
from appliance.store.trials import Ended, Kept, PortRow, ProbeRow, TrialRow


class NetworkLooks(Files):
    """What `net`, `dhcp`, `dns` and `wan` wrote."""

    def leases(self, network: str | None = None) -> list[LeaseRow]:
        """Leases, ended ones included."""
        return self.look("leases", lambda file: list(leases.leases(file, network)), [])

    def network_troubles(self) -> list[Trouble]:
        """What dhcp finds wrong on its networks now."""
        return self.look("leases", leases.troubles, [])

    def devices(self) -> list[DeviceRow]:
        """Everything that was on the LANs."""
        return self.look("net", devices.devices, [])

    def devices_here(self) -> int:
        """How many devices are here."""
        return self.look("net", devices.here, 0)

    def blocks(self) -> list[BlockRow]:
        """The blocks that `net` knows of, and whether they hold now."""
        return self.look("net", devices.blocks, [])

    def settled(self) -> Mapping[str, frozenset[str]]:
        """Who is no newcomer, by network that holds newcomers back (store/newcomers.py)."""
        return self.look("net", newcomers.settled, {})

    def rates(self, since: float) -> dict[str, Rate]:
        """By series: what moves now, as far as it was looked at since then."""
        return self.look("metrics", lambda file: metrics.rates(file, since), {})

    def moved(self, series: Iterable[str], span: int, since: float) -> dict[str, list[Moved]]:
        """By series: what moved within each slot of `span` seconds."""
        return self.look("metrics", lambda file: metrics.moved(file, series, span, since), {})

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

    def seen_outside(self) -> tuple[Seen, float] | None:
        """What a stranger outside got to see, and when."""
        return self.look("net", trials.seen_outside, None)

    def exposures(self) -> tuple[Finding, ...]:
        """What stands on the internet's side and should not, the oldest first."""
        return self.look("net", exposures.exposures, ())

    def endings(self) -> dict[int, Ended]:
        """How each revision's last try ended."""
        return self.look("net", trials.endings, {})

    def answered(self) -> int:
        """The newest wish that `net` answered."""
        return self.look("net", trials.asked, 0)

    def blocklists(self) -> list[ListRow]:
        """The lists of blocked names, as dns fetched them."""
        return self.look("dns", names.lists, [])

    def looked_up(self, wish: str) -> tuple[str, float] | None:
        """What dns says of a name that it was asked to look up, and when."""
        return self.look("dns", lambda file: names.look(file, wish), None)

    def questions(self, of: Iterable[str], most: int) -> list[Question] | None:
        """Who asked for what, newest first, of these addresses or of everybody; None while dns
        does not say."""
        return names.questions(recall(self.state, "dns", {"of": sorted(of), "most": most}))

    def drops(self, most: int) -> list[Drop] | None:
        """What the filter held back, newest first; None while net does not say."""
        return drops.drops(recall(self.state, "net", {"of": "drops", "most": most}))

    def trace(self) -> Trace | None:
        """The newest trace, while `net` remembers it."""
        return traces.trace(recall(self.state, "net", {"of": "trace"}))

    def names_standing(self) -> Standing | None:
        """What dns did since it started; None before it said so."""
        return self.look("dns", names.standing, None)

    def outcomes(self) -> dict[str, Outcome]:
        """What became of the last notice, by channel."""
        return self.look("notice", notices.outcomes, {})

    def notices_waiting(self) -> dict[str, int]:
        """How many notices are not sent yet, by channel."""
        return self.look("notice", notices.waiting, {})

    def public_records(self) -> dict[str, Record]:
        """What became of each name on the internet, by its id."""
        return self.look("notice", public_names.records, {})

    def way(self) -> Way:
        """How the way out stands."""
        return self.look("wan", ways.way, Way())

    def provided(self) -> Held | None:
        """What the provider gave."""
        return self.look("wan", lambda file: ways.learned(file).held, None)
