"""Which connection a request came over, and what that allows during a trial.

Keep is a proof: it has to come over what will be left when the trial is over.  Whoever reaches the
router at an address that only stands beside the tried one, or from an address that only such a one
can answer, sees that the old network works.  They may undo and have more time, not keep.
"""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from appliance.model.config import Network, RouterConfig
from appliance.model.stays import heir

Address = IPv4Address | IPv6Address


@dataclass(frozen=True, slots=True)
class Path:
    """The router's address that a request reached, and the client's; None on the box itself."""

    reached: Address | None = None
    client: Address | None = None


ON_THE_BOX = Path()


@dataclass(frozen=True, slots=True)
class Standing:
    """Whether a requester may keep; `at` is the address where Keep is taken, "" for here."""

    keeps: bool
    why: str = ""
    at: str = ""


KEEPS = Standing(keeps=True)


def path(reached: str, client: str) -> Path:
    """Read the two ends of a connection; what is no address means the box itself.

    >>> path("10.77.0.1", "10.77.0.9")
    Path(reached=IPv4Address('10.77.0.1'), client=IPv4Address('10.77.0.9'))
    >>> path("/run/api.sock", "") == path("127.0.0.1", "127.0.0.1") == ON_THE_BOX
    True
    """
    ends = _address(reached), _address(client)
    if None in ends or any(one is not None and one.is_loopback for one in ends):
        return ON_THE_BOX
    return Path(*ends)


def standing(before: RouterConfig | None, after: RouterConfig, way: Path) -> Standing:
    """What who came over `way` may do while `after` is tried in the place of `before`.

    IPv6 ends are not the configuration's to move: they prove what they reach.
    """
    reached, client = way.reached, way.client
    if before is None or not isinstance(reached, IPv4Address):
        return KEEPS
    if _ours(after, reached) and not _only_before(before, after, client):
        return KEEPS
    home = _home(after, before, way)
    if home is None:
        why = f"You came over {reached}, which is gone after this change."
        return Standing(keeps=False, why=f"{why} Undo it, or keep it from another network.")
    at = str(home.address.ip)
    if _ours(after, reached):
        why = f"Your device has {client}, an address from before: the new network is not proven."
        way_on = f"Have it take a new one (unplug it, or switch Wi-Fi off and on), then open {at}."
        return Standing(keeps=False, why=f"{why} {way_on}", at=at)
    why = f"You came over {reached}, the address from before. Keep is taken at {at}."
    return Standing(keeps=False, why=why, at=at)


def _ours(config: RouterConfig, address: Address) -> bool:
    return any(one.address.ip == address for one in config.networks)


def _only_before(before: RouterConfig, after: RouterConfig, client: Address | None) -> bool:
    """Is `client` in a subnet that only the configuration from before has?"""
    if not isinstance(client, IPv4Address):
        return False
    return _network(before, client) is not None and _network(after, client) is None


def _network(config: RouterConfig, client: Address) -> Network | None:
    return next((one for one in config.networks if client in one.address.network), None)


def _home(after: RouterConfig, before: RouterConfig, way: Path) -> Network | None:
    """Where the network that `way` came through is now."""
    was = next((one for one in before.networks if one.address.ip == way.reached), None)
    if was is None and way.client is not None:
        was = _network(before, way.client)
    return None if was is None else heir(was, after)


def _address(text: str) -> Address | None:
    """The address of one end; an IPv4 one in IPv6's clothes is taken out of them."""
    try:
        found = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(found, "ipv4_mapped", None) or found
