"""A home with a LAN, a guest network and a NAS, for every test of the firewall."""

from dataclasses import replace
from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Network
from typing import Any

from appliance.model.config import Dhcp, Network, Pool, Reservation, RouterConfig
from appliance.model.firewall import Forward, Ports, Rule, Zone
from appliance.model.ipv6 import Ipv6
from appliance.model.wan import StaticAddress, Wan

NAS = Reservation("52:54:00:00:00:05", IPv4Address("10.77.0.5"), "nas", suffix=IPv6Address("::5"))
LAN = Network(
    "lan",
    "br-lan",
    (),
    IPv4Interface("10.77.0.1/24"),
    Dhcp(Pool(IPv4Address("10.77.0.100"), IPv4Address("10.77.0.199")), (NAS,)),
)
GUEST = Network(
    "visitors",
    "br-guest",
    (),
    IPv4Interface("10.78.0.1/24"),
    Dhcp(Pool(IPv4Address("10.78.0.100"), IPv4Address("10.78.0.199"))),
    netboot=False,
    zone="guest",
)
WAN = Wan("eth0", StaticAddress(IPv4Interface("192.0.2.2/24"), IPv4Address("192.0.2.1")))
HOME = RouterConfig((LAN, GUEST), WAN, zones=(Zone("lan", manages=True), Zone("guest")))
SIX = replace(
    HOME,
    networks=tuple(replace(one, ipv6=Ipv6()) for one in HOME.networks),
    ula=IPv6Network("fd12:3456:789a::/48"),
)
"""The same with IPv6."""
SSH = Forward("ssh", NAS.mac, "tcp", Ports(2222), 22)


def ruled(*rules: Rule, **changed: Any) -> RouterConfig:
    """The home with these rules and changes."""
    return replace(HOME, rules=rules, **changed)
