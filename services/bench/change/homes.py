"""Two homes that differ in the address of their LAN, and the peer's way between them.  Pure."""

import re
from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Interface

from appliance.model.config import Dhcp, Network, Pool, RouterConfig
from appliance.model.wan import StaticAddress, Wan
from appliance.plan import order
from appliance.plan.addresses import AddAddress, DropAddress
from appliance.plan.firewall import Refill

PORT = "nxbc"
WAN = Wan("up0", StaticAddress(IPv4Interface("192.0.2.2/24"), IPv4Address("192.0.2.1")))
CHAIN = "\tchain {} {{\n.*?\n\t}}"


def home(subnet: int) -> RouterConfig:
    """A home at 10.<subnet>.0.1, which hands out addresses there."""
    pool = Pool(IPv4Address(f"10.{subnet}.0.100"), IPv4Address(f"10.{subnet}.0.199"))
    address = IPv4Interface(f"10.{subnet}.0.1/24")
    return RouterConfig((Network("lan", "br-lan", (PORT,), address, Dhcp(pool)),), WAN)


PAIR = (home(77), home(78))


def batch(steps: Iterable[order.Step]) -> str:
    """The address steps as lines for `ip -batch`.

    >>> batch([AddAddress("br-lan", IPv4Interface("10.78.0.1/24"))])
    'address add 10.78.0.1/24 dev br-lan\\n'
    """
    verbs = {AddAddress: "add", DropAddress: "del"}
    return "".join(
        f"address {verbs[type(one)]} {one.address} dev {one.link}\n"
        for one in steps
        if isinstance(one, AddAddress | DropAddress)
    )


def refill(steps: Iterable[order.Step], listed: str) -> str:
    """The filter's steps as a file for `nft -f`; `listed` is the table as nft lists it after."""
    names = [chain.name for one in steps if isinstance(one, Refill) for chain in one.fill]
    found = [re.search(CHAIN.format(name), listed, re.DOTALL) for name in names]
    flushed = "".join(f"flush chain inet nixie {name}\n" for name in names)
    chains = "\n".join(one[0] for one in found if one)
    return f"{flushed}table inet nixie {{\n{chains}\n}}\n"
