"""Whom at home foreign code may reach: what fetches for sources, and what builds them.  Nobody.

They are known by their users: those of `appliance/roles.py` that fetch, and the range out of which
our nix-daemon takes the users of its builds (a fixed-output derivation has the network in its
sandbox, too).  They reach the internet, the router's own resolver at a port of its own, which gives
them no address at home, and the servers that the owner listed for their source.  Everything else of
ours is refused at once, so that nobody waits, and told (`plan/noted.py`): private, link-local,
loopback and metadata addresses, this router itself, every device behind it, and every group.
"""

from collections.abc import Iterator
from ipaddress import IPv4Network, IPv6Network
from typing import Final

from appliance.model.config import RouterConfig
from appliance.model.facts import Facts
from appliance.model.foreign import Foreign, reached
from appliance.model.foreign_names import NAMES_PORT
from appliance.model.gateways import behind
from appliance.plan.expression import (
    ACCEPT,
    Json,
    carries,
    equals,
    field,
    go_to,
    leaves,
    matches,
    networks,
    numbers,
    one_of,
    rule,
    to_this_box,
)
from appliance.plan.noted import tells

OUTPUT, FOREIGN, NAMES = "output", "foreign", "foreign-names"
NOT_ELSEWHERE: Final = ("local", "broadcast", "anycast", "multicast")
"""Kinds of receivers, as the kernel's routes have them."""
HELD: Final = "foreign"
"""The id of the rules that refuse."""

HOME_4: Final = tuple(
    map(
        IPv4Network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
            *("172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3"),
        ),
    )
)
NAT64: Final = IPv6Network("64:ff9b::/96")
INTERNET_6: Final = (IPv6Network("2000::/3"), NAT64)
"""All that the internet has of IPv6 (RFC 4291 §2.4), and what a translator makes of it."""
HOME_6: Final = (
    *(IPv6Network("2001::/32"), IPv6Network("2002::/16")),
    *(
        IPv6Network((int(NAT64.network_address) + int(one.network_address), 96 + one.prefixlen))
        for one in HOME_4
    ),
)
"""What of that stands for addresses of v4 that may be at home: Teredo, 6to4, RFC 6052."""


def judged(foreign: Foreign) -> tuple[Json, ...]:
    """The rules of the output chain: foreign code goes on in a chain of its own."""
    return (rule(FOREIGN, _by(foreign), go_to(FOREIGN)),)


def names(foreign: Foreign) -> tuple[Json, ...]:
    """The rules that send every question about a name to our resolver, whomever it was for."""
    to_us: Json = {"redirect": {"port": NAMES_PORT}}
    return tuple(
        rule(f"{NAMES}-{protocol}", _by(foreign), equals(protocol, "dport", 53), to_us)
        for protocol in ("udp", "tcp")
    )


def rules(config: RouterConfig, facts: Facts, refuse: str) -> tuple[Json, ...]:
    """The rules of foreign code's own chain; `refuse` is the chain that ends a conversation."""
    return (
        *(
            rule(f"{NAMES}-{one}", to_this_box(), equals(one, "dport", NAMES_PORT), ACCEPT)
            for one in ("udp", "tcp")
        ),
        *_listed(config, facts.foreign),
        *(
            one
            for number, match in enumerate(_home(config, facts), 1)
            for one in (
                tells(HELD, match),
                rule(f"{HELD}-{number}", match, go_to(refuse)),
            )
        ),
    )


def _listed(config: RouterConfig, foreign: Foreign) -> Iterator[Json]:
    """What the owner allows to one source each."""
    uids = dict(foreign.users)
    for user, servers in sorted(reached(foreign.sources, config).items()):
        for version, header in ((4, "ip"), (6, "ip6")):
            found = [str(one) for _, one in servers if one.version == version]
            if found and user in uids:
                yield rule(
                    f"{FOREIGN}-{user}-{version}",
                    matches({"meta": {"key": "skuid"}}, uids[user]),
                    equals(header, "daddr", one_of(found)),
                    carries("tcp"),
                    ACCEPT,
                )


def _home(config: RouterConfig, facts: Facts) -> Iterator[Json]:
    """Everything that is not the internet."""
    delegated = [facts.delegated] if facts.delegated else []
    inside = [one.address.network for one in config.networks]
    beyond = [one for _, one in behind(config) if one.prefixlen]  # a way out leads not home
    four = [one for one in beyond if isinstance(one, IPv4Network)]
    six = [one for one in beyond if isinstance(one, IPv6Network)]
    yield matches({"fib": {"result": "type", "flags": ["daddr"]}}, one_of(NOT_ELSEWHERE))
    yield equals("ip", "daddr", networks([*HOME_4, *inside, *four]))
    yield matches(field("ip6", "daddr"), networks(INTERNET_6), "!=")
    yield equals("ip6", "daddr", networks([*HOME_6, *delegated, *six]))
    if config.wan and config.networks:
        yield leaves(one_of(one.bridge for one in config.networks))


def _by(foreign: Foreign) -> Json:
    """It was sent by foreign code."""
    users = [(uid, uid) for _, uid in foreign.users]
    return matches({"meta": {"key": "skuid"}}, numbers([*users, foreign.builders]))
