"""The door to the kernel's table of connections, of the namespace that this runs in.

Needs CAP_NET_ADMIN.
"""

from itertools import islice
from pathlib import Path

from services.conntrack.wire import NEW, question, sender
from services.netlink.driver import NETFILTER, dump

COUNT, MOST = (Path(f"/proc/sys/net/netfilter/nf_conntrack_{name}") for name in ("count", "max"))
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
    told = dump(NETFILTER, question(), NEW, "does not list its connections")
    return list(islice(filter(None, map(sender, told)), most))
