"""A device as people know it: what net saw, what the owner said, what is configured, in one."""

from collections.abc import Mapping
from dataclasses import dataclass

from appliance.actions.refusals import Unknown, problem
from appliance.errors import Refused
from appliance.model.devices import changing
from appliance.model.names import mac_from
from appliance.model.slices import FixedAddress
from appliance.store.devices import DeviceRow
from appliance.store.inventory_view import DeviceView, MachineView
from appliance.store.newcomers import LET_IN
from appliance.store.reads import Reads

NEW_SECONDS = 86_400.0


@dataclass(frozen=True, slots=True)
class Known:
    """One device.  `row` of one that was never seen has no network, and times of 0."""

    row: DeviceRow
    name: str
    named: bool  # by the owner, here
    block: str  # as the owner said it, "" for none
    blocked: bool  # its packets are dropped now
    reserved: str  # the address that is kept for it, "" for none
    machine: str  # id of the machine that it is, "" for none
    waits: bool = False  # its network holds newcomers back, and nobody has let it in

    @property
    def mac(self) -> str:
        """What it is known by."""
        return self.row.mac

    @property
    def changing(self) -> bool:
        """Whether it made up its MAC."""
        return changing(self.mac)

    @property
    def address(self) -> str:
        """Its first IPv4 address, "" without one."""
        return next((one for one in self.row.addresses if ":" not in one), "")

    def new(self, now: float) -> bool:
        """Whether it came within a day, and nobody did anything about it yet."""
        young = now - self.row.first_seen < NEW_SECONDS
        return young and not (self.named or self.reserved or self.machine or self.block)


def known(reads: Reads) -> list[Known]:
    """Every device that was seen, or that the owner did something about, by name."""
    seen = {row.mac: row for row in reads.devices()}
    said = {view.mac: view for view in reads.device_views()}
    holds = {row.mac for row in reads.blocks() if row.holds}
    fixed = reservations(reads)
    machines = {mac: one for one in reads.machines() for _, mac in one.macs}
    settled = reads.settled()
    found = [
        _joined(
            seen.get(mac, _unseen(mac)),
            said.get(mac, DeviceView(mac, "", "")),
            fixed.get(mac),
            machines.get(mac),
            blocked=mac in holds,
            waits=_waits(seen.get(mac), settled) and mac not in fixed and mac not in machines,
        )
        for mac in seen.keys() | said.keys() | fixed.keys()
    ]
    return sorted(found, key=lambda one: (one.name.lower(), one.mac))


def device(reads: Reads, word: str) -> Known:
    """The device with that MAC or name.  Raises Unknown, or Refused when several have the name."""
    everyone = known(reads)
    try:
        mac = mac_from(word)
    except ValueError:
        mac = ""
    found = [one for one in everyone if one.mac == mac or (not mac and one.name == word)]
    if not found:
        raise Unknown(problem("There is no such device. GET /devices lists them.", "device"))
    if len(found) > 1:
        macs = ", ".join(one.mac for one in found)
        raise Refused(problem(f"Several devices are called {word}: {macs}. Say which.", "device"))
    return found[0]


def reservations(reads: Reads) -> Mapping[str, FixedAddress]:
    """The reserved addresses in force, by MAC."""
    slices = reads.slices()
    networks = slices.dns.networks if slices else ()
    return {one.mac: one for network in networks for one in network.reservations}


def _joined(
    row: DeviceRow,
    said: DeviceView,
    fixed: FixedAddress | None,
    machine: MachineView | None,
    *,
    blocked: bool,
    waits: bool,
) -> Known:
    names = (
        said.name,
        fixed.name if fixed else "",
        machine.name if machine else "",
        row.hostname,
        f"{row.maker} {row.mac[-5:]}" if row.maker else "",
        row.mac,
    )
    return Known(
        row=row,
        name=next(name for name in names if name),
        named=bool(said.name),
        block=said.block,
        blocked=blocked,
        reserved=str(fixed.address) if fixed else "",
        machine=machine.id if machine else "",
        waits=waits,
    )


def _waits(row: DeviceRow | None, settled: Mapping[str, frozenset[str]]) -> bool:
    """Whether its network holds newcomers back, and it is one as far as `net` knows."""
    if row is None or not row.network or row.network not in settled:
        return False
    return row.mac not in settled[row.network] | settled.get(LET_IN, frozenset())


def _unseen(mac: str) -> DeviceRow:
    return DeviceRow(mac, "", "", "", "", (), 0.0, 0.0, here=False)
