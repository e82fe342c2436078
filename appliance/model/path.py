"""Which connection a request came over, and what that allows during a trial.

Keep is a proof: it has to come over what will be left when the trial is over.  Whoever reaches the
router at an address that only stands beside the tried one, or from an address that only such a one
can answer, sees that the old network works.  They may undo and have more time, not keep.
"""

from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network

from appliance.model import ends
from appliance.model.config import Network, RouterConfig
from appliance.model.ends import Address
from appliance.model.stays import heir


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
    both = ends.address(reached), ends.address(client)
    if None in both or any(one is not None and one.is_loopback for one in both):
        return ON_THE_BOX
    return Path(*both)


def standing(
    before: RouterConfig | None,
    after: RouterConfig,
    way: Path,
    lent: IPv6Network | None = None,
) -> Standing:
    """What who came over `way` may do while `after` is tried in the place of `before`.

    `lent` is the IPv6 prefix of the provider.  An IPv6 address of ours that neither of them has is
    not theirs to move: it proves what it reaches.
    """
    reached, client = way.reached, way.client
    if before is None or reached is None:
        return KEEPS
    stays = ends.ours(after, reached, lent) is not None or (
        isinstance(reached, IPv6Address) and ends.ours(before, reached, lent) is None
    )
    if stays and not _only_before(before, after, client, lent):
        return KEEPS
    home = _home(after, before, way, lent)
    if home is None:
        why = f"You came over {reached}, which is gone after this change."
        return Standing(keeps=False, why=f"{why} Undo it, or keep it from another network.")
    at = str(ends.successor(after, home, reached, lent))
    if stays:
        why = f"Your device has {client}, an address from before: the new network is not proven."
        way_on = f"Have it take a new one (unplug it, or switch Wi-Fi off and on), then open {at}."
        return Standing(keeps=False, why=f"{why} {way_on}", at=at)
    why = f"You came over {reached}, the address from before. Keep is taken at {at}."
    return Standing(keeps=False, why=why, at=at)


def _only_before(
    before: RouterConfig, after: RouterConfig, client: Address | None, lent: IPv6Network | None
) -> bool:
    """Is `client` in a subnet that only the configuration from before has?"""
    if client is None:
        return False
    was = ends.network(before, client, lent)
    return was is not None and ends.network(after, client, lent) is None


def _home(
    after: RouterConfig, before: RouterConfig, way: Path, lent: IPv6Network | None
) -> Network | None:
    """Where the network that `way` came through is now."""
    was = ends.ours(before, way.reached, lent) if way.reached else None
    if was is None and way.client is not None:
        was = ends.network(before, way.client, lent)
    return None if was is None else heir(was, after)
