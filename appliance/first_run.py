"""The first configuration of a new box, from what it is made of.

It names nothing that the owner did not name: a network answers DHCP only on ports they chose.
"""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address, ip_address

from appliance.errors import Problem, Refused
from appliance.model.cards import names
from appliance.model.config import Dhcp, Network, Pool, RouterConfig
from appliance.model.dns import Dns, Upstream
from appliance.model.ipv6 import Ipv6, site
from appliance.model.wan import Wan
from hardware.inventory import Nic

SUBNETS = tuple(
    map(IPv4Network, ("10.77.0.0/24", "10.177.0.0/24", "192.168.77.0/24", "172.27.77.0/24"))
)
"""Ranges that few others use, in the order they are tried."""
BRIDGE = "br-lan"
TOO_LATE = (
    "--lan, --wan and --upstream count at the first start only, and this router has its "
    "configuration. nixie change show prints it, nixie change propose changes it."
)


def ports(lan: Sequence[str], there: Iterable[Nic]) -> tuple[str, ...]:
    """The ports that the owner named.  Raises Refused when one is not there, or none was named."""
    there = tuple(there)
    missing = sorted(set(lan) - set(names(there)))
    if lan and not missing:
        return tuple(lan)
    what = "This is the first start, and nobody has said yet which ports are the LAN's."
    if missing:
        what = f"There is no port {', '.join(missing)}."
    listed = ", ".join(f"{nic.name} ({nic.mac})" for nic in there) or "none"
    raise Refused(Problem(("lan",), f"{what} Say it with --lan PORT. This machine has: {listed}."))


def way_out(port: str, lan: Sequence[str], there: Iterable[Nic]) -> Wan | None:
    """The way to the internet through `port`, by DHCP; None when none was named.

    Raises Refused when it is not there, or is the LAN's.
    """
    if not port:
        return None
    there = tuple(there)
    known = names(there)
    if known.get(port, port) in {known.get(one, one) for one in lan}:
        what = f"{port} cannot be a port of the LAN and the internet's. Name another with --wan."
        raise Refused(Problem(("wan",), what))
    if port not in known:
        listed = ", ".join(nic.name for nic in there) or "none"
        what = f"There is no port {port}. This machine has: {listed}."
        raise Refused(Problem(("wan",), what))
    return Wan(port)


def first_config(
    lan: Sequence[str],
    *,
    wan: Wan | None = None,
    upstreams: Sequence[str] = (),
    taken: Iterable[IPv4Network] = (),
    entropy: bytes = b"",
) -> RouterConfig:
    """One network over the ports `lan` (none in the lab: machines plug in later).

    `taken` are networks the box already sees: the LAN takes the first range beside them.  From
    `entropy`, 5 random bytes, comes the router's own IPv6 prefix; without it there is none.  Raises
    Refused when every range is taken, or an upstream is no address.
    """
    used = [*taken, *([wan.static.address.network] if wan and wan.static else [])]
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
        ipv6=Ipv6() if entropy else None,
    )
    dns = Dns(tuple(Upstream(_address(one)) for one in upstreams))
    ula = site(entropy) if entropy else None
    return RouterConfig(networks=(network,), wan=wan, dns=dns, ula=ula)


def _address(text: str) -> IPv4Address | IPv6Address:
    try:
        return ip_address(text)
    except ValueError as error:
        what = f"{text} is no address. Write one like 9.9.9.9 or 2620:fe::fe after --upstream."
        raise Refused(Problem(("upstream",), what)) from error
