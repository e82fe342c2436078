"""Parts of nftables' rules as the JSON that nft lists them: matches, sets, verdicts.

Members of sets are in one order and never overlap, which the kernel would refuse.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from ipaddress import IPv4Network, IPv6Address, IPv6Network, collapse_addresses
from typing import Any, TypeVar

from appliance.model.firewall import Ports

Json = Mapping[str, Any]

ACCEPT: Json = {"accept": None}
DROP: Json = {"drop": None}
MASQUERADE: Json = {"masquerade": None}
SUFFIX = "::ffff:ffff:ffff:ffff"


def rule(ident: str, *expression: Json) -> Json:
    """One rule as nft lists it; `ident` becomes its comment."""
    return {"comment": ident, "expr": list(expression)}


def matches(left: Json, right: object, operator: str = "==") -> Json:
    """`left` has the value `right`."""
    return {"match": {"op": operator, "left": left, "right": right}}


def arrives(link: str | Json) -> Json:
    """It came in through `link`."""
    return matches({"meta": {"key": "iifname"}}, link)


def leaves(link: str | Json) -> Json:
    """It goes out through `link`."""
    return matches({"meta": {"key": "oifname"}}, link)


def field(protocol: str, name: str) -> Json:
    """A field of a header."""
    return {"payload": {"protocol": protocol, "field": name}}


def equals(protocol: str, name: str, value: object) -> Json:
    """A header field has this value."""
    return matches(field(protocol, name), value)


def invalid() -> Json:
    """The packet belongs to no flow and cannot begin one."""
    return matches({"ct": {"key": "state"}}, "invalid", "in")


def related() -> Json:
    """It is about a flow that was let through: an ICMP error."""
    return matches({"ct": {"key": "state"}}, "related", "in")


def established() -> Json:
    """It belongs to a flow that has seen both sides."""
    return matches({"ct": {"key": "state"}}, "established", "in")


def answers() -> Json:
    """It goes the way back of its flow."""
    return matches({"ct": {"key": "direction"}}, "reply")


def forwarded() -> Json:
    """Its flow was sent to another address than it asked for."""
    return matches({"ct": {"key": "status"}}, "dnat", "in")


def to_us_alone() -> Json:
    """Its frame was sent to this box and to nobody else: neither to a group nor to everybody."""
    return matches({"meta": {"key": "pkttype"}}, "host")


def to_this_box() -> Json:
    """It asks for an address of ours."""
    return matches({"fib": {"result": "type", "flags": ["daddr"]}}, "local")


def unreturnable() -> Json:
    """An answer to its sender would not leave by the link that it came in by (RFC 3704 §2.2)."""
    return matches({"fib": {"result": "oif", "flags": ["saddr", "iif"]}}, False)


def of_family(version: int) -> Json:
    """It is IPv4, or IPv6."""
    return matches({"meta": {"key": "nfproto"}}, f"ipv{version}")


def carries(*protocols: str) -> Json:
    """Its payload is one of these protocols."""
    return matches({"meta": {"key": "l4proto"}}, one_of(protocols))


def ends_with(suffix: IPv6Address) -> Json:
    """The last 64 bits of the receiver's IPv6 address are these, whatever its prefix."""
    return matches({"&": [field("ip6", "daddr"), SUFFIX]}, str(suffix))


def begins() -> Json:
    """It is the first packet of a TCP connection, in either direction."""
    return matches({"&": [field("tcp", "flags"), ["syn", "rst"]]}, "syn")


def segments(size: int) -> Json:
    """Have the two ends send no larger segments; one that is smaller already stays."""
    return {"mangle": {"key": {"tcp option": {"name": "maxseg", "field": "size"}}, "value": size}}


def prefix(address: str, length: int) -> Json:
    """An address range."""
    return {"prefix": {"addr": address, "len": length}}


def count(name: str) -> Json:
    """Add to a named counter, which survives every refill."""
    return {"counter": name}


def go_to(chain: str) -> Json:
    """Go on in another chain, and never come back."""
    return {"goto": {"target": chain}}


def one_of(values: Iterable[Any]) -> Any:
    """Any of these; nft lists a set of one as the value itself."""
    members = sorted({text(value): value for value in values}.items())
    return members[0][1] if len(members) == 1 else {"set": [value for _, value in members]}


def text(value: object) -> str:
    """What sets are ordered by."""
    return json.dumps(value, sort_keys=True)


Range = TypeVar("Range", IPv4Network, IPv6Network)


def networks(ranges: Iterable[Range]) -> Any:
    """A set of address ranges; None when it is everything of its family."""
    collapsed = list(collapse_addresses(ranges))
    if any(one.prefixlen == 0 for one in collapsed):
        return None
    return one_of(map(_network, collapsed))


def ports(ranges: Sequence[Ports]) -> Any:
    """A set of ports, neighbouring ranges made one."""
    return numbers((one.first, one.end) for one in ranges)


def numbers(ranges: Iterable[tuple[int, int]]) -> Any:
    """A set of numbers, from ranges with both ends in them; neighbouring ones are made one."""
    joined: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if joined and first <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(last, joined[-1][1]))
        else:
            joined.append((first, last))
    return one_of(first if first == last else {"range": [first, last]} for first, last in joined)


def _network(one: IPv4Network | IPv6Network) -> str | Json:
    address = str(one.network_address)
    return address if one.prefixlen == one.max_prefixlen else prefix(address, one.prefixlen)
