"""Which packets the kernel tells the way of: those of one conversation, a few a second.

They are marked (`meta nftrace`) in tables of their own before any rule of ours sees them, and no
rule here decides anything.  The tables belong to the socket that made them (NFT_TABLE_F_OWNER):
whatever ends its process takes them away.
"""

from collections.abc import Iterator, Mapping
from ipaddress import IPv4Address, ip_address
from itertools import product
from typing import NamedTuple

from appliance.model.config import Network, RouterConfig
from appliance.model.firewall import ROUTER
from appliance.model.policy import PING
from appliance.model.trace import Flow
from appliance.model.vlan import link_name
from appliance.plan import devices, firewall
from appliance.plan.expression import (
    Json,
    arrives,
    equals,
    forwarded,
    matches,
    one_of,
    rule,
    to_this_box,
)
from appliance.plan.policy import PROTOCOLS, entrances, link

TABLE = "nixie_trace"
ASKED, SENT_ON = "asked", "sent-on"
FIRST = -310  # before the filter's first chain, and the devices'
AFTER_TRANSLATION = -10
A_SECOND, AT_ONCE = 5, 10
MARK: Json = {"mangle": {"key": {"meta": {"key": "nftrace"}}, "value": 1}}

Narrowed = tuple[int, tuple[Json, ...]]
"""A family, 0 for both, and the matches that narrow it down."""


class Chain(NamedTuple):
    """One chain with its rules; `hook` is where the kernel calls it."""

    family: str
    name: str
    hook: str
    priority: int
    rules: tuple[Json, ...]


def wanted(config: RouterConfig, flow: Flow) -> tuple[Chain, ...]:
    """The chains that mark this flow in a located config; () when its places are not there."""
    here = {ROUTER, *(one.name for one in config.networks)}
    outside = {"internet"} if config.wan else set()
    if not {flow.source, flow.destination} <= here | outside:
        return ()
    inside = arrives(one_of(entrances(config, (flow.source,))))
    chains = [
        Chain(
            firewall.FAMILY, ASKED, "prerouting", FIRST, _rules(flow, inside, _there(config, flow))
        )
    ]
    if (
        flow.receivers and flow.destination != ROUTER
    ):  # by a forward it comes here under another name
        sent_on = _rules(flow, inside, (), forwarded())
        chains.append(Chain(firewall.FAMILY, SENT_ON, "forward", AFTER_TRANSLATION, sent_on))
    for network in config.networks:
        ports = _ports(network)
        if network.name == flow.source and ports and flow.senders:
            frames = _rules(flow, arrives(one_of(ports)), ())
            chains.append(Chain(devices.FAMILY, ASKED, "prerouting", FIRST, frames))
    return tuple(chains)


def _rules(flow: Flow, inside: Json, there: tuple[Json, ...], *more: Json) -> tuple[Json, ...]:
    """One for each pair of ends that can meet."""
    return tuple(
        rule("trace", inside, *more, *sender, *receiver, *what, _limit(), MARK)
        for (sent, sender), (headed, receiver), (carried, what) in product(
            _ends("saddr", flow.senders), _receivers(flow, there), _what(flow)
        )
        if len({sent, headed, carried} - {0}) <= 1
    )


def _receivers(flow: Flow, there: tuple[Json, ...]) -> tuple[Narrowed, ...]:
    return tuple(_ends("daddr", flow.receivers)) if flow.receivers else ((0, there),)


def _there(config: RouterConfig, flow: Flow) -> tuple[Json, ...]:
    """Nobody in particular at that place: the way there leads out by its link."""
    if flow.destination == ROUTER:
        return (to_this_box(),)
    way = {"fib": {"result": "oifname", "flags": ["daddr"]}}
    return (matches(way, link(config, flow.destination)),)


def _ends(side: str, who: tuple[str, ...]) -> Iterator[Narrowed]:
    """MACs, and addresses by family."""
    if not who:
        yield 0, ()
    macs = [one for one in who if one.count(":") == 5 and len(one) == 17]
    addresses = [ip_address(one) for one in who if one not in macs]
    v4 = [str(one) for one in addresses if isinstance(one, IPv4Address)]
    v6 = [str(one) for one in addresses if not isinstance(one, IPv4Address)]
    for family, header, members in ((0, "ether", macs), (4, "ip", v4), (6, "ip6", v6)):
        if members:
            yield family, (equals(header, side, one_of(members)),)


def _what(flow: Flow) -> tuple[Narrowed, ...]:
    if flow.port is None:
        return (4, PROTOCOLS[PING, 4]), (6, PROTOCOLS[PING, 6])
    return ((0, (equals(flow.protocol, "dport", flow.port),)),)


def _limit() -> Json:
    """What one conversation may cost the kernel, however fast it is."""
    return {"limit": {"rate": A_SECOND, "burst": AT_ONCE, "per": "second"}}


def _ports(network: Network) -> tuple[str, ...]:
    return (*network.ports, *(link_name(one.port, one.vlan) for one in network.tagged))


FAMILIES: Mapping[str, str] = {firewall.FAMILY: firewall.TABLE, devices.FAMILY: devices.TABLE}
"""Family of nftables to our table in it that decides."""
