"""What machines run, against what they would get now."""

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.generations import Standings, booted, served
from appliance.model.running import behind, stand
from appliance.store.builds import GenerationRow
from appliance.store.inventory_view import MachineView
from appliance.store.reads import Reads
from appliance.store.running import RunningRow


@dataclass(frozen=True, slots=True)
class Truth:
    """What a machine runs; `stand` is a word of running.STANDS, `gets` the generation of the same
    host that it would get now."""

    row: RunningRow
    stand: str
    gets: int | None
    behind: int


def running(reads: Reads, machines: Sequence[MachineView]) -> dict[str, Truth]:
    """By machine; those of which nothing was heard since they booted last are not among them."""
    rows = {(row.network, row.mac): row for row in reads.running()}
    if not rows:
        return {}
    newest = {boot.id for boot in reads.newest_boots()}
    generations, stands = reads.generations(), reads.standings()
    found = {}
    for machine in machines:
        row = _row(machine, rows, newest)
        if row is not None:
            found[machine.id] = _truth(machine, row, generations, stands)
    return found


def _row(
    machine: MachineView, rows: dict[tuple[str, str], RunningRow], newest: set[str]
) -> RunningRow | None:
    macs = {mac for _, mac in machine.macs}
    mine = [row for row in rows.values() if row.mac in macs and row.boot in newest]
    return max(mine, key=lambda row: row.boot, default=None)


def _truth(
    machine: MachineView, row: RunningRow, generations: Sequence[GenerationRow], stands: Standings
) -> Truth:
    theirs = [one for one in generations if one.host == row.host]
    special = machine.specialisation if machine.host == row.host else None
    found = served(theirs, stands, row.host, machine.id, boots=lambda one: booted(one, special))
    gets = found.number if found else None
    return Truth(row, stand(row, gets), gets, behind(row, gets, [one.number for one in theirs]))
