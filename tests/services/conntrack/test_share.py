from ipaddress import IPv4Network, ip_address

from appliance.events import FlowsNearlyFull, say
from services.conntrack.share import (
    INTERNET,
    NOBODY,
    OF_A_DEVICE,
    REMEDIES,
    ROUTER,
    Home,
    told,
)

HOME = Home(
    (IPv4Network("10.77.0.0/24"),), frozenset({"10.77.0.1"}), {"10.77.0.50": "tv (10.77.0.50)"}
)


def packed(*addresses: str) -> list[bytes]:
    return [ip_address(one).packed for one in addresses]


def test_an_address_is_whose_it_is() -> None:
    asked = ("10.77.0.50", "10.77.0.51", "10.77.0.1", "203.0.113.9", "2001:db8::1")
    whose = [HOME.whose(one) for one in packed(*asked)]
    assert whose == ["tv (10.77.0.50)", "10.77.0.51", ROUTER, INTERNET, INTERNET]


def test_who_has_most_is_named_with_what_to_do() -> None:
    event = told(210_000, 262_144, packed(*["10.77.0.50"] * 3, "10.77.0.51"), HOME)
    whose = " 75% of them were begun by tv (10.77.0.50)."
    assert event == FlowsNearlyFull(210_000, 262_144, whose, OF_A_DEVICE)
    assert "210000 of 262144" in say(event)


def test_what_comes_from_the_internet_comes_by_a_forward() -> None:
    event = told(80, 100, packed("203.0.113.9", "203.0.113.10", "10.77.0.50"), HOME)
    assert isinstance(event, FlowsNearlyFull)
    assert event.todo == REMEDIES[INTERNET]


def test_the_router_itself_is_no_device_to_be_blocked() -> None:
    event = told(80, 100, packed("10.77.0.1"), HOME)
    assert isinstance(event, FlowsNearlyFull)
    assert event.todo == REMEDIES[ROUTER]


def test_where_the_kernel_does_not_list_them_the_page_of_devices_helps() -> None:
    assert told(80, 100, [], HOME) == FlowsNearlyFull(80, 100, "", REMEDIES[NOBODY])
