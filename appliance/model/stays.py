"""What stays of a network that has moved: its old address, until nobody needs it any more."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface, IPv6Interface, IPv6Network, ip_interface
from typing import Any

from appliance.model.config import Network, RouterConfig
from appliance.model.prefixes import prefixes, router_address
from appliance.model.slices import DhcpNetwork, dhcp_from_json, plain


@dataclass(frozen=True, slots=True)
class Stay:
    """An address of ours from before, on the link where its network is now.

    `dhcp` is how the network was served then, None when it was not.  `until` is when the last
    lease from then ends (Unix seconds); None while the change is on trial.  An IPv6 address has no
    leases: it stays for the trial alone.
    """

    network: str  # its name then: its leases are found by it
    link: str
    address: IPv4Interface | IPv6Interface
    dhcp: DhcpNetwork | None = None
    until: float | None = None


def heir(was: Network, after: RouterConfig) -> Network | None:
    """The network of `after` in the place of `was`: of its name, else its bridge, else a port."""
    ports = set(was.members)
    tests: tuple[Callable[[Network], bool], ...] = (
        lambda one: one.name == was.name,
        lambda one: one.bridge == was.bridge,
        lambda one: bool(ports & set(one.members)),
    )
    found = (one for test in tests for one in after.networks if test(one))
    return next(found, None)


def six_beside(
    was: Network, before: RouterConfig, after: RouterConfig, lent: IPv6Network | None
) -> Iterator[IPv6Interface]:
    """The router's IPv6 addresses on a network of `before` that can stand beside `after`: those
    that `after` does not have in their place, unless another network has their /64 then.

    `lent` is the provider's prefix.
    """
    home, theirs = heir(was, after), prefixes(after, lent)
    if home is None:
        return
    for part in prefixes(before, lent).get(was.name, ()):
        owners = [one for one in after.networks if part in theirs.get(one.name, ())]
        address = router_address(was, part)
        if not owners or (owners == [home] and router_address(home, part) != address):
            yield address


def to_json(stay: Stay) -> dict[str, Any]:
    """The form stored in net.db."""
    return {
        "network": stay.network,
        "link": stay.link,
        "address": str(stay.address),
        "dhcp": plain(stay.dhcp) if stay.dhcp else None,
        "until": stay.until,
    }


def from_json(stored: Mapping[str, Any]) -> Stay:
    """Read what `to_json` wrote.  Raises KeyError or ValueError on anything else."""
    return Stay(
        network=str(stored["network"]),
        link=str(stored["link"]),
        address=ip_interface(stored["address"]),
        dhcp=dhcp_from_json(stored["dhcp"]) if stored["dhcp"] else None,
        until=stored["until"],
    )
