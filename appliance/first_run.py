"""The first configuration of a new box, from what it is made of.

It names nothing that the owner did not name: a network answers DHCP only on ports they chose.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Interface, IPv4Network

from appliance.errors import Problem, Refused
from appliance.model.config import Dhcp, Dns, Network, Pool, RouterConfig, Wan

SUBNETS = tuple(
    map(IPv4Network, ("10.77.0.0/24", "10.177.0.0/24", "192.168.77.0/24", "172.27.77.0/24"))
)
"""Ranges that few others use, in the order they are tried."""
BRIDGE = "br-lan"


def first_config(
    lan: Sequence[str],
    *,
    wan: Wan | None = None,
    upstreams: Sequence[str] = (),
    taken: Iterable[IPv4Network] = (),
) -> RouterConfig:
    """One network over the ports `lan` (none in the lab: machines plug in later).

    `taken` are networks the box already sees: the LAN takes the first range beside them.  Raises
    Refused when every range is taken.
    """
    used = [*taken, *([wan.address.network] if wan else [])]
    free = [one for one in SUBNETS if not any(one.overlaps(other) for other in used)]
    if not free:
        raise Refused(
            Problem(
                ("networks", 0, "address"),
                "Every range that Nixie would take is in use here already; "
                "name a free one for the LAN, for example 10.200.0.1/24.",
            )
        )
    subnet = free[0]
    network = Network(
        name="lan",
        bridge=BRIDGE,
        ports=tuple(lan),
        address=IPv4Interface(f"{subnet[1]}/{subnet.prefixlen}"),
        dhcp=Dhcp(Pool(subnet[100], subnet[199])),
    )
    dns = Dns(tuple(map(type(subnet[1]), upstreams)))
    return RouterConfig(networks=(network,), wan=wan, dns=dns)
