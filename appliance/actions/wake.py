"""Waking a machine that is switched off.  `boot` does it, answering by an event."""

from collections.abc import Sequence
from dataclasses import dataclass

from appliance.actions.desk import Actor, Desk, Done, act
from appliance.actions.machines import known_machine
from appliance.events import MachineActed
from appliance.model.wake import came
from appliance.store.boots import BootRow
from appliance.store.devices import DeviceRow
from appliance.store.inventory_view import MachineView
from appliance.store.reads import Reads
from appliance.store.wakes import WakeRow


@dataclass(frozen=True, slots=True)
class Woken:
    """The last packet that was to wake a machine, and what came of it: a word of wake.STANDS, or
    "unsent"."""

    row: WakeRow
    came: str


def wake_machine(desk: Desk, actor: Actor, machine: str) -> Done:
    """Send the packet that wakes a machine to each of its network cards."""
    with act(desk, actor, "wake_machine") as doing:
        row = known_machine(doing.session, machine)
        doing.wish(desk.new_id(), "boot", "wake", machine=row.id)
        what = f"{row.name} is sent the packet that wakes it."
        return doing.tell(row.id, what, MachineActed)


def woken(reads: Reads, machines: Sequence[MachineView], now: float) -> dict[str, Woken]:
    """What came of the last packet to each of these machines, by id."""
    rows = reads.wakes()
    if not any(one.id in rows for one in machines):
        return {}
    boots, devices = reads.newest_boots(), reads.devices()
    return {
        one.id: _woken(one, rows[one.id], boots, devices, now) for one in machines if one.id in rows
    }


def _woken(
    machine: MachineView,
    row: WakeRow,
    boots: Sequence[BootRow],
    devices: Sequence[DeviceRow],
    now: float,
) -> Woken:
    if not row.networks:
        return Woken(row, "unsent")
    macs = {mac for _, mac in machine.macs}
    asked = [boot.began_at for boot in boots if boot.mac in macs]
    seen = [device.last_seen for device in devices if device.mac in macs and device.here]
    return Woken(row, came(row.at, now, asked, seen))
