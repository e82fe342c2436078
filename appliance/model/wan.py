"""The way out: which port it is, how it gets its address, and what else the provider wants."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface
from typing import Annotated, Final

from appliance.model import pppoe
from appliance.model.limits import STRICT, Between
from appliance.model.pppoe import Pppoe
from appliance.model.shaping import Shaping
from appliance.model.vlan import Vlan, link_name
from appliance.model.words import Mac, Port

USUAL_MTU: Final = 1500
"""Bytes; what Ethernet carries when nobody says otherwise."""
LEAST_MTU: Final = 1280  # RFC 8200 §5
LARGEST_MTU: Final = 9000


@dataclass(frozen=True, slots=True)
class StaticAddress:
    """The address that the provider wrote on paper."""

    __pydantic_config__ = STRICT

    address: IPv4Interface
    gateway: IPv4Address


@dataclass(frozen=True, slots=True)
class Wan:
    """The port to the internet; without `static` and `pppoe` its address comes by DHCP.

    `mac` is what the provider shall see instead of the card's own; `mtu` the largest packet;
    `vlan` the tag that the provider wants on everything.
    """

    __pydantic_config__ = STRICT

    port: Port
    static: StaticAddress | None = None
    mac: Mac | None = None
    mtu: Annotated[int, Between(LEAST_MTU, LARGEST_MTU)] | None = None
    vlan: Vlan | None = None
    shaping: Shaping | None = None
    pppoe: Pppoe | None = None

    @property
    def cable(self) -> str:
        """The interface of a located way out that the provider's frames are on: its port, or the
        tag on it."""
        return link_name(self.port, self.vlan)

    @property
    def link(self) -> str:
        """The interface of a located way out that the internet is on."""
        return pppoe.LINK if self.pppoe else self.cable

    @property
    def is_there(self) -> bool:
        """Does that interface exist?  A session's does from when there is an address."""
        return self.pppoe is None or self.static is not None

    @property
    def packet(self) -> int | None:
        """The largest packet as far as it is known, in bytes; None when the provider says it."""
        return self.mtu or (pppoe.MTU if self.pppoe else None)
