"""The lines of the policy (`model/policy.py`) as rules of nftables."""

from collections.abc import Collection, Iterator, Mapping
from collections.abc import Set as AbstractSet
from itertools import product

from appliance.model.config import RouterConfig
from appliance.model.firewall import ACCEPT as ACCEPTED
from appliance.model.firewall import DROP as DROPPED
from appliance.model.firewall import EVERYBODY, INTERNET, REJECT, ROUTER, Ends
from appliance.model.outside import STRANGERS_LINK
from appliance.model.policy import PING, Line, Receivers
from appliance.plan.expression import (
    ACCEPT,
    DROP,
    Json,
    arrives,
    carries,
    count,
    ends_with,
    equals,
    field,
    forwarded,
    go_to,
    leaves,
    matches,
    networks,
    of_family,
    one_of,
    ports,
    rule,
)
from appliance.plan.noted import noted

REFUSE = "refuse"
"""The chain that ends a conversation from inside at once: nobody waits for a time-out."""

Narrowed = tuple[int, tuple[Json, ...]]
"""A family, 0 for both, and the matches that narrow it down."""


def rules_of(config: RouterConfig, line: Line) -> Iterator[Json]:
    """The rules of one line: one for each pair of ends that can meet; what they hold back is noted
    by one before it."""
    for (sent, sender), (headed, receiver) in product(
        _sent_by(line.senders), _headed_to(line.receivers)
    ):
        families = {sent, headed, line.family} - {0}
        if len(families) == 2:
            continue
        asks = (
            *_way(config, line),
            *_family(line, families, addressed=bool((sent and sender) or receiver)),
            *_but(line),
            *sender,
            *receiver,
            *_what(line),
        )
        if line.action != ACCEPTED:
            yield noted(line.id, *asks)
        yield rule(line.id, *asks, *_decided(line))


def _family(line: Line, families: AbstractSet[int], *, addressed: bool) -> Iterator[Json]:
    """The one family of a rule, unless an address or ICMP's own type says it already."""
    if families and not addressed and line.protocol != PING:
        yield of_family(max(families))


def _way(config: RouterConfig, line: Line) -> Iterator[Json]:
    yield arrives(one_of(entrances(config, line.sources)))
    if line.destinations != (ROUTER,):
        yield leaves(one_of(link(config, name) for name in line.destinations))
    if line.forwarded:
        yield forwarded()


def _but(line: Line) -> Iterator[Json]:
    if line.but:
        yield matches(field("ether", "saddr"), one_of(line.but), "!=")


def _sent_by(senders: Ends) -> Iterator[Narrowed]:
    if senders == EVERYBODY:
        yield 0, ()
    if senders.devices:
        yield 0, (equals("ether", "saddr", one_of(senders.devices)),)
    if senders.v4:
        yield 4, _within("ip", "saddr", networks(senders.v4))
    if senders.v6:
        yield 6, _within("ip6", "saddr", networks(senders.v6))


def _headed_to(receivers: Receivers) -> Iterator[Narrowed]:
    if receivers == Receivers():
        yield 0, ()
    if receivers.v4:
        yield 4, _within("ip", "daddr", networks(receivers.v4))
    if receivers.v6:
        yield 6, _within("ip6", "daddr", networks(receivers.v6))
    for suffix in sorted(set(receivers.suffixes)):
        yield 6, (ends_with(suffix),)


def _within(header: str, name: str, ranges: object) -> tuple[Json, ...]:
    """No match at all when it is everything of its family."""
    return () if ranges is None else (equals(header, name, ranges),)


def _what(line: Line) -> Iterator[Json]:
    if line.ports:
        yield equals(line.protocol, "dport", ports(line.ports))
    else:
        yield from PROTOCOLS.get(
            (line.protocol, line.family), PROTOCOLS.get((line.protocol, 0), ())
        )


def _decided(line: Line) -> Iterator[Json]:
    if name := _counter(line):
        yield count(name)
    yield {REJECT: go_to(REFUSE), DROPPED: DROP}.get(line.action, ACCEPT)


def _counter(line: Line) -> str | None:
    """What a line counts: the owner's rules each, and whatever is refused in the end."""
    if line.id.startswith("rule:"):
        return line.id.replace(":", "-")
    if line.action == REJECT:
        chain, zone = line.id.removesuffix("-refused").split("-", 1)
        return f"{zone}-{chain}-refused"
    return DROPPED_FROM_INTERNET.get(line.id)


def places(config: RouterConfig) -> tuple[str, ...]:
    """Every network, and the internet where there is a way out."""
    return (*(network.name for network in config.networks), *([INTERNET] if config.wan else ()))


def entrances(config: RouterConfig, names: Collection[str]) -> tuple[str, ...]:
    """The links by which what comes from these places comes in.

    From the internet it may come by the stranger's cable, too (`services/outside`): what is seen
    there is judged by the very rules that judge the internet's port.
    """
    found = tuple(link(config, name) for name in names)
    return (*found, STRANGERS_LINK) if INTERNET in names and config.wan else found


def link(config: RouterConfig, name: str) -> str:
    """The link of a network, or of the internet, in a located config."""
    if name == INTERNET and config.wan:
        return config.wan.link
    return next(network.bridge for network in config.networks if network.name == name)


DROPPED_FROM_INTERNET: Mapping[str, str] = {
    "input-wan": "wan-input-dropped",
    "forward-wan": "wan-forward-dropped",
}
"""The counter of each line that drops what the internet began."""
PROTOCOLS: Mapping[tuple[str, int], tuple[Json, ...]] = {
    ("tcp", 0): (carries("tcp"),),
    ("udp", 0): (carries("udp"),),
    ("icmp", 0): (carries("icmp", "ipv6-icmp"),),
    (PING, 4): (equals("icmp", "type", "echo-request"),),
    (PING, 6): (equals("icmpv6", "type", "echo-request"),),
}
"""What a line without ports asks of the packet, by its protocol and family."""
