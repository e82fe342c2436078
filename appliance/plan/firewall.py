"""The filter and the translation of addresses, from the lines of the policy.

Rules are the JSON objects that nft lists (handles stripped, set members sorted), so drift is `==`.
A rule's comment is the id of its line.  Rules may name links that do not exist yet, so the filter
stands before the first packet.  IPv6 is filtered from the first day, with the ICMPv6 it cannot live
without (RFC 4890 §4.3, §4.4) and the answers of a DHCPv6 server (RFC 8415 §7.2).

Answers of a flow are let through at once; what its beginner sends is judged packet by packet.  So
whatever the policy no longer allows stops when it changes, running conversations included.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from dataclasses import field as default
from ipaddress import IPv4Network

from appliance.model.config import Network, Reservation, RouterConfig
from appliance.model.facts import NOTHING_FOUND, Facts
from appliance.model.firewall import INTERNET, ROUTER, Forward
from appliance.model.gateways import behind
from appliance.model.policy import Line, lines, ways_in
from appliance.model.wan import USUAL_MTU, Wan
from appliance.plan import egress
from appliance.plan.expression import (
    ACCEPT,
    DROP,
    MASQUERADE,
    Json,
    answers,
    arrives,
    begins,
    carries,
    count,
    equals,
    established,
    field,
    forwarded,
    invalid,
    leaves,
    matches,
    networks,
    of_family,
    one_of,
    ports,
    prefix,
    related,
    rule,
    segments,
    to_this_box,
    unreturnable,
)
from appliance.plan.noted import BEFORE, noted
from appliance.plan.policy import DROPPED_FROM_INTERNET, REFUSE, entrances, places, rules_of

FAMILY, TABLE = "inet", "nixie"


@dataclass(frozen=True, slots=True)
class Hook:
    """Where the kernel calls a chain; `priority` orders chains of one hook, `policy` is the end."""

    kind: str  # "filter" or "nat"
    name: str  # "input", "forward", "postrouting"
    priority: int
    policy: str


@dataclass(frozen=True, slots=True)
class Chain:
    """One chain with its rules in order."""

    name: str
    hook: Hook | None
    rules: tuple[Json, ...]


@dataclass(frozen=True, slots=True)
class State:
    """Our table: its chains, and the objects that outlive a refill by (kind, name).

    Counter values and the elements that a running ruleset puts into a set are no part of it.
    """

    stands: bool = False
    chains: Mapping[str, Chain] = default(default_factory=dict)
    named: Mapping[tuple[str, str], Json] = default(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Refill:
    """One transaction: what changed is flushed and filled again, the rest keeps its counters."""

    add_named: tuple[tuple[str, Json], ...]
    drop_named: tuple[tuple[str, str], ...]
    fill: tuple[Chain, ...]
    rehook: tuple[str, ...]  # of `fill`: those to delete first, because their hook changes
    drop: tuple[str, ...]
    words: tuple[str, ...]  # rule ids: +new, ~changed, -gone


@dataclass(frozen=True, slots=True)
class DropTable:
    """Take the whole table away."""


Step = Refill | DropTable


ICMPV6_ERRORS = ("destination-unreachable", "packet-too-big", "time-exceeded", "parameter-problem")
NEIGHBOURS = ("nd-router-solicit", "nd-router-advert", "nd-neighbor-solicit", "nd-neighbor-advert")
LISTENERS = (
    "mld-listener-query",
    "mld-listener-report",
    "mld-listener-done",
    "mld2-listener-report",
)
HEADER_BYTES: Mapping[int, int] = {4: 40, 6: 60}
"""Bytes of a packet's IP and TCP headers, by version."""
SPOOFED = "spoofed-dropped"
OVERHEARD = ("spoofed-dhcp", "input-wan-dhcp")
"""What is held back and not told: the answers of DHCP servers that our own questions brought about.
Who asked reads them as frames, before any filter, and in no conversation that the kernel knows."""


def wanted(config: RouterConfig, facts: Facts = NOTHING_FOUND) -> State:
    """The table of a located config, as it holds at this moment (`model/schedule.py`)."""
    policy = lines(config, facts.admitted)
    chains = [_senders(config), _input(config, policy), _forward(config, policy), _refuse()]
    if facts.foreign.users:
        chains.extend(_foreign(config, facts))
    if config.wan:
        chains.append(_postrouting(config, config.wan.link))
        if ways_in(config):
            chains.append(_prerouting(config))
    return State(
        stands=True,
        chains={chain.name: chain for chain in chains},
        named={("counter", name): {"name": name} for name in _counted(chains)},
    )


def owned(present: State, scope: State) -> State:
    """All of `present`: the table with our name is ours, whoever wrote into it."""
    del scope
    return present


def steps(wanted: State, present: State) -> tuple[Step, ...]:
    """One transaction from `present` to `wanted`; () means nothing to do."""
    if not wanted.stands:
        return (DropTable(),) if present.stands else ()
    fill = tuple(
        chain for name, chain in wanted.chains.items() if present.chains.get(name) != chain
    )
    refill = Refill(
        add_named=tuple(
            (kind, body)
            for (kind, name), body in wanted.named.items()
            if present.named.get((kind, name)) != body
        ),
        drop_named=tuple(
            key for key, body in present.named.items() if wanted.named.get(key) != body
        ),
        fill=fill,
        rehook=tuple(chain.name for chain in fill if _hook_changes(chain, present)),
        drop=tuple(name for name in present.chains if name not in wanted.chains),
        words=tuple(_words(wanted, present)),
    )
    changed = refill.add_named or refill.drop_named or refill.fill or refill.drop
    return (refill,) if changed or not present.stands else ()


def _hook_changes(chain: Chain, present: State) -> bool:
    now = present.chains.get(chain.name)
    return now is not None and now.hook != chain.hook


def _words(wanted: State, present: State) -> Iterable[str]:
    before, after = _rules(present), _rules(wanted)
    yield from (f"+{name}" for name in after if name not in before)
    yield from (f"~{name}" for name in after if name in before and before[name] != after[name])
    yield from (f"-{name}" for name in before if name not in after)


def _rules(state: State) -> dict[str, list[Json]]:
    """By name, those that decide."""
    found: dict[str, list[Json]] = {}
    for chain in state.chains.values():
        for one in chain.rules:
            name = str(one.get("comment", f"a rule without a name in {chain.name}"))
            if not name.startswith(BEFORE):
                found.setdefault(name, []).append(one)
    return found


def _counted(chains: Iterable[Chain]) -> Iterator[str]:
    """The named counters that rules add to."""
    for chain in chains:
        for one in chain.rules:
            yield from (part["counter"] for part in one["expr"] if "counter" in part)


# ── chains ───────────────────────────────────────────────────────────────────────────────────────


def _senders(config: RouterConfig) -> Chain:
    """Nobody borrows an address that belongs to another link.

    Who has no address yet (RFC 2131 §4.1, RFC 4862 §5.4) and who speaks to the link alone passes.
    """
    ours = entrances(config, places(config))
    rules = [
        rule("sender-unset", equals("ip", "saddr", "0.0.0.0"), ACCEPT),
        rule("sender-local", equals("ip6", "saddr", one_of(["::", prefix("fe80::", 10)])), ACCEPT),
    ]
    if ours:
        spoofed = (arrives(one_of(ours)), unreturnable())
        rules.append(rule(OVERHEARD[0], *spoofed, *_dhcp_answers(), count(SPOOFED), DROP))
        rules.append(noted("spoofed", *spoofed))
        rules.append(rule("spoofed", *spoofed, count(SPOOFED), DROP))
    return Chain("senders", Hook("filter", "prerouting", -300, "accept"), tuple(rules))


def _input(config: RouterConfig, policy: Iterable[Line]) -> Chain:
    rules = [
        noted("input-invalid", invalid()),
        rule("input-invalid", invalid(), DROP),
        rule("input-related", related(), ACCEPT),
        rule("input-answers", established(), answers(), ACCEPT),
        rule("input-loopback", arrives("lo"), ACCEPT),
        rule(
            "input-icmpv6-neighbours",
            equals("icmpv6", "type", one_of(NEIGHBOURS)),
            equals("ip6", "hoplimit", 255),  # RFC 4861 §6.1: it came from this very link
            ACCEPT,
        ),
        rule(
            "input-icmpv6-listeners",
            equals("ip6", "saddr", prefix("fe80::", 10)),
            equals("icmpv6", "type", one_of(LISTENERS)),
            ACCEPT,
        ),
        rule("input-icmpv6-errors", equals("icmpv6", "type", one_of(ICMPV6_ERRORS)), ACCEPT),
    ]
    if config.wan:
        rules.append(
            rule(
                "input-dhcpv6",
                arrives(config.wan.link),
                equals("ip6", "saddr", prefix("fe80::", 10)),
                equals("udp", "dport", 546),
                ACCEPT,
            )
        )
    for line in policy:
        if line.destinations != (ROUTER,):
            continue
        if line.id in DROPPED_FROM_INTERNET:
            rules.append(_provider_heard(config, DROPPED_FROM_INTERNET[line.id]))
        rules.extend(rules_of(config, line))
    return Chain("input", Hook("filter", "input", 0, "drop"), tuple(rules))


def _provider_heard(config: RouterConfig, counter: str) -> Json:
    way = arrives(one_of(entrances(config, (INTERNET,))))
    return rule(OVERHEARD[1], way, *_dhcp_answers(), count(counter), DROP)


def _dhcp_answers() -> tuple[Json, ...]:
    """A DHCP server speaks to a client (RFC 2131 §4.1)."""
    return equals("udp", "sport", 67), equals("udp", "dport", 68)


def _forward(config: RouterConfig, policy: Iterable[Line]) -> Chain:
    rules = [
        *_segments(config.wan),
        noted("forward-invalid", invalid()),
        rule("forward-invalid", invalid(), DROP),
        rule("forward-related", related(), ACCEPT),
        rule("forward-answers", established(), answers(), ACCEPT),
    ]
    for line in policy:
        if line.destinations != (ROUTER,):
            rules.extend(rules_of(config, line))
    return Chain("forward", Hook("filter", "forward", 0, "drop"), tuple(rules))


def _segments(wan: Wan | None) -> Iterator[Json]:
    """Where packets must be smaller than usual, TCP is told at its begin (RFC 4459 §3.2).

    Nobody in between has to say so: what says so is often filtered away.
    """
    if wan is None or wan.packet is None or wan.packet >= USUAL_MTU:
        return
    for version, headers in HEADER_BYTES.items():
        size = segments(wan.packet - headers)
        for way, at in (("out", leaves(wan.link)), ("in", arrives(wan.link))):
            yield rule(f"segments-{way}-{version}", at, of_family(version), begins(), size)


def _foreign(config: RouterConfig, facts: Facts) -> Iterator[Chain]:
    yield Chain(egress.FOREIGN, None, egress.rules(config, facts, REFUSE))
    hook = Hook("filter", "output", 0, "accept")
    yield Chain(egress.OUTPUT, hook, egress.judged(facts.foreign))
    yield Chain(egress.NAMES, Hook("nat", "output", -100, "accept"), egress.names(facts.foreign))


def _refuse() -> Chain:
    rules = (
        rule("refuse-tcp", carries("tcp"), {"reject": {"type": "tcp reset"}}),
        rule("refuse", {"reject": {"type": "icmpx", "expr": "admin-prohibited"}}),
    )
    return Chain(REFUSE, None, rules)


def _prerouting(config: RouterConfig) -> Chain:
    """Forwards, from the internet and from inside alike.

    What asks for an address of ours that is on no network asks for the internet's: so it needs no
    second rule for those inside, and no address that only DHCP knows.
    """
    everywhere = arrives(one_of(entrances(config, places(config))))
    inside = one_of(str(network.address.ip) for network in config.networks)
    rules = []
    for forward, _, device in ways_in(config):
        target: dict[str, object] = {"family": "ip", "addr": str(device.address)}
        if forward.inside is not None:
            target["port"] = forward.inside
        rules.append(
            rule(
                f"forward:{forward.name}",
                everywhere,
                to_this_box(),
                matches(field("ip", "daddr"), inside, "!="),
                equals(forward.protocol, "dport", ports((forward.outside,))),
                {"dnat": target},
            )
        )
    return Chain("prerouting", Hook("nat", "prerouting", -100, "accept"), tuple(rules))


def _postrouting(config: RouterConfig, port: str) -> Chain:
    rules = [
        rule(
            f"masquerade-{network.name}",
            equals("ip", "saddr", networks(_behind(config, network))),
            leaves(port),
            MASQUERADE,
        )
        for network in config.networks
    ]
    rules.extend(_hairpin(config, *way) for way in ways_in(config))
    return Chain("postrouting", Hook("nat", "postrouting", 100, "accept"), tuple(rules))


def _hairpin(config: RouterConfig, forward: Forward, network: Network, device: Reservation) -> Json:
    """Its own network asks through us, so that the device answers through us as well."""
    return rule(
        f"forward:{forward.name}",
        forwarded(),
        equals("ip", "saddr", networks(_behind(config, network))),
        equals("ip", "daddr", str(device.address)),
        leaves(network.bridge),
        equals(forward.protocol, "dport", ports((forward.arrives,))),
        MASQUERADE,
    )


def _behind(config: RouterConfig, network: Network) -> tuple[IPv4Network, ...]:
    """The IPv4 addresses of a network, and those behind its other routers."""
    found = (one for name, one in behind(config) if name == network.name)
    return (network.address.network, *(one for one in found if isinstance(one, IPv4Network)))
