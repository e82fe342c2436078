from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Network

from appliance.model.compare import differences
from appliance.model.config import Dhcp, Network, Pool, Reservation, RouterConfig
from appliance.model.ipv6 import Ipv6

DEVICE = Reservation("52:54:00:00:00:01", IPv4Address("10.77.0.10"), "ember")
DHCP = Dhcp(Pool(IPv4Address("10.77.0.100"), IPv4Address("10.77.0.199")), (DEVICE,))
LAN = Network("lan", "br-lan", (), IPv4Interface("10.77.0.1/24"), DHCP, ipv6=Ipv6())
CONFIG = RouterConfig((LAN,), ula=IPv6Network("fd12:3456:789a::/48"))


def changed(network: Network) -> tuple[str, ...]:
    return differences(CONFIG, replace(CONFIG, networks=(network,)))


def test_ipv6_that_goes_is_said() -> None:
    assert changed(replace(LAN, ipv6=None)) == ("lan loses IPv6.",)


def test_another_number_is_said() -> None:
    found = changed(replace(LAN, ipv6=Ipv6(subnet=7)))
    assert found == (
        "lan takes number 7 among the IPv6 networks (was 0): the router and its devices get other "
        "IPv6 addresses there.",
    )


def test_a_network_that_another_one_moves_is_said() -> None:
    guest = Network("guest", "br-guest", (), IPv4Interface("10.78.0.1/24"), ipv6=Ipv6())
    both = replace(CONFIG, networks=(LAN, guest))
    assert [one for one in differences(both, CONFIG) if "number" in one] == []
    found = differences(both, replace(CONFIG, networks=(guest,)))
    assert (
        "guest takes number 0 among the IPv6 networks (was 1): the router and its devices get "
        "other IPv6 addresses there."
    ) in found


def test_a_number_that_is_written_down_is_said() -> None:
    pinned = replace(LAN, ipv6=Ipv6(subnet=0))
    assert changed(pinned) == (
        "lan keeps number 0 among the IPv6 networks, whatever others there are.",
    )
    assert differences(replace(CONFIG, networks=(pinned,)), CONFIG) == (
        "lan takes the lowest number that is free among the IPv6 networks.",
    )


def test_another_end_of_the_router_is_said() -> None:
    found = changed(replace(LAN, ipv6=Ipv6(suffix=IPv6Address("::53"))))
    assert found == ("The router's IPv6 addresses on lan end in ::53 (was ::1).",)


def test_our_own_prefix_is_said() -> None:
    assert differences(CONFIG, replace(CONFIG, ula=None)) == (
        "The networks lose their own IPv6 prefix fd12:3456:789a::/48.",
    )
