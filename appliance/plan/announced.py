"""What each network is told of its IPv6 prefixes, from the config, the delegation, and what it was
told before.

Lifetimes are short, so that a prefix that nobody took back is forgotten soon (RFC 9096 §3.4), and
never longer than what is left of the delegation (RFC 7084 L-13).  A prefix that was announced and
is ours no longer is announced with lifetimes of 0 until nobody can believe in it any more
(RFC 9096 §3.5).  In between, while a trial lasts, the router still answers in it: then it is on the
cable, and nobody begins anything new from it (preferred lifetime 0, RFC 4862 §5.5.4).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from ipaddress import IPv6Network
from math import ceil

from appliance.model.announced import AnnouncedNetwork, AnnouncedPrefix, Ipv6Slice
from appliance.model.config import Network, RouterConfig
from appliance.model.facts import Delegation, Facts
from appliance.model.prefixes import prefixes, router_address
from appliance.plan.addresses import State as Addresses

Held = Mapping[str, tuple[IPv6Network, ...]]
"""Link name to the prefixes from before in which the router still answers."""

PREFERRED_SECONDS, VALID_SECONDS = 2_700, 5_400
"""The most that is promised: ND_PREFERRED_LIMIT and ND_VALID_LIMIT (RFC 9096 §4)."""
STEP_SECONDS = 60
"""What is left of a delegation counts in whole minutes: each step is a new advertisement."""
MEMORY_STEP_SECONDS = 600
"""`until` is rounded up to these, so that it is not written at each look."""


def announced(
    config: RouterConfig,
    facts: Facts,
    before: Ipv6Slice,
    now: float,
    *,
    out: bool = True,
    held: Held | None = None,
) -> Ipv6Slice:
    """What to announce under a located config; `now` is Unix seconds, `out` whether the way out has
    its link, `held` what stays of the config before."""
    delegation = facts.delegation
    mine = prefixes(config, facts.delegated)
    told = {one.link: one.prefixes for one in before.networks}
    networks = [
        _with_old(
            _network(one, mine.get(one.name, ()), delegation, now),
            [_held(it, delegation, now) for it in (held or {}).get(one.bridge, ())],
            told.get(one.bridge, ()),
            now,
        )
        for one in config.networks
    ]
    return Ipv6Slice(
        ask_on=config.wan.link if config.wan and out and mine else None,
        site=config.ula if mine else None,
        networks=tuple(one for one in networks if one.prefixes),
        delegated=facts.delegated,
    )


def promised(config: RouterConfig, before: Ipv6Slice) -> Addresses:
    """The router's addresses in prefixes that its networks were told of."""
    told = {one.link: one.prefixes for one in before.networks}
    return {
        one.bridge: frozenset(router_address(one, it.prefix) for it in told.get(one.bridge, ()))
        for one in config.networks
    }


def _network(
    network: Network, mine: tuple[IPv6Network, ...], delegation: Delegation | None, now: float
) -> AnnouncedNetwork:
    lent = [one for one in mine if _is_lent(one, delegation)]
    return AnnouncedNetwork(
        name=network.name,
        link=network.bridge,
        prefixes=tuple(_current(one, delegation, now) for one in mine),
        router=router_address(network, mine[0]).ip if mine else None,
        default_route=bool(lent),
    )


def _with_old(
    network: AnnouncedNetwork,
    held: Iterable[AnnouncedPrefix],
    told: Iterable[AnnouncedPrefix],
    now: float,
) -> AnnouncedNetwork:
    """`network`, with what it was told before: what is held, and what is to be forgotten."""
    mine = {one.prefix for one in network.prefixes}
    found = (*network.prefixes, *(one for one in held if one.prefix not in mine))
    return replace(network, prefixes=(*found, *_old({one.prefix for one in found}, told, now)))


def _held(prefix: IPv6Network, delegation: Delegation | None, now: float) -> AnnouncedPrefix:
    return replace(_current(prefix, delegation, now), preferred_seconds=0)


def _is_lent(prefix: IPv6Network, delegation: Delegation | None) -> bool:
    return delegation is not None and prefix.subnet_of(delegation.prefix)


def _current(prefix: IPv6Network, delegation: Delegation | None, now: float) -> AnnouncedPrefix:
    lent = delegation if _is_lent(prefix, delegation) else None
    left = lent.valid_seconds if lent else VALID_SECONDS
    liked = lent.preferred_seconds if lent else PREFERRED_SECONDS
    valid = min(_whole(left), VALID_SECONDS)
    preferred = min(_whole(liked), PREFERRED_SECONDS, valid)
    until = ceil((now + valid) / MEMORY_STEP_SECONDS) * MEMORY_STEP_SECONDS
    return AnnouncedPrefix(prefix, preferred, valid, float(until))


def _whole(seconds: int) -> int:
    return seconds - seconds % STEP_SECONDS


def _old(
    mine: Collection[IPv6Network], told: Iterable[AnnouncedPrefix], now: float
) -> Iterator[AnnouncedPrefix]:
    """What was told and does not hold any more.  A clock that went back makes it last no longer
    than it would have from now."""
    latest = now + VALID_SECONDS + MEMORY_STEP_SECONDS
    for one in told:
        until = min(one.until, latest)
        if one.prefix not in mine and until > now:
            yield AnnouncedPrefix(one.prefix, 0, 0, until)
