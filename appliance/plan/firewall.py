"""The filter: the internet is refused, networks get out, the router serves its LANs.

Rules are the JSON objects that nft lists (handles stripped, set members sorted), so drift is `==`.
A rule's comment is its id.  Rules may name links that do not exist yet, so the filter stands before
the first packet.  IPv6 is filtered from the first day, with the ICMPv6 it cannot live without
(RFC 4890 §4.4).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from appliance.model.config import Network, RouterConfig

FAMILY, TABLE = "inet", "nixie"

Json = Mapping[str, Any]


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
    chains: Mapping[str, Chain] = field(default_factory=dict)
    named: Mapping[tuple[str, str], Json] = field(default_factory=dict)


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


@dataclass(frozen=True, slots=True)
class Service:
    """Something of ours that a network may reach."""

    id: str
    protocol: str
    port: int
    needs: str  # the field of Network that must be set, "" for always


SERVICES: tuple[Service, ...] = (
    Service("dhcp", "udp", 67, "dhcp"),
    Service("pxe", "udp", 4011, "netboot"),
    Service("tftp", "udp", 69, "netboot"),  # its data ports answer, so conntrack lets them in
    Service("dns-udp", "udp", 53, ""),
    Service("dns-tcp", "tcp", 53, ""),
    Service("ntp", "udp", 123, ""),
    Service("boot", "tcp", 80, ""),
    Service("admin", "tcp", 443, ""),
)

ICMPV6_NEEDED = (
    "destination-unreachable",
    "packet-too-big",
    "time-exceeded",
    "parameter-problem",
    "echo-request",
)
NEIGHBOURS = ("nd-router-solicit", "nd-router-advert", "nd-neighbor-solicit", "nd-neighbor-advert")
LISTENERS = (
    "mld-listener-query",
    "mld-listener-report",
    "mld-listener-done",
    "mld2-listener-report",
)
DROPPED_IN, DROPPED_THROUGH = "wan-input-dropped", "wan-forward-dropped"


def wanted(config: RouterConfig) -> State:
    """The table of a located config."""
    chains = [_input(config), _forward(config)]
    named: dict[tuple[str, str], Json] = {}
    if config.wan:
        chains.append(_postrouting(config, config.wan.port))
        named = {("counter", name): {"name": name} for name in (DROPPED_IN, DROPPED_THROUGH)}
    return State(stands=True, chains={chain.name: chain for chain in chains}, named=named)


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


def _rules(state: State) -> dict[str, Json]:
    return {
        str(rule.get("comment", f"a rule without a name in {chain.name}")): rule
        for chain in state.chains.values()
        for rule in chain.rules
    }


def _input(config: RouterConfig) -> Chain:
    rules = [
        rule("input-known", known(), ACCEPT),
        rule("input-invalid", invalid(), DROP),
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
        rule("input-icmpv6", equals("icmpv6", "type", one_of(ICMPV6_NEEDED)), ACCEPT),
    ]
    if bridges := [network.bridge for network in config.networks]:
        ping = equals("icmp", "type", "echo-request")
        rules.append(rule("input-ping", arrives(one_of(bridges)), ping, ACCEPT))
    for service in SERVICES:
        if links := [one.bridge for one in config.networks if _serves(one, service)]:
            port = equals(service.protocol, "dport", service.port)
            rules.append(rule(f"input-{service.id}", arrives(one_of(links)), port, ACCEPT))
    if config.wan:
        rules.append(
            rule(
                "input-dhcpv6",  # to a multicast question, so it belongs to no flow (RFC 8415 §7.2)
                arrives(config.wan.port),
                equals("ip6", "saddr", prefix("fe80::", 10)),
                equals("udp", "dport", 546),
                ACCEPT,
            )
        )
        rules.append(rule("input-wan", arrives(config.wan.port), count(DROPPED_IN), DROP))
    return Chain("input", Hook("filter", "input", 0, "drop"), tuple(rules))


def _serves(network: Network, service: Service) -> bool:
    return not service.needs or bool(getattr(network, service.needs))


def _forward(config: RouterConfig) -> Chain:
    rules = [
        rule("forward-known", known(), ACCEPT),
        rule("forward-invalid", invalid(), DROP),
    ]
    for network in config.networks:
        rules.append(
            rule(
                f"forward-within-{network.name}",  # bridged frames come here under br_netfilter
                arrives(network.bridge),
                leaves(network.bridge),
                ACCEPT,
            )
        )
    if config.wan:
        out = leaves(config.wan.port)
        for network in config.networks:
            rules.append(rule(f"forward-{network.name}-wan", arrives(network.bridge), out, ACCEPT))
        drop = count(DROPPED_THROUGH)
        rules.append(rule("forward-wan", arrives(config.wan.port), drop, DROP))
    return Chain("forward", Hook("filter", "forward", 0, "drop"), tuple(rules))


def _postrouting(config: RouterConfig, port: str) -> Chain:
    rules = tuple(
        rule(
            f"masquerade-{network.name}",
            equals("ip", "saddr", _prefix_of(network)),
            leaves(port),
            {"masquerade": None},
        )
        for network in config.networks
    )
    return Chain("postrouting", Hook("nat", "postrouting", 100, "accept"), rules)


def _prefix_of(network: Network) -> Json:
    subnet = network.address.network
    return prefix(str(subnet.network_address), subnet.prefixlen)


ACCEPT: Json = {"accept": None}
DROP: Json = {"drop": None}


def rule(ident: str, *expression: Json) -> Json:
    """One rule as nft lists it; `ident` becomes its comment."""
    return {"comment": ident, "expr": list(expression)}


def known() -> Json:
    """The packet belongs to a flow that was let through before."""
    return _match("in", {"ct": {"key": "state"}}, ["established", "related"])


def invalid() -> Json:
    """The packet belongs to no flow and cannot begin one."""
    return _match("in", {"ct": {"key": "state"}}, "invalid")


def arrives(link: str | Json) -> Json:
    """It came in through `link`."""
    return _match("==", {"meta": {"key": "iifname"}}, link)


def leaves(link: str | Json) -> Json:
    """It goes out through `link`."""
    return _match("==", {"meta": {"key": "oifname"}}, link)


def equals(protocol: str, name: str, value: object) -> Json:
    """A header field has this value."""
    return _match("==", {"payload": {"protocol": protocol, "field": name}}, value)


def prefix(address: str, length: int) -> Json:
    """An address range."""
    return {"prefix": {"addr": address, "len": length}}


def count(name: str) -> Json:
    """Add to a named counter, which survives every refill."""
    return {"counter": name}


def one_of(values: Iterable[str]) -> str | Json:
    """Any of these; nft lists a set of one as the value itself."""
    members = sorted(set(values))
    return members[0] if len(members) == 1 else {"set": members}


def _match(operator: str, left: Json, right: object) -> Json:
    return {"match": {"op": operator, "left": left, "right": right}}
