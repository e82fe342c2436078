"""The door to links, addresses and routes; needs CAP_NET_ADMIN.

It sees everything in its network namespace and changes what it is told: what is ours is the
plan's business.
"""

import errno
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from ipaddress import IPv6Interface, IPv6Network
from typing import Any

from pyroute2 import AsyncIPRoute
from pyroute2.netlink.exceptions import NetlinkError
from pyroute2.netlink.rtnl import (
    RTMGRP_IPV4_IFADDR,
    RTMGRP_IPV4_ROUTE,
    RTMGRP_IPV6_IFADDR,
    RTMGRP_IPV6_ROUTE,
    RTMGRP_LINK,
)

from appliance.errors import Gone, Unreachable
from appliance.plan.addresses import AddAddress, DropAddress, Interface
from appliance.plan.addresses import State as Addresses
from appliance.plan.links import (
    MARK,
    AddBridge,
    AddVlan,
    BringDown,
    BringUp,
    DropBridge,
    DropVlan,
    Enslave,
    KeepTagsOut,
    Release,
    SetMac,
    SetMtu,
)
from appliance.plan.links import State as Links
from appliance.plan.routes import PROTOCOL, AddRoute, DropRoute, Route
from appliance.plan.routes import State as Routes
from appliance.plan.unreachable import AddUnreachable, DropUnreachable
from services.links.translate import (
    address_of,
    link_of,
    route_of,
    unreachable_of,
    with_own_macs,
)

IPV4, IPV6 = 2, 10  # AF_INET, AF_INET6
NO_DAD = 2  # linux/if_addr.h, IFA_F_NODAD
WATCHED = (
    RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE
)
RT_SCOPE_LINK = 253  # linux/rtnetlink.h
Step = (
    AddBridge
    | AddVlan
    | KeepTagsOut
    | Enslave
    | Release
    | BringUp
    | BringDown
    | SetMac
    | SetMtu
    | DropBridge
    | DropVlan
    | AddAddress
    | DropAddress
    | AddRoute
    | DropRoute
    | AddUnreachable
    | DropUnreachable
)


class LinksDriver:
    """Links, addresses and routes of one network namespace."""

    def __init__(self, netlink: AsyncIPRoute) -> None:
        self._netlink = netlink

    async def links(self) -> Links:
        """Every link."""
        messages = [one async for one in await self._netlink.link("dump")]
        names = {one["index"]: one.get("ifname") for one in messages}
        return with_own_macs({one.get("ifname"): link_of(one, names) for one in messages})

    async def addresses(self) -> Addresses:
        """Every link that has addresses, with all of them."""
        names = await self._names()
        found: dict[str, set[Interface]] = {name: set() for name in names.values()}
        for family in (IPV4, IPV6):
            async for one in await self._netlink.addr("dump", family=family):
                if one["index"] in names:
                    found[names[one["index"]]].add(address_of(one))
        return {name: frozenset(one) for name, one in found.items()}

    async def routes(self) -> Routes:
        """The routes that bear our mark and lead somewhere."""
        names = await self._names()
        found = [
            route_of(one, names)
            for family in (IPV4, IPV6)
            async for one in await self._netlink.route("dump", family=family, table=254)
        ]
        return frozenset(route for route in found if route)

    async def unreachable(self) -> frozenset[IPv6Network]:
        """The IPv6 addresses that routes with our mark make lead nowhere."""
        found = [
            unreachable_of(one)
            async for one in await self._netlink.route("dump", family=IPV6, table=254)
        ]
        return frozenset(one for one in found if one)

    async def rehearse(self, step: AddVlan) -> None:
        """Would a tag's link find its name free?  Raises Unreachable with what to do."""
        there = set((await self._names()).values()) - {step.instead_of}
        if step.link in there:
            raise Unreachable(
                f"There is an interface {step.link} already that is not ours. Remove it "
                f"(ip link del {step.link}), or give its network the port {step.link}, without tag."
            )

    async def perform(self, step: Step) -> None:
        """Carry out one step.  Raises Unreachable with the kernel's reason."""
        try:
            await PERFORM[type(step)](self, step)
        except Gone:
            if not isinstance(step, LEAVING):
                raise
        except NetlinkError as error:
            if isinstance(step, LEAVING) and error.code in NOT_THERE:
                return  # with its link, which somebody else took away
            kind = Gone if error.code == errno.ENODEV else Unreachable
            raise kind(f"The kernel refused {step}: {error.args[-1]}.") from error

    async def add_bridge(self, step: AddBridge) -> None:
        """Make a bridge whose MAC is pinned: an unset one follows the lowest MAC of its ports."""
        likeness = await self._mac(step.like) if step.like else None
        pinned = {"address": likeness} if likeness else {}
        await self._netlink.link("add", ifname=step.link, kind="bridge", **pinned)
        if not likeness and (drawn := await self._mac(step.link)):
            await self._set(step.link, address=drawn)

    async def add_vlan(self, step: AddVlan) -> None:
        """Make a link for a tag, and remove the one of ours that is in its way."""
        if step.instead_of:
            await self._netlink.link("del", index=await self._index(step.instead_of))
        await self._netlink.link(
            "add",
            ifname=step.link,
            kind="vlan",
            link=await self._index(step.parent),
            vlan_id=step.vlan,
            group=MARK,
        )

    async def keep_tags_out(self, step: KeepTagsOut) -> None:
        """Have a bridge drop frames with a tag, or take them again."""
        await self._set(step.link, kind="bridge", br_vlan_filtering=int(step.untagged))

    async def add_address(self, step: AddAddress | DropAddress) -> None:
        """Add or drop one address."""
        await self._netlink.addr(
            "add" if isinstance(step, AddAddress) else "del",
            index=await self._index(step.link),
            address=str(step.address.ip),
            prefixlen=step.address.network.prefixlen,
            **_details(step),
        )

    async def add_route(self, step: AddRoute | DropRoute) -> None:
        """Add or drop one route of ours."""
        await self._netlink.route(
            "add" if isinstance(step, AddRoute) else "del",
            family=IPV6 if step.route.destination.version == 6 else IPV4,
            dst=str(step.route.destination),
            **_through(step.route),
            oif=await self._index(step.route.link),
            priority=step.route.metric,
            proto=PROTOCOL,
        )

    async def refuse(self, step: AddUnreachable | DropUnreachable) -> None:
        """Make addresses lead nowhere, or no longer."""
        await self._netlink.route(
            "add" if isinstance(step, AddUnreachable) else "del",
            family=IPV6,
            dst=str(step.destination),
            type="unreachable",
            proto=PROTOCOL,
        )

    async def _set(self, link: str, **what: Any) -> None:
        await self._netlink.link("set", index=await self._index(link), **what)

    async def enslave(self, step: Enslave) -> None:
        """Plug a port into a bridge."""
        await self._set(step.link, master=await self._index(step.bridge))

    async def release(self, step: Release) -> None:
        """Take a port out of whatever bridge holds it."""
        await self._set(step.link, master=0)

    async def switch(self, step: BringUp | BringDown) -> None:
        """Set a link administratively up or down."""
        await self._set(step.link, state="up" if isinstance(step, BringUp) else "down")

    async def set_mtu(self, step: SetMtu) -> None:
        """Say how large packets may be."""
        await self._set(step.link, mtu=step.mtu)

    async def set_mac(self, step: SetMac) -> None:
        """Give a link another MAC; most cards take one only while they are off."""
        try:
            await self._set(step.link, address=step.mac)
        except NetlinkError:
            await self._set(step.link, state="down")
            await self._set(step.link, address=step.mac)
            await self._set(step.link, state="up")

    async def drop(self, step: DropBridge | DropVlan) -> None:
        """Remove a link that we made; the ports of a bridge stay as they are, outside."""
        await self._netlink.link("del", index=await self._index(step.link))

    async def _index(self, name: str) -> int:
        found = await self._netlink.link_lookup(ifname=name)
        if not found:
            raise Gone(f"There is no interface called {name} any more.")
        return int(found[0])

    async def _mac(self, name: str) -> str | None:
        async for one in await self._netlink.link("dump"):
            if one.get("ifname") == name:
                return str(one.get("address"))
        return None

    async def _names(self) -> dict[int, str]:
        return {one["index"]: one.get("ifname") async for one in await self._netlink.link("dump")}


LEAVING = (DropAddress, DropRoute)
NOT_THERE = frozenset({errno.ESRCH, errno.ENODEV, errno.EADDRNOTAVAIL})
"""How the kernel says that there is no such route, link or address."""
PERFORM: Mapping[type[Step], Callable[[LinksDriver, Any], Coroutine[Any, Any, None]]] = {
    AddBridge: LinksDriver.add_bridge,
    AddVlan: LinksDriver.add_vlan,
    KeepTagsOut: LinksDriver.keep_tags_out,
    Enslave: LinksDriver.enslave,
    Release: LinksDriver.release,
    BringUp: LinksDriver.switch,
    BringDown: LinksDriver.switch,
    SetMac: LinksDriver.set_mac,
    SetMtu: LinksDriver.set_mtu,
    DropBridge: LinksDriver.drop,
    DropVlan: LinksDriver.drop,
    AddAddress: LinksDriver.add_address,
    DropAddress: LinksDriver.add_address,
    AddRoute: LinksDriver.add_route,
    DropRoute: LinksDriver.add_route,
    AddUnreachable: LinksDriver.refuse,
    DropUnreachable: LinksDriver.refuse,
}


def _through(route: Route) -> dict[str, Any]:
    """How the kernel is told where a route leads."""
    if int(route.gateway):
        return {"gateway": str(route.gateway)}
    return {"scope": RT_SCOPE_LINK}


def _details(step: AddAddress | DropAddress) -> dict[str, Any]:
    """What an address is added with.  A prefix of ours is nobody else's, so there is nobody to
    detect: our IPv6 address serves at once, and not only when a port is plugged in."""
    if isinstance(step, DropAddress):
        return {}
    if isinstance(step.address, IPv6Interface):
        return {"flags": NO_DAD}
    return {"broadcast": str(step.address.network.broadcast_address)}


@asynccontextmanager
async def netlink() -> AsyncIterator[AsyncIPRoute]:
    """A netlink socket in the namespace that this process runs in."""
    async with AsyncIPRoute() as opened:
        yield opened


async def changes() -> AsyncIterator[None]:
    """Yield whenever somebody, ourselves included, changed links, addresses or routes."""
    async with AsyncIPRoute() as monitor:
        await monitor.bind(groups=WATCHED)
        while True:
            async for _ in monitor.get():
                pass
            yield
