from dataclasses import replace
from ipaddress import IPv4Interface, IPv6Address, IPv6Network

import pytest

from appliance.model.config import Network, RouterConfig
from appliance.model.ends import address, network, ours
from appliance.model.ipv6 import Ipv6

LENT = IPv6Network("2001:db8:42::/56")
LAN = Network("lan", "br-lan", (), IPv4Interface("10.77.0.1/24"), ipv6=Ipv6())
GUEST = Network("guest", "br-guest", (), IPv4Interface("10.78.0.1/24"))
CONFIG = RouterConfig((LAN, GUEST), ula=IPv6Network("fd12:3456:789a::/48"))


def named(found: Network | None) -> str:
    return found.name if found else ""


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("10.77.0.9", "lan"),
        ("10.79.0.9", ""),
        ("fd12:3456:789a::9", "lan"),
        ("fd12:3456:789a:1::9", ""),
        ("2001:db8:42::9", "lan"),
        ("fe80::9%br-lan", "lan"),
        ("fe80::9%br-guest", ""),
        ("fe80::9", ""),
    ],
)
def test_a_device_is_in_the_network_of_its_address(text: str, name: str) -> None:
    end = address(text)
    assert end
    assert named(network(CONFIG, end, LENT)) == name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("10.77.0.1", "lan"),
        ("10.77.0.2", ""),
        ("fd12:3456:789a::53", "lan"),
        ("fd12:3456:789a::1", ""),
        ("2001:db8:42::53", "lan"),
        ("fe80::1%br-lan", "lan"),
    ],
)
def test_the_router_is_known_by_its_own_addresses(text: str, name: str) -> None:
    lan = replace(LAN, ipv6=Ipv6(suffix=IPv6Address("::53")))
    end = address(text)
    assert end
    assert named(ours(replace(CONFIG, networks=(lan, GUEST)), end, LENT)) == name


def test_without_a_delegation_its_addresses_belong_to_nobody() -> None:
    end = address("2001:db8:42::9")
    assert end
    assert network(CONFIG, end, None) is None
