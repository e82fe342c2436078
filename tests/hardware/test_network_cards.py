import re

import pytest

from hardware.network_cards import CARDS, drivers


@pytest.mark.parametrize(
    ("bus_id", "modules"),
    [
        ("1af4:1000", ("virtio_net",)),
        ("15ad:07b0", ("vmxnet3",)),
        ("8086:100e", ("e1000",)),
        ("8086:10d3", ("e1000e",)),
        ("8086:15f3", ("igc",)),
        ("10ec:8168", ("r8169",)),
        ("10ec:8139", ("8139cp", "8139too")),
        ("1022:2000", ("pcnet32",)),
        ("14e4:1657", ("tg3",)),
        ("01-80-86-10-d3", ("e1000e",)),
        ("01-1A-F4-10-00", ("virtio_net",)),
        ("dead:beef", ()),
        ("05-1a-f4-10-00", ()),  # not on PCI
        ("", ()),
        ("<script>", ()),
    ],
)
def test_a_cards_driver_is_known_by_its_bus_id(bus_id: str, modules: tuple[str, ...]) -> None:
    assert drivers(bus_id) == modules


def test_every_id_has_four_small_hexadecimal_digits() -> None:
    ids = [one for cards in CARDS.values() for said in cards.values() for one in said.split()]
    assert all(re.fullmatch("[0-9a-f]{4}", one) for one in (*ids, *CARDS))
