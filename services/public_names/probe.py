"""DOOR: the router's own IPv6 addresses, which anybody may read."""

from pathlib import Path

from services.public_names.address import Own, read_if_inet6

IF_INET6 = Path("/proc/self/net/if_inet6")


def owned() -> list[Own]:
    """Those of this network namespace; none on a kernel without IPv6."""
    try:
        return read_if_inet6(IF_INET6.read_text())
    except OSError:
        return []
