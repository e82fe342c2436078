"""Netlink messages as the plan's values.  Messages are mappings as pyroute2 hands them out."""

from collections.abc import Mapping
from dataclasses import replace
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_interface,
    ip_network,
)
from typing import Any

from appliance.model.firewall import EVERYWHERE, EVERYWHERE_SIX
from appliance.plan.addresses import Interface
from appliance.plan.links import MARK, Link
from appliance.plan.routes import ON_THE_CABLE, ON_THE_CABLE_SIX, PROTOCOL, Route

Message = Mapping[str, Any]

IFF_UP = 1  # linux/if.h
MAIN_TABLE = 254  # linux/rtnetlink.h, RT_TABLE_MAIN
UNREACHABLE = 7  # linux/rtnetlink.h, RTN_UNREACHABLE
BY_FAMILY: Mapping[int, tuple[IPv4Network | IPv6Network, IPv4Address | IPv6Address]] = {
    2: (EVERYWHERE, ON_THE_CABLE),
    10: (EVERYWHERE_SIX, ON_THE_CABLE_SIX),
}
"""AF_INET and AF_INET6: what a message without destination, and one without gateway, means."""


def kind_of(message: Message) -> str:
    """What software made the link, "bridge" or "veth"; "" for a real card."""
    info = message.get("linkinfo")
    return str(info.get("kind") or "") if info else ""


def link_of(message: Message, names: Mapping[int, str]) -> Link:
    """One link; `names` are all links by index."""
    kind = kind_of(message)
    link = Link(
        bridge=kind == "bridge",
        up=bool(message["flags"] & IFF_UP),
        master=names.get(message.get("master") or 0),
        mtu=message.get("mtu"),
        mac=message.get("address"),
        own_mac=message.get("perm_address"),
    )
    if kind == "bridge":
        filtering = _detail(message, "br_vlan_filtering")
        return replace(link, untagged=None if filtering is None else bool(filtering))
    if kind == "vlan" and message.get("group") == MARK:
        vlan = _detail(message, "vlan_id")
        return replace(link, parent=names.get(message.get("link") or 0), vlan=vlan)
    return link


def _detail(message: Message, name: str) -> int | None:
    """What the kind of link has to say of it; None when it does not."""
    info = message.get("linkinfo")
    data = info.get("data") if info else None
    found = data.get(name) if data else None
    return None if found is None else int(found)


def with_own_macs(links: Mapping[str, Link]) -> Mapping[str, Link]:
    """`links`, in which a tag's own MAC is that of its port, as the kernel made it."""
    return {name: _with_own_mac(one, links) for name, one in links.items()}


def _with_own_mac(link: Link, links: Mapping[str, Link]) -> Link:
    port = links.get(link.parent) if link.parent else None
    return replace(link, own_mac=port.mac) if port else link


def address_of(message: Message) -> Interface:
    """One address.  On a point-to-point link `local` is ours and `address` the peer's."""
    own = message.get("local") or message.get("address")
    return ip_interface(f"{own}/{message['prefixlen']}")


def route_of(message: Message, names: Mapping[int, str]) -> Route | None:
    """One route of the main table that bears our mark; None for everybody else's."""
    if message["proto"] != PROTOCOL or message.get("table", message["table"]) != MAIN_TABLE:
        return None
    link = names.get(message.get("oif") or 0)
    if link is None or message["type"] == UNREACHABLE:
        return None
    destination, gateway = message.get("dst"), message.get("gateway")
    everywhere, cable = BY_FAMILY[message["family"]]
    return Route(
        ip_network(f"{destination}/{message['dst_len']}") if destination else everywhere,
        ip_address(gateway) if gateway else cable,
        link,
        int(message.get("priority") or 0),
    )


def unreachable_of(message: Message) -> IPv6Network | None:
    """The addresses that an IPv6 route of ours makes lead nowhere; None for every other route."""
    if message["proto"] != PROTOCOL or message["type"] != UNREACHABLE:
        return None
    return IPv6Network(f"{message.get('dst')}/{message['dst_len']}")
