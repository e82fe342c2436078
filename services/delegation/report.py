"""What dhcpcd's hook put down, read.

Its times are seconds since the machine started (CLOCK_BOOTTIME): no wall clock can lengthen a
lifetime, and a report of an earlier start says nothing any more.
"""

from collections.abc import Mapping
from ipaddress import IPv6Network

from appliance.model.facts import Delegation

PREFIX = "new_dhcp6_ia_pd1_prefix"  # dhcpcd-run-hooks(8)
FOREVER = 0xFFFFFFFF  # RFC 8415 §7.7
LONGEST_SECONDS = 365 * 86_400
SHORTEST_PREFIX = 24  # of a large provider as a whole
LENDABLE = (IPv6Network("2000::/3"), IPv6Network("fc00::/7"))
"""What is global (RFC 4291 §2.4), and what is local to a site (RFC 4193)."""


def delegation(report: str, *, boot: str, uptime: float) -> Delegation | None:
    """The delegated prefix with the longest life left; None when there is none.

    `boot` and `uptime` are this machine's boot id and its seconds since then.
    """
    said = dict(line.split("=", 1) for line in report.splitlines() if "=" in line)
    if said.get("boot") != boot:
        return None
    found = []
    for number in range(1, 10):
        try:
            found.append(_prefix(said, f"{PREFIX}{number}", uptime))
        except (KeyError, ValueError, OverflowError):  # the last: it is infinite
            continue
    alive = [one for one in found if one.valid_seconds > 0 and _can_be_lent(one.prefix)]
    return max(alive, key=lambda one: (one.valid_seconds, one.prefix), default=None)


def _prefix(said: Mapping[str, str], name: str, uptime: float) -> Delegation:
    """Raises KeyError, ValueError or OverflowError when it is not there or makes no sense."""
    age = int(uptime - float(said["uptime"]))
    return Delegation(
        IPv6Network(f"{said[name]}/{said[f'{name}_length']}"),
        _left(said[f"{name}_pltime"], age),
        _left(said[f"{name}_vltime"], age),
    )


def _can_be_lent(prefix: IPv6Network) -> bool:
    """Whoever lends more, or what is nobody's, would have us lead the whole internet astray."""
    return prefix.prefixlen >= SHORTEST_PREFIX and any(map(prefix.subnet_of, LENDABLE))


def _left(text: str, age: int) -> int:
    seconds = int(text)
    return LONGEST_SECONDS if seconds == FOREVER else max(seconds - age, 0)
