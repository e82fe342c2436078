"""DOOR: packets that wake machines, out of the link of the network where each card is.

By UDP to the network's broadcast address: a card looks at the frame only, and a socket bound to a
link needs no privilege for that.
"""

import socket
from collections.abc import Iterable

from appliance.model.slices import BootNetwork
from appliance.model.wake import magic

PORT = 9
TIMES = 3
"""Nobody says that it arrived."""


def send(network: BootNetwork, macs: Iterable[str]) -> None:
    """Wake the cards with these MACs on one network.  Raises OSError."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, network.link.encode())
        out.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        where = (str(network.address.network.broadcast_address), PORT)
        for mac in macs:
            for _ in range(TIMES):
                out.sendto(magic(mac), where)
