from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Network

from appliance.model.config import Dhcp, DhcpOption, Network, Pool, Reservation, RouterConfig
from appliance.model.dns import Dns, Upstream
from appliance.model.ipv6 import Ipv6
from appliance.model.slices import FixedAddress, from_json, to_json
from appliance.model.time import Time
from appliance.plan.slices import cut

POOL = Pool(IPv4Address("10.77.0.100"), IPv4Address("10.77.0.199"))
PRINTER = Reservation("52:54:00:00:00:07", IPv4Address("10.77.0.7"), "printer", ("late",))
LAN = Network(
    "lan",
    "br-lan",
    (),
    IPv4Interface("10.77.0.1/24"),
    Dhcp(POOL, (PRINTER,), (DhcpOption(42, "0a4d0007"),), vendor_classes=("HW-Client",)),
)
QUIET = Network("quiet", "br-quiet", (), IPv4Interface("10.78.0.1/24"), netboot=False)
CONFIG = RouterConfig((LAN, QUIET), dns=Dns((Upstream(IPv4Address("9.9.9.9")),)))
SLICES = cut(CONFIG, 7, {"52:54:00:00:00:08": "ember"})


def test_a_network_without_dhcp_is_not_in_the_dhcp_slice() -> None:
    assert [one.name for one in SLICES.dhcp] == ["lan"]


def test_a_network_without_netboot_boots_nothing() -> None:
    assert [one.name for one in SLICES.booting] == ["lan"]


def test_a_network_with_the_binary_cache_alone_is_the_boot_roles_too() -> None:
    assert [(one.name, one.boots, one.cache) for one in SLICES.boot] == [
        ("lan", True, True),
        ("quiet", False, True),
    ]


def test_a_network_with_neither_is_not_the_boot_roles() -> None:
    found = cut(RouterConfig((LAN, replace(QUIET, cache="off"))), 1, {})
    assert [one.name for one in found.boot] == ["lan"]


def test_slices_of_a_release_without_the_cache_are_read() -> None:
    stored = to_json(SLICES)
    for one in stored["boot"]:
        del one["boots"], one["cache"]
    assert [(one.boots, one.cache) for one in from_json(stored).boot] == [(True, False)] * 2


def test_every_network_has_names() -> None:
    assert [one.name for one in SLICES.dns.networks] == ["lan", "quiet"]


def test_a_reservation_reaches_dhcp_and_dns() -> None:
    fixed = FixedAddress("52:54:00:00:00:07", IPv4Address("10.77.0.7"), "printer", ("late",))
    assert SLICES.dhcp[0].reservations == SLICES.dns.networks[0].reservations == (fixed,)


def test_an_owners_option_is_bytes() -> None:
    assert SLICES.dhcp[0].options == ((42, bytes([10, 77, 0, 7])),)


def test_what_the_owner_says_of_firmware_reaches_dhcp() -> None:
    assert SLICES.dhcp[0].vendor_classes == ("HW-Client",)
    assert SLICES.dhcp[0].reservations[0].quirks == ("late",)


def test_slices_of_a_release_without_quirks_are_read() -> None:
    stored = to_json(SLICES)
    (network,) = stored["dhcp"]
    del network["vendor_classes"], network["reservations"][0]["quirks"]
    (read,) = from_json(stored).dhcp
    assert (read.vendor_classes, read.reservations[0].quirks) == ((), ())


def test_slices_survive_being_published() -> None:
    assert from_json(to_json(SLICES)) == SLICES


def test_dhcp_says_where_the_time_is() -> None:
    plain = replace(LAN, dhcp=Dhcp(POOL))
    (network,) = cut(RouterConfig((plain,)), 1, {}).dhcp
    assert network.options == ((42, bytes([10, 77, 0, 1])),)


def test_dhcp_does_not_say_where_the_time_is_when_it_is_not_here() -> None:
    plain = replace(LAN, dhcp=Dhcp(POOL))
    (network,) = cut(RouterConfig((plain,), time=Time(serve=False)), 1, {}).dhcp
    assert network.options == ()


def test_names_know_the_ipv6_of_their_network() -> None:
    six = replace(LAN, ipv6=Ipv6())
    config = RouterConfig((six, QUIET), ula=IPv6Network("fd12::/48"))
    found = cut(config, 1, {}, delegated=IPv6Network("2001:db8:42::/56"))
    assert [tuple(map(str, one.six)) for one in found.dns.networks] == [
        ("fd12::1/64", "2001:db8:42::1/64"),
        (),
    ]
    assert from_json(to_json(found)) == found


def test_a_suffix_reaches_the_names() -> None:
    known = replace(PRINTER, suffix=IPv6Address("::7"))
    network = replace(LAN, dhcp=Dhcp(POOL, (known,)))
    found = cut(RouterConfig((network,)), 1, {})
    assert found.dns.networks[0].reservations[0].suffix == IPv6Address("::7")
    assert from_json(to_json(found)) == found


def test_dns_is_told_where_nothing_is_blocked() -> None:
    found = cut(RouterConfig((replace(LAN, filtered=False), QUIET)), 1, {})
    assert [one.filtered for one in found.dns.networks] == [False, True]
    assert from_json(to_json(found)) == found
