"""What moves: to the internet and back, over each network; now, and within a day."""

from collections.abc import Sequence
from typing import NamedTuple

from fastapi import APIRouter
from starlette.responses import Response

from appliance.store import metrics
from appliance.store.devices import DeviceRow
from appliance.store.metrics import PIECE, Moved, Rate
from webui import phrases
from webui.charts import Spark
from webui.pages import device_rows
from webui.pages.device_rows import DAY
from webui.pages.page import page
from webui.session import Here, Signed

router = APIRouter(include_in_schema=False)

RATE_SECONDS = 15.0
"""An older rate says nothing of now."""
RESTS = Rate(0.0, 0.0)


class Flow(NamedTuple):
    """One reading: a figure now, and a line over a day."""

    key: str
    name: str
    href: str
    figure: str
    unit: str
    spark: Spark
    note: str


class NetworkTraffic(NamedTuple):
    """What one network moves, ready to print."""

    name: str
    down: str
    up: str
    day: Spark


class TrafficView(NamedTuple):
    """The readings of the overview, alone."""

    traffic: tuple[Flow, ...]


class OneNetworkView(NamedTuple):
    """The traffic of one network, alone."""

    traffic: NetworkTraffic


@router.get("/overview/traffic")
def overview(here: Signed) -> Response:
    """What moves to the internet and back, and who is here."""
    return page("overview/traffic.html", TrafficView(flows(here)))


@router.get("/networks/{name}/traffic")
def network(here: Signed, name: str) -> Response:
    """What one network moves."""
    (found,) = of_networks(here, [name])
    return page("networks/traffic.html", OneNetworkView(found))


def flows(here: Here) -> tuple[Flow, ...]:
    """The overview's readings; what nobody measures is left out."""
    reads, now = here.reads, here.now
    day = reads.moved([metrics.WAN], PIECE, now - DAY).get(metrics.WAN, [])
    rate = reads.rates(now - RATE_SECONDS).get(metrics.WAN)
    found = list(_wan(rate or RESTS, day, now)) if rate or day else []
    if devices := reads.devices():
        found.append(_devices(devices, now))
    return tuple(found)


def of_networks(here: Here, names: Sequence[str]) -> list[NetworkTraffic]:
    """What these networks move; `down` is to the devices on it."""
    now = here.now
    series = {name: metrics.of_network(name) for name in names}
    rates = here.reads.rates(now - RATE_SECONDS)
    moved = here.reads.moved(series.values(), PIECE, now - DAY)
    found = []
    for name, each in series.items():
        rate = rates.get(each, RESTS)
        found.append(
            NetworkTraffic(
                name,
                device_rows.per_second(rate.down),
                device_rows.per_second(rate.up),
                device_rows.day(moved.get(each, []), now, f"Traffic of {name}"),
            )
        )
    return found


def _wan(rate: Rate, day: Sequence[Moved], now: float) -> tuple[Flow, Flow]:
    down = [Moved(one.slot, one.down, 0) for one in day]
    up = [Moved(one.slot, 0, one.up) for one in day]
    return (
        Flow(
            *("wan-down", "Down", "/networks", *device_rows.speed(rate.down)),
            device_rows.day(down, now, "Download"),
            _total(sum(one.down for one in day)),
        ),
        Flow(
            *("wan-up", "Up", "/networks", *device_rows.speed(rate.up)),
            device_rows.day(up, now, "Upload"),
            _total(sum(one.up for one in day)),
        ),
    )


def _total(count: int) -> str:
    return f"{phrases.size(count)} in 24 h"


def _devices(devices: Sequence[DeviceRow], now: float) -> Flow:
    here = sum(one.here for one in devices)
    new = sum(now - one.first_seen < DAY for one in devices)
    note = f"{phrases.word(new)} new today" if new else "none is new today"
    figure, unit = phrases.number(here), f"of {phrases.number(len(devices))}"
    return Flow("here", "Devices here", "/devices", figure, unit, Spark("", "", ""), note)
