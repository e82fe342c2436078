"""What stays of a network that has moved: its old address, until nobody needs it any more."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Interface
from typing import Any

from appliance.model.config import Network, RouterConfig
from appliance.model.slices import DhcpNetwork, dhcp_from_json, plain


@dataclass(frozen=True, slots=True)
class Stay:
    """An address of ours from before, on the link where its network is now.

    `dhcp` is how the network was served then, None when it was not.  `until` is when the last
    lease from then ends (Unix seconds); None while the change is on trial.
    """

    network: str  # its name then: its leases are found by it
    link: str
    address: IPv4Interface
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
        address=IPv4Interface(stored["address"]),
        dhcp=dhcp_from_json(stored["dhcp"]) if stored["dhcp"] else None,
        until=stored["until"],
    )
