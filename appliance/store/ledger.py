"""net.db as its one writer has it: a transaction for everything that is one fact."""

import sqlite3
from collections.abc import Callable, Sequence

from appliance.events import Event
from appliance.faults import Fault
from appliance.model.slices import Slices
from appliance.model.stays import Stay
from appliance.store import trials
from appliance.store.journal import append, prune, transaction
from appliance.store.newcomers import Settlers
from appliance.store.trials import Ended, Kept, PortRow, ProbeRow, TrialRow


class Ledger:
    """Remembers which wish was answered last; that is written with the answer."""

    def __init__(
        self, database: sqlite3.Connection, now: Callable[[], float], fault: Fault
    ) -> None:
        self._database, self._now, self._fault = database, now, fault
        self.asked = trials.asked(database)
        self.kept = trials.kept(database)
        self.trial = trials.trial(database)
        self.slices = trials.slices(database)
        self.leaving = trials.leaving(database)
        self.settlers = Settlers(database)
        self.machines = dict(self.slices.dns.machines) if self.slices else {}

    def write(
        self,
        *events: Event,
        trial: TrialRow | None = None,
        kept: Kept | None = None,
        ended: Ended | None = None,
        slices: Slices | None = None,
        ports: Sequence[PortRow] | None = None,
        leaving: Sequence[Stay] | None = None,
    ) -> None:
        """Put down what is given, on disk when this returns.  What is as before is not written."""
        with transaction(self._database):
            trials.write_asked(self._database, self.asked)
            if trial is not None:
                trials.write_trial(self._database, trial)
            if kept is not None:
                trials.write_kept(self._database, kept)
            if ended is not None:
                trials.write_ended(self._database, ended)
            if slices is not None and trials.publish(self._database, slices, self._now()):
                self._fault("net.cutting")
            if ports is not None:
                trials.write_ports(self._database, ports, self._now())
            if leaving is not None:
                trials.write_leaving(self._database, leaving)
                self.leaving = tuple(leaving)
            for event in events:
                append(self._database, event, self._now())
            prune(self._database)

    def note_probes(self, change: str, rows: Sequence[ProbeRow]) -> None:
        """Put down what the router's own checks of a change came to."""
        with transaction(self._database):
            trials.write_probes(self._database, change, rows)
