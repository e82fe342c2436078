"""The devices of a home: phones, a television, a printer that is away, a tablet that is blocked.

Written as `net` and `web` write them; `now` is the moment everything is looked at.
"""

import math
import sqlite3
from contextlib import closing
from pathlib import Path

from appliance.store import devices, metrics
from appliance.store.devices import DeviceRow
from appliance.store.journal import transaction
from appliance.store.metrics import Rate
from appliance.store.open import writer

MINUTE, HOUR, DAY = 60.0, 3600.0, 86_400.0
DOORBELL, TABLET, PHONE = "ec:71:db:00:00:17", "8c:71:f8:00:00:44", "da:a1:19:00:00:21"
TV, PRINTER, PIXEL = "00:05:c9:00:00:35", "00:80:77:00:00:60", "3a:5a:b4:00:00:11"
LAPTOP = "f4:c8:8a:00:00:02"

ROWS = (
    (DOORBELL, "things", "doorbell", "Reolink", "Embedded Linux", "10.77.1.17", 90 * DAY, 0.0),
    (TABLET, "lan", "kids-tablet", "Samsung", "Android 13", "10.77.0.144", 40 * DAY, 2 * HOUR),
    (PHONE, "lan", "lena-phone", "", "iOS", "10.77.0.121", 200 * DAY, 0.0),
    (TV, "lan", "living-room-tv", "LG Electronics", "", "10.77.0.135", 300 * DAY, 0.0),
    (PRINTER, "lan", "printer", "Brother industries", "", "10.77.0.160", 300 * DAY, 2 * DAY),
    (PIXEL, "lan", "pixel-9", "", "Android 15", "10.77.0.111", 2 * HOUR, 0.0),
    (LAPTOP, "lan", "", "Intel Corporate", "Linux", "127.0.0.1", 150 * DAY, 0.0),
)


def furnish_devices(state: Path, net: sqlite3.Connection, now: float) -> None:
    """Fill net.db and metrics.db."""
    rows = [
        DeviceRow(mac, network, said, maker, system, (address, f"fe80::{place}"),
                  now - since, now - ago, here=not ago)
        for place, (mac, network, said, maker, system, address, since, ago) in enumerate(ROWS, 1)
    ]  # fmt: skip
    devices.write_devices(net, rows, ())
    devices.write_blocks(net, {TABLET: f"until {round(now + 8 * HOUR)}"}, {TABLET})
    with closing(writer(state / "metrics.db", metrics.MIGRATIONS)) as file:
        rates = {row.mac: Rate(9_000.0 * place**3, 700.0) for place, row in enumerate(rows, 1)}
        quiet = {mac for mac, *_, ago in ROWS if ago}
        total = {"wan": Rate(4.1e6, 3.2e5), "net:lan": Rate(4.2e6, 3e5)}
        metrics.write_rates(
            file, total | {mac: rate for mac, rate in rates.items() if mac not in quiet}, now
        )
        series = [*total, *(row.mac for row in rows if row.mac not in quiet)]
        with transaction(file):
            for minute in range(1440, 0, -1):
                moved = {name: (_bytes(minute, n), 20_000) for n, name in enumerate(series)}
                metrics.add(file, moved, now - minute * MINUTE)


def _bytes(minute: int, place: int) -> int:
    return round(2e6 * (1.1 + math.sin(minute / (5 + place)) + math.cos(minute / 97)))
