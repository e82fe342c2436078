import asyncio
from contextlib import closing
from pathlib import Path

from appliance.store import devices, trials
from appliance.store.devices import DeviceRow
from appliance.store.open import writer
from services.dhcp.follow import Seen, seen


def row(mac: str, *addresses: str, network: str = "lan", here: bool = True) -> DeviceRow:
    return DeviceRow(mac, network, "", "", "", addresses, 1.0, 2.0, here)


def told(net: Path) -> Seen:
    async def first() -> Seen:
        async with asyncio.timeout(60):
            return await anext(seen(net))

    return asyncio.run(first())


def test_the_addresses_of_who_is_here_are_known_by_network(tmp_path: Path) -> None:
    net = tmp_path / "net.db"
    rows = (
        row("02:00:00:00:00:01", "10.77.0.5", "fd00::5"),
        row("02:00:00:00:00:02", "10.78.0.5", network="guests"),
        row("02:00:00:00:00:03", "10.77.0.7", here=False),
        row("02:00:00:00:00:04", "fe80::4"),
    )
    with closing(writer(net, trials.MIGRATIONS)) as file, file:
        devices.write_devices(file, rows, ())
    assert told(net) == {
        "lan": {0x0A4D0005: bytes.fromhex("020000000001")},
        "guests": {0x0A4E0005: bytes.fromhex("020000000002")},
    }
