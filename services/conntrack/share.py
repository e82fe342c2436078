"""How full the table of connections is, and whose most of them are."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, ip_address
from typing import Final

from appliance.events import Event, FlowsCalm, FlowsNearlyFull
from appliance.model.config import RouterConfig
from appliance.store.devices import DeviceRow

NEARLY_FULL, CALM = 0.8, 0.6
"""Told at the one, over at the other: so that it is not told again and again."""
INTERNET: Final = "the internet"
ROUTER: Final = "the router itself"
NOBODY: Final = ""
REMEDIES: Mapping[str, str] = {
    INTERNET: "Take out or narrow the forward that they come by, on the page Firewall.",
    ROUTER: "Start the router again, and report it: so many are no part of its work.",
    NOBODY: "Look on the page Devices who moves most, and block it there.",
}
"""What can be done when most were begun by one of these, or by nobody who is known."""
OF_A_DEVICE = (
    "Stop what it does there, or block it on the page Devices: programs that share files do this, "
    "and devices that somebody else has taken over."
)


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


def home(config: RouterConfig | None, devices: Iterable[DeviceRow]) -> Home:
    """The house as it is in force, and who was seen in it."""
    networks = config.networks if config else ()
    named = {
        address: f"{row.hostname or row.maker or row.mac} ({address})"
        for row in devices
        for address in row.addresses
    }
    own = frozenset(str(one.address.ip) for one in networks)
    return Home(tuple(one.address.network for one in networks), own, named)


def is_told(count: int, most: int, *, before: bool) -> bool:
    """Is it to be said that it is nearly full; `before`: it was.  Of 0 at most there is no end.

    >>> [is_told(n, 100, before=b) for n, b in ((79, False), (80, False), (61, True), (59, True))]
    [False, True, True, False]
    >>> is_told(1_000, 0, before=False)
    False
    """
    return most > 0 and count >= (CALM if before else NEARLY_FULL) * most


def told(count: int, most: int, begun: Iterable[bytes], home: Home) -> Event:
    """What there is to tell; `begun` are the senders of some of the connections."""
    shares = Counter(map(home.whose, begun))
    if not shares:
        return FlowsNearlyFull(count, most, "", REMEDIES[NOBODY])
    ((who, number),) = shares.most_common(1)
    whose = f" {number / shares.total():.0%} of them were begun by {who}."
    return FlowsNearlyFull(count, most, whose, REMEDIES.get(who, OF_A_DEVICE))


def over(count: int, most: int) -> Event:
    """There is room again."""
    return FlowsCalm(count, most)
