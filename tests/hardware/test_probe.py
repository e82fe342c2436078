import sys
from ipaddress import IPv4Network
from pathlib import Path

import pytest

from hardware.inventory import Board
from hardware.probe import board, holders, inventory, networks


def test_the_board_says_who_made_it(tmp_path: Path) -> None:
    (tmp_path / "sys_vendor").write_text("PC Engines\n")
    (tmp_path / "product_name").write_text("apu4\n")
    assert board(tmp_path) == Board("PC Engines", "apu4")


def test_a_board_without_a_label_is_named_by_its_architecture(tmp_path: Path) -> None:
    found = board(tmp_path)
    assert found.vendor == "unknown"
    assert found.product


def test_every_box_has_memory_and_a_core() -> None:
    found = inventory()
    assert found.memory_bytes > 0
    assert found.cores > 0


ROUTES = """\
Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT
eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0
eth0\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
eth1\t00004D0A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0
tun0\t0000B10A\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0
"""


@pytest.mark.skipif(sys.byteorder != "little", reason="the table was written by such a machine")
def test_the_networks_are_those_that_routes_lead_to(tmp_path: Path) -> None:
    table = tmp_path / "route"
    table.write_text(ROUTES)
    assert networks(["eth1"], table) == (IPv4Network("192.0.2.0/24"), IPv4Network("10.177.0.0/16"))


def test_a_device_is_held_by_those_above_it(tmp_path: Path) -> None:
    card = tmp_path / "devices/pci0000:00/0000:00:03.0/virtio2"
    card.mkdir(parents=True)
    for device, bus in ((card, "virtio"), (card.parent, "pci")):
        (tmp_path / "bus" / bus / "devices").mkdir(parents=True)
        (tmp_path / "bus" / bus / "devices" / device.name).symlink_to(device)
        (device / "subsystem").symlink_to(tmp_path / "bus" / bus)
    found = holders(("virtio", "virtio2"), tmp_path / "bus")
    assert found == (("virtio", "virtio2"), ("pci", "0000:00:03.0"))


def test_a_device_that_went_away_is_held_by_nothing(tmp_path: Path) -> None:
    assert holders(("virtio", "virtio2"), tmp_path) == ()
