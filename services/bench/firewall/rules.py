"""Two firewalls of 1,000 rules each that have no rule in common.  Pure."""

from ipaddress import IPv4Address, IPv4Interface

from appliance.model.config import Network, RouterConfig
from appliance.model.firewall import Ports, Rule
from appliance.model.wan import StaticAddress, Wan

RULES = 1000
LAN = Network("lan", "br-lan", (), IPv4Interface("10.77.0.1/24"))
WAN = Wan("eth0", StaticAddress(IPv4Interface("192.0.2.2/24"), IPv4Address("192.0.2.1")))


def house(first: int) -> RouterConfig:
    """A home whose rules are about the 1,000 ports from `first` on."""
    ports = (Ports(first + number) for number in range(RULES))
    rules = (
        Rule(f"r-{at}", "lan", "internet", "accept", protocol="tcp", ports=(port,))
        for at, port in enumerate(ports)
    )
    return RouterConfig((LAN,), WAN, rules=tuple(rules))


PAIR = (house(1000), house(3000))
