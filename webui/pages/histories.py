"""The boots of machines as rows and strips, for every page that lists some."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from appliance.store.boots import BootRow, StepRow
from appliance.store.inventory_view import MachineView
from webui import charts, lanes, phrases
from webui.pages import states
from webui.pages.states import Pill

Steps = Mapping[str, Sequence[StepRow]]


class BootLine(NamedTuple):
    """One boot in one row."""

    id: str
    machine: str  # its name, or its MAC
    host: str
    state: Pill
    strip: tuple[charts.Rect, ...]
    took: str
    when: str
    at: str  # "Sunday, 20:56:07"
    short: bool


def newest(boots: Iterable[BootRow]) -> dict[str, BootRow]:
    """The newest boot of each MAC; `boots` come newest first."""
    found: dict[str, BootRow] = {}
    for boot in boots:
        found.setdefault(boot.mac, boot)
    return found


def of_machine(machine: MachineView, last: Mapping[str, BootRow]) -> BootRow | None:
    """The newest boot of any of a machine's MACs."""
    mine = [last[mac] for _, mac in machine.macs if mac in last]
    return max(mine, key=lambda boot: boot.began_at, default=None)


def names(machines: Iterable[MachineView]) -> dict[str, str]:
    """Machine names by MAC."""
    return {mac: machine.name for machine in machines for _, mac in machine.macs}


def lines(
    boots: Sequence[BootRow], steps: Steps, called: Mapping[str, str], now: float
) -> tuple[BootLine, ...]:
    """Rows for `boots`, all strips on the same seconds."""
    drawn = {boot.id: lanes.lanes(boot, steps.get(boot.id, ()), now) for boot in boots}
    of = scale([(boot, sum(lanes.phases(drawn[boot.id]))) for boot in boots])
    return tuple(
        BootLine(
            id=boot.id,
            machine=called.get(boot.mac, boot.mac),
            host=boot.name or "",
            state=states.pill(states.BOOT, boot.state),
            strip=charts.strip(lanes.phases(drawn[boot.id]), of, lanes.ending(boot)),
            took=took(boot),
            when=phrases.ago(now - boot.began_at),
            at=at(boot, now),
            short=boot.state == "short",
        )
        for boot in boots
    )


def scale(boots: Sequence[tuple[BootRow, float]]) -> float:
    """The seconds of a full strip: what fell short may run over the edge, what is good may not."""
    good = [seconds for boot, seconds in boots if boot.state in {"up", "served"}]
    longest = max((seconds for _, seconds in boots), default=1.0)
    return max(1.0, min(longest, 1.5 * max(good)) if good else longest)


def at(boot: BootRow, now: float) -> str:
    """The day and the second it began."""
    day = phrases.capital(phrases.day(boot.began_at, now))
    return f"{day} {phrases.exact_clock(boot.began_at)}"


def took(boot: BootRow) -> str:
    """From the first packet to the call home; a dash when there was none."""
    if boot.state == "up" and boot.ended_at is not None:
        return phrases.took(boot.ended_at - boot.began_at)
    return "–"
