"""Tags (IEEE 802.1Q): one cable carries a network as it is, and others each under a number."""

from dataclasses import dataclass
from typing import Annotated, Final
from zlib import crc32

from appliance.model.limits import STRICT, Between
from appliance.model.words import Port

Vlan = Annotated[int, Between(1, 4094)]  # 0 and 4095 are no networks (802.1Q table 9-2)
LINK_LONGEST: Final = 15
"""Characters of an interface's name (IFNAMSIZ without its end)."""


@dataclass(frozen=True, slots=True)
class Tagged:
    """What arrives at `port` with the tag `vlan`, and leaves there with it."""

    __pydantic_config__ = STRICT

    port: Port
    vlan: Vlan

    def __str__(self) -> str:
        return said(self.port, self.vlan)


def said(port: str, vlan: int | None) -> str:
    """A port and its tag, as people read it.

    >>> said("eth1", 20), said("eth1", None)
    ('eth1 (tag 20)', 'eth1')
    """
    return port if vlan is None else f"{port} (tag {vlan})"


def link_name(port: str, vlan: int | None) -> str:
    """The interface that carries this tag of a port: the port itself without one.

    A name that would be too long for the kernel is made of the tag and a sum over the port's.

    >>> link_name("eth1", 20), link_name("eth1", None), link_name("enp0s31f6np0", 4094)
    ('eth1.20', 'eth1', 'vlan4094-115257')
    """
    plain = port if vlan is None else f"{port}.{vlan}"
    if len(plain) <= LINK_LONGEST:
        return plain
    return f"vlan{vlan}-{crc32(port.encode()) & 0xFFFFFF:06x}"
