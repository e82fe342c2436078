"""How full the table of connections is, and whose most of them are."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, ip_address

from appliance.events import Event, FlowsCalm, FlowsNearlyFull

NEARLY_FULL, CALM = 0.8, 0.6
"""Told at the one, over at the other: so that it is not told again and again."""
INTERNET, ROUTER = "the internet", "the router itself"
TODO = (
    "Stop what it does there, or block it on the page Devices: programs that share files do this, "
    "and devices that somebody else has taken over."
)
TODO_INTERNET = "Take out or narrow the forward that they come by, on the page Firewall."
TODO_ROUTER = "Start the router again, and report it: so many are no part of its work."
TODO_NOBODY = "Look on the page Devices who moves most, and block it there."
TODOS: Mapping[str, str] = {INTERNET: TODO_INTERNET, ROUTER: TODO_ROUTER}
"""What can be done about who is no device."""


@dataclass(frozen=True, slots=True)
class Home:
    """Who is who: our networks, our own addresses, and devices by their addresses."""

    networks: tuple[IPv4Network, ...]
    own: frozenset[str]
    devices: Mapping[str, str]

    def whose(self, packed: bytes) -> str:
        """Who has this address: a device's name with it, or one of INTERNET and ROUTER."""
        address = ip_address(packed)
        text = str(address)
        if text in self.own or address.is_loopback:
            return ROUTER
        if text in self.devices:
            return self.devices[text]
        near = address.is_link_local or any(address in one for one in self.networks)
        return text if near else INTERNET


def is_told(count: int, most: int, *, before: bool) -> bool:
    """Is it to be said that it is nearly full; `before`: it was.

    >>> [is_told(n, 100, before=b) for n, b in ((79, False), (80, False), (61, True), (59, True))]
    [False, True, True, False]
    """
    return count >= (CALM if before else NEARLY_FULL) * most


def told(count: int, most: int, begun: Iterable[bytes], home: Home) -> Event:
    """What there is to tell; `begun` are the senders of some of the connections."""
    shares = Counter(map(home.whose, begun))
    if not shares:
        return FlowsNearlyFull(count, most, "", TODO_NOBODY)
    ((who, number),) = shares.most_common(1)
    whose = f" {number / shares.total():.0%} of them were begun by {who}."
    return FlowsNearlyFull(count, most, whose, TODOS.get(who, TODO))


def over(count: int, most: int) -> Event:
    """There is room again."""
    return FlowsCalm(count, most)
