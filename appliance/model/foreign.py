"""Foreign code that runs on this router: whose users fetch and build it, and whom each may reach.

Each source that may reach somebody at home has a user of its own to fetch with, so that the filter
tells them apart; others share one, which reaches nobody there.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from appliance.model.reach import Address, addresses, as_address, places
from appliance.roles import FETCHERS

if TYPE_CHECKING:
    from appliance.model.config import RouterConfig

BUILDERS: Final = (872_415_232, 880_803_839)
"""Nix's own range for users that it allocates: its settings `start-id` and `id-count`."""


class Source(NamedTuple):
    """A source, as far as this is about it."""

    id: str
    url: str
    reach: tuple[str, ...]


class Foreign(NamedTuple):
    """Whose packets are foreign code's: users that fetch, as (name, uid), and the range of those
    that build; and the sources they do it for."""

    users: tuple[tuple[str, int], ...] = ()
    builders: tuple[int, int] = BUILDERS
    sources: tuple[Source, ...] = ()


NOBODY: Final = Foreign()


def fetchers(sources: Iterable[Source]) -> Mapping[str, str]:
    """Source → the user that fetches for it, for sources that may reach somebody at home.

    Those beyond FETCHERS have none, and reach nobody there.
    """
    reaching = [one.id for one in sources if places(one.url, one.reach)]
    return dict(zip(sorted(reaching), FETCHERS, strict=False))


def reached(
    sources: Sequence[Source], config: "RouterConfig"
) -> Mapping[str, frozenset[tuple[str, Address]]]:
    """Fetching user → the servers that it may reach, as (name, address)."""
    users = fetchers(sources)
    return {
        users[one.id]: frozenset(
            (each.host, address)
            for each in places(one.url, one.reach)
            for address in addresses(each, config)
        )
        for one in sources
        if one.id in users
    }


def names_reached(sources: Sequence[Source], config: "RouterConfig") -> tuple[str, ...]:
    """The names of all servers that any source may reach, in full."""
    found = {host for servers in reached(sources, config).values() for host, _ in servers}
    named = {one if "." in one else f"{one}.{config.domain}" for one in found}
    return tuple(sorted(one for one in named if as_address(one) is None))
