"""Devices as `net` would have written them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from appliance.actions.desk import Desk
from appliance.actions.known_devices import Known, device
from appliance.store import trials
from appliance.store.devices import DeviceRow, write_blocks, write_devices
from appliance.store.open import writer

MAC, OTHER = "00:1b:21:aa:bb:cc", "da:a1:19:00:00:01"
ROW = DeviceRow(
    *(MAC, "lan", "ember", "Intel Corporate", "", ("10.77.0.50", "fe80::1")),
    *(1_799_000_000.0, 1_800_000_000.0),
    here=True,
)
Seen = Callable[..., None]


@pytest.fixture(autouse=True)
def seen(tmp_path: Path) -> Iterator[Seen]:
    """Write devices as `net` would; `blocked` are MACs whose packets it drops."""
    connection = writer(tmp_path / "net.db", trials.MIGRATIONS)

    def write(*rows: DeviceRow, blocked: dict[str, str] | None = None) -> None:
        write_devices(connection, rows, ())
        write_blocks(connection, blocked or {}, set(blocked or {}))

    write(ROW, replace(ROW, mac=OTHER, hostname="", maker="", addresses=("10.77.0.51",)))
    yield write
    connection.close()


def one(desk: Desk, mac: str = MAC) -> Known:
    return device(desk.reads, mac)
