"""The door to the kernel's table of connections, of the namespace that this runs in.

Needs CAP_NET_ADMIN.
"""

import socket
from pathlib import Path

from appliance.errors import Unreachable
from services.conntrack.wire import question, senders

NETFILTER = 12  # NETLINK_NETFILTER
COUNT, MOST = (Path(f"/proc/sys/net/netfilter/nf_conntrack_{name}") for name in ("count", "max"))
ANSWER_SECONDS = 2.0
DATAGRAM_BYTES = 1 << 17
SAMPLE = 20_000
"""Connections looked at: they come in the order of a hash, so these are as all are."""


def fill() -> tuple[int, int] | None:
    """How many connections there are, and how many there may be; None while nothing is tracked."""
    try:
        return int(COUNT.read_text()), int(MOST.read_text())
    except (OSError, ValueError):
        return None


def begun(most: int = SAMPLE) -> list[bytes]:
    """Who began some of them, as packed addresses.  Raises Unreachable."""
    found: list[bytes] = []
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, NETFILTER) as netlink:
            netlink.settimeout(ANSWER_SECONDS)
            netlink.send(question())
            while len(found) < most:
                for one in senders(netlink.recv(DATAGRAM_BYTES)):
                    if one is None:
                        return found
                    found.append(one)
    except OSError as error:
        raise Unreachable(f"The kernel does not list its connections: {error}.") from error
    return found
