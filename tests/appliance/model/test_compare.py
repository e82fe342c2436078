from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface

from appliance.model.compare import differences
from appliance.model.config import Dhcp, Network, Pool, Reservation, RouterConfig
from appliance.model.dns import Dns, Upstream
from appliance.model.time import Time
from appliance.model.wan import StaticAddress, Wan

POOL = Pool(IPv4Address("10.77.0.100"), IPv4Address("10.77.0.199"))
LAN = Network("lan", "br-lan", ("eth1",), IPv4Interface("10.77.0.1/24"), Dhcp(POOL))
CONFIG = RouterConfig(networks=(LAN,))


def changed(**fields: object) -> tuple[str, ...]:
    return differences(CONFIG, replace(CONFIG, networks=(replace(LAN, **fields),)))  # type: ignore[arg-type]


def test_the_same_configuration_differs_in_nothing() -> None:
    assert differences(CONFIG, CONFIG) == ()


def test_the_first_configuration_is_told_whole() -> None:
    assert differences(None, CONFIG) == (
        "The network lan over eth1 has the address 10.77.0.1/24, and hands out 10.77.0.100 to "
        "10.77.0.199.",
    )


def test_an_address_is_told_with_the_one_before() -> None:
    assert changed(address=IPv4Interface("10.78.0.1/24")) == (
        "The router's address on lan becomes 10.78.0.1/24 (was 10.77.0.1/24).",
    )


def test_ports_come_and_go_by_name() -> None:
    assert changed(ports=("eth2",)) == (
        "The port eth2 joins lan.",
        "The port eth1 leaves lan.",
    )


def test_whether_names_are_blocked_is_told() -> None:
    assert changed(filtered=False) == ("No name is blocked for devices on lan.",)


def test_dhcp_that_ends_is_told() -> None:
    assert changed(dhcp=None) == ("DHCP on lan ends.",)


def test_a_reservation_is_told_by_its_name() -> None:
    one = Reservation("52:54:00:12:34:56", IPv4Address("10.77.0.9"), "ember")
    assert changed(dhcp=replace(Dhcp(POOL), reservations=(one,))) == (
        "ember always gets 10.77.0.9 on lan.",
    )


def test_a_network_that_is_left_out_goes_away() -> None:
    assert differences(CONFIG, replace(CONFIG, networks=())) == ("The network lan goes away.",)


def test_the_way_out_and_the_names_are_told() -> None:
    wan = Wan("eth0", StaticAddress(IPv4Interface("192.0.2.2/24"), IPv4Address("192.0.2.1")))
    after = replace(CONFIG, wan=wan, dns=Dns((Upstream(IPv4Address("192.0.2.53")),)))
    assert differences(CONFIG, after) == (
        "The way to the internet is eth0 with 192.0.2.2/24, by 192.0.2.1.",
        "Names of the internet are asked of 192.0.2.53 (was nobody).",
    )


def test_a_quirk_is_told_without_the_address() -> None:
    printer = Reservation("52:54:00:00:00:07", IPv4Address("10.77.0.7"), "printer")
    before = replace(CONFIG, networks=(replace(LAN, dhcp=Dhcp(POOL, (printer,))),))
    odd = replace(LAN, dhcp=Dhcp(POOL, (replace(printer, quirks=("unicast",)),)))
    after = replace(CONFIG, networks=(odd,))
    assert differences(before, after) == (
        "When printer boots on lan, its firmware is answered by unicast.",
    )
    assert differences(after, before) == (
        "It is no longer so that, when printer boots on lan, its firmware is answered by unicast.",
    )


def test_a_word_for_firmware_is_told() -> None:
    assert changed(dhcp=Dhcp(POOL, vendor_classes=("HW-Client",))) == (
        "Firmware that calls itself HW-Client may boot on lan, too.",
    )


def test_who_is_asked_for_the_time_is_told() -> None:
    before = replace(CONFIG, time=Time(("a.example",)))
    after = replace(CONFIG, time=Time(("b.example",), serve=False))
    assert differences(before, after) == (
        "The time is asked of b.example (was a.example).",
        "The networks no longer get the time from the router.",
    )


def test_what_the_provider_sees_is_said_by_itself() -> None:
    before = replace(CONFIG, wan=Wan("eth0"))
    after = replace(CONFIG, wan=Wan("eth0", mac="02:00:00:00:00:99", mtu=1492))
    assert differences(before, after) == (
        "The MAC that the provider sees becomes 02:00:00:00:00:99 (was the card's own).",
        "The largest packet to the internet becomes 1492 (was as the provider says).",
    )
