"""What is wrong with a configuration although each field is right: sentences with their places."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv4Interface, IPv4Network, IPv6Address

from appliance.errors import Problem
from appliance.model import firewall_check, pppoe
from appliance.model.check_ipv6 import ipv6_problems
from appliance.model.check_vlan import vlan_problems
from appliance.model.config import Dhcp, Network, RouterConfig
from appliance.model.dns import LONGEST_NAME, data, full_name, groups
from appliance.model.names import MACHINE_NAME
from appliance.model.prefixes import numbers, own_addresses

Place = tuple[str | int, ...]

RESERVED_LINKS = frozenset(
    {"lo", "all", "default", pppoe.LINK}
)  # `all` and `default` are sysctl words
RESERVED_NAMES = frozenset({"localhost", "wpad", "isatap"})  # CERT VU#598349: names that redirect
RESERVED_DOMAINS = frozenset({"local", "localhost", "invalid", "onion", "arpa"})  # RFC 6761, 6762
OUR_OPTIONS: Mapping[int, str] = {
    50: "the requested address",
    51: "the lease time",
    52: "overload",
    53: "the message type",
    54: "the server's address",
    55: "the list of wanted options",
    56: "the reason of a refusal",
    57: "the largest message",
    58: "the renewal time",
    59: "the rebinding time",
    61: "the client's identity",
    82: "the relay's own information",
}
"""DHCP options that belong to the protocol (RFC 2132 §9, RFC 3046): the owner cannot set them."""


def problems(config: RouterConfig) -> tuple[Problem, ...]:
    """Everything wrong with `config`, in the order of its fields; () means it can be applied."""
    found: list[Problem] = []
    for rule in RULES:
        found.extend(rule(config))
    return tuple(found)


def _names(config: RouterConfig) -> Iterator[Problem]:
    yield from _twice(
        ((("networks", at, "name"), network.name) for at, network in enumerate(config.networks)),
        "Two networks are called {}.",
    )
    labels = config.domain.split(".")
    if labels[-1] in RESERVED_DOMAINS or not all(map(MACHINE_NAME.fullmatch, labels)):
        yield Problem(
            ("domain",), f"{config.domain} cannot be the domain of this network; take lan."
        )


def _links(config: RouterConfig) -> Iterator[Problem]:
    used = [
        *((("networks", at, "bridge"), one.bridge) for at, one in enumerate(config.networks)),
        *(
            (("networks", at, "ports", number), port)
            for at, one in enumerate(config.networks)
            for number, port in enumerate(one.ports)
        ),
    ]
    if config.wan:
        used.append((("wan", "port"), config.wan.port))
    yield from _twice(used, "{} is used twice; a port has one place only.")
    for place, link in used:
        if link in RESERVED_LINKS:
            yield Problem(place, f"{link} is a name that the kernel keeps for itself.")


def _subnets(config: RouterConfig) -> Iterator[Problem]:
    used: list[tuple[Place, str, IPv4Interface]] = [
        (("networks", at, "address"), one.name, one.address)
        for at, one in enumerate(config.networks)
    ]
    if config.wan and config.wan.static:
        place: Place = ("wan", "static", "address")
        used.append((place, "the internet port", config.wan.static.address))
    for number, (place, name, address) in enumerate(used):
        yield from _own_address(place, address)
        for _, other, taken in used[:number]:
            if address.network.overlaps(taken.network):
                yield Problem(
                    place,
                    f"{address.network} of {name} overlaps {taken.network} of {other}; "
                    "take another range for one of them.",
                )


def _own_address(place: Place, address: IPv4Interface) -> Iterator[Problem]:
    if address.network.prefixlen > 30 or address.network.prefixlen < 8:
        yield Problem(
            place, f"/{address.network.prefixlen} is no size for a network; take /8 to /30."
        )
    elif not _is_host(address.ip, address.network):
        yield Problem(
            place,
            f"{address.ip} names the whole network {address.network}, not a host in it; "
            f"take {address.network[1]}.",
        )
    if _cannot_be_host(address.ip):
        yield Problem(place, f"{address.ip} cannot be the address of a router.")


def _pools(config: RouterConfig) -> Iterator[Problem]:
    for at, network in enumerate(config.networks):
        if network.dhcp:
            place = ("networks", at, "dhcp")
            yield from _pool((*place, "pool"), network, network.dhcp)
            yield from _options((*place, "options"), network.dhcp)
            yield from _reservations((*place, "reservations"), network, network.dhcp)


def _pool(place: Place, network: Network, dhcp: Dhcp) -> Iterator[Problem]:
    subnet = network.address.network
    for end, address in (("first", dhcp.pool.first), ("last", dhcp.pool.last)):
        if not _is_host(address, subnet):
            yield Problem(
                (*place, end), f"{address} of the pool is not a host address in {subnet}."
            )
    if dhcp.pool.first <= network.address.ip <= dhcp.pool.last:
        yield Problem(
            place,
            f"The pool {dhcp.pool.first} to {dhcp.pool.last} contains {network.address.ip}, "
            "the router's own address.",
        )


def _options(place: Place, dhcp: Dhcp) -> Iterator[Problem]:
    codes = [((*place, at, "code"), option.code) for at, option in enumerate(dhcp.options)]
    yield from _twice(codes, "DHCP option {} is given twice.")
    for where, code in codes:
        if code in OUR_OPTIONS:
            yield Problem(
                where, f"DHCP option {code} is {OUR_OPTIONS[code]}, which the protocol sets itself."
            )


def _reservations(place: Place, network: Network, dhcp: Dhcp) -> Iterator[Problem]:
    rows = dhcp.reservations
    yield from _twice(
        (((*place, at, "mac"), one.mac) for at, one in enumerate(rows)),
        "{} has two reservations here.",
    )
    yield from _twice(
        (((*place, at, "address"), one.address) for at, one in enumerate(rows)),
        "{} is reserved twice.",
    )
    for at, one in enumerate(rows):
        where = (*place, at, "address")
        if not _is_host(one.address, network.address.network):
            yield Problem(
                where, f"{one.address} is not a host address in {network.address.network}."
            )
        elif one.address == network.address.ip:
            yield Problem(where, f"{one.address} is the router's own address.")


def _device_names(config: RouterConfig) -> Iterator[Problem]:
    owner: dict[str, str] = {}
    for at, network in enumerate(config.networks):
        for number, one in enumerate(network.dhcp.reservations if network.dhcp else ()):
            if one.name is None:
                continue
            place = ("networks", at, "dhcp", "reservations", number, "name")
            if one.name == config.hostname:
                yield Problem(place, f"{one.name} is the router's own name.")
            elif one.name in RESERVED_NAMES:
                yield Problem(place, f"{one.name} is a name that no device may have.")
            elif owner.setdefault(one.name, one.mac) != one.mac:
                yield Problem(place, f"{one.name} is already the name of {owner[one.name]}.")


def _card(config: RouterConfig) -> Iterator[Problem]:
    mac = config.wan.mac if config.wan else None
    if mac and (int(mac[:2], 16) & 1 or mac == "00:00:00:00:00:00"):
        what = f"{mac} is no address of one card; take the one on your old router's label."
        yield Problem(("wan", "mac"), what)


def _wan(config: RouterConfig) -> Iterator[Problem]:
    static = config.wan.static if config.wan else None
    if static is None:
        return
    gateway, place = static.gateway, ("wan", "static", "gateway")
    if not _is_host(gateway, static.address.network):
        yield Problem(
            place,
            f"The gateway {gateway} is not in {static.address.network}, so it cannot be reached.",
        )
    elif gateway == static.address.ip:
        yield Problem(place, f"{gateway} is the router's own address.")


def _pppoe(config: RouterConfig) -> Iterator[Problem]:
    wan = config.wan
    if wan is None or wan.pppoe is None:
        return
    if wan.static:
        what = "The address comes with the PPPoE session; leave out the one of its own."
        yield Problem(("wan", "static"), what)
    if not wan.pppoe.secret:
        what = "The provider gave a password with the user name; type it."
        yield Problem(("wan", "pppoe", "password"), what)
    if wan.mtu and wan.mtu > pppoe.LARGEST_MTU:
        what = f"By PPPoE a packet has {pppoe.LARGEST_MTU} bytes at most; leave this out."
        yield Problem(("wan", "mtu"), what)


def _upstreams(config: RouterConfig) -> Iterator[Problem]:
    for where, upstreams in groups(config.dns):
        yield from _twice(
            (((*where, at, "address"), one.address) for at, one in enumerate(upstreams)),
            "{} is asked once already.",
        )
        for at, upstream in enumerate(upstreams):
            yield from _upstream(config, (*where, at, "address"), upstream.address)


def _upstream(
    config: RouterConfig, place: Place, address: IPv4Address | IPv6Address
) -> Iterator[Problem]:
    if address in own_addresses(config):
        yield Problem(place, f"{address} is this router: its questions would go round in a circle.")
    elif address.is_loopback:
        return
    elif isinstance(address, IPv6Address):
        yield from _upstream_six(config, place, address)
    elif _cannot_be_host(address):
        yield Problem(place, f"{address} cannot be a name server.")


def _upstream_six(config: RouterConfig, place: Place, address: IPv6Address) -> Iterator[Problem]:
    if address.is_link_local or address.scope_id:
        what = f"{address} is good on one link only; write an address that is good everywhere"
        yield Problem(place, f"{what}, like 2620:fe::fe.")
    elif address.is_multicast or address.is_unspecified or address.ipv4_mapped:
        yield Problem(place, f"{address} cannot be a name server.")
    elif not numbers(config):
        what = f"No network has IPv6, so the router has no way to {address}"
        yield Problem(place, f"{what}; give one of them IPv6, or take a server with IPv4.")


def _forwardings(config: RouterConfig) -> Iterator[Problem]:
    place = ("dns", "forwardings")
    yield from _twice(
        (((*place, at, "domain"), one.domain) for at, one in enumerate(config.dns.forwardings)),
        "{} is forwarded twice.",
    )
    for at, one in enumerate(config.dns.forwardings):
        if one.domain == config.domain:
            yield Problem((*place, at, "domain"), f"{one.domain} is this router's own domain.")
        if not one.upstreams:
            what = f"Nobody is named who knows {one.domain}; give the address of its name server."
            yield Problem((*place, at, "upstreams"), what)


def _records(config: RouterConfig) -> Iterator[Problem]:
    kinds: dict[str, set[str]] = {}
    for one in config.dns.records:
        kinds.setdefault(full_name(one.name, config.domain), set()).add(one.kind)
    rows = [(("dns", "records", at), one) for at, one in enumerate(config.dns.records)]
    yield from _twice(
        ((place, (full_name(one.name, config.domain), one.kind, one.value)) for place, one in rows),
        "This record is there twice.",
    )
    for place, one in rows:
        name = full_name(one.name, config.domain)
        try:
            data(one.kind, one.value)
        except ValueError as error:
            yield Problem((*place, "value"), f"{error}.")
        if name in (f"{config.hostname}.{config.domain}", config.domain):
            yield Problem((*place, "name"), f"{name} is the router's own name.")
        elif one.kind == "CNAME" and (len(kinds[name]) > 1 or _many_aliases(config, name)):
            what = f"{name} is another name for something, so it can have no second record."
            yield Problem((*place, "name"), what)
        elif len(name) > LONGEST_NAME:
            yield Problem((*place, "name"), f"A name has at most {LONGEST_NAME} characters.")


def _blocking(config: RouterConfig) -> Iterator[Problem]:
    place: Place = ("dns", "blocking")
    blocking = config.dns.blocking
    groups: tuple[tuple[str, tuple[str, ...]], ...] = (
        ("lists", tuple(one.url for one in blocking.lists)),
        ("names", blocking.names),
        ("allowed", blocking.allowed),
        ("exempt", blocking.exempt),
    )
    for group, values in groups:
        yield from _twice(
            (((*place, group, at), value) for at, value in enumerate(values)), "{} is there twice."
        )
    for at, name in enumerate(blocking.allowed):
        if name in blocking.names:
            yield Problem((*place, "allowed", at), f"{name} is blocked and allowed at once.")


def _many_aliases(config: RouterConfig, name: str) -> bool:
    """Is `name` a CNAME of more than one name?  RFC 1034 §3.6.2 allows one."""
    found = {
        one.value
        for one in config.dns.records
        if one.kind == "CNAME" and full_name(one.name, config.domain) == name
    }
    return len(found) > 1


RULES: tuple[Callable[[RouterConfig], Iterator[Problem]], ...] = (
    _names,
    _links,
    vlan_problems,
    _subnets,
    _pools,
    _device_names,
    _card,
    _wan,
    _pppoe,
    _upstreams,
    ipv6_problems,
    firewall_check.problems,
    _forwardings,
    _records,
    _blocking,
)


def _twice(values: Iterable[tuple[Place, object]], sentence: str) -> Iterator[Problem]:
    seen: set[object] = set()
    for place, value in values:
        if value in seen:
            yield Problem(place, sentence.format(value))
        seen.add(value)


def _is_host(address: IPv4Address, subnet: IPv4Network) -> bool:
    edges = (subnet.network_address, subnet.broadcast_address)
    return address in subnet and address not in edges


def _cannot_be_host(address: IPv4Address) -> bool:
    return (
        address.is_multicast
        or address.is_loopback
        or address.is_link_local
        or address.is_unspecified
        or int(address) >= 0xF0000000  # 240.0.0.0/4, RFC 1112 §4
    )
