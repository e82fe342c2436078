import pytest

from services.dhcp.destination import Delivery, delivery
from services.dhcp.wire import decode
from tests.services.dhcp.router import capture, says


@pytest.mark.parametrize(
    ("datagram", "refused", "expected"),
    [
        (says(1), False, Delivery.TO_HARDWARE),
        (says(1, flags=0x8000), False, Delivery.BROADCAST),
        (says(3, ciaddr="10.0.0.7"), False, Delivery.TO_CLIENT),
        (says(3, ciaddr="10.0.0.7"), True, Delivery.BROADCAST),
        (says(1, giaddr="10.0.0.7"), True, Delivery.TO_RELAY),
        (says(1, giaddr="10.0.0.7", flags=0x8000), False, Delivery.TO_RELAY),
    ],
)
def test_delivery_follows_rfc_2131_4_1(datagram: bytes, refused: bool, expected: Delivery) -> None:
    assert delivery(decode(datagram), refused=refused) is expected


def test_g42_firmware_without_an_address_hears_a_broadcast() -> None:
    message = decode(capture("g42-no-broadcast-flag"))
    assert message.flags == 0
    assert delivery(message, booting=True) is Delivery.BROADCAST


def test_g42_firmware_with_an_address_hears_a_unicast() -> None:
    assert delivery(decode(says(3, ciaddr="10.0.0.7")), booting=True) is Delivery.TO_CLIENT


def test_g12_a_link_that_is_not_ethernet_hears_a_broadcast() -> None:
    assert delivery(decode(capture("g12-infiniband"))) is Delivery.BROADCAST


def test_g42_who_does_not_hear_broadcasts_gets_unicast_whatever_its_flag_says() -> None:
    asked = decode(says(1, flags=0x8000))
    assert delivery(asked, booting=True, unicast=True) is Delivery.TO_HARDWARE
