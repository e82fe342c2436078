import pytest

from hardware.slots import Device, slot

PCI = ("pci", "0000:00:1c.0")


@pytest.mark.parametrize(
    ("devices", "words"),
    [
        ([("pci", "0000:01:00.0"), PCI], "pci-0000:01:00.0"),
        ([("virtio", "virtio2"), ("pci", "0000:00:03.0")], "pci-0000:00:03.0"),
        (
            [("usb", "1-1.2:1.0"), ("usb", "1-1.2"), ("usb", "usb1"), ("pci", "0000:00:14.0")],
            "pci-0000:00:14.0-usb-0:1.2:1.0",
        ),
        ([("platform", "fd580000.ethernet"), ("platform", "scb")], "platform-fd580000.ethernet"),
        (
            [("pci", "0000:01:00.0"), ("pci", "0000:00:00.0"), ("platform", "fd500000.pcie")],
            "platform-fd500000.pcie-pci-0000:01:00.0",
        ),
    ],
    ids=["behind a bridge", "virtio", "usb", "on the board", "pci of a board"],
)
def test_a_card_has_the_words_of_udev(devices: list[Device], words: str) -> None:
    assert slot(devices) == words


@pytest.mark.parametrize("devices", [[], [("netdevsim", "netdevsim1")]])
def test_what_is_on_no_bus_has_no_slot(devices: list[Device]) -> None:
    assert slot(devices) == ""
