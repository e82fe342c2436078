"""The door to the queues of the way out; needs CAP_NET_ADMIN."""

import errno
from collections.abc import Callable, Coroutine, Mapping
from contextlib import suppress
from typing import Any

from pyroute2 import AsyncIPRoute
from pyroute2.netlink.exceptions import NetlinkError

from appliance.errors import Gone, Unreachable
from appliance.plan.links import MARK
from appliance.plan.shaping import THROUGH, Cake, FreeIn, FreeOut, HoldIn, HoldOut, State, Step
from services.shaping.translate import HANDLE, INGRESS, asked, cake_of, headed_to

ROOT = 0xFFFFFFFF  # linux/pkt_sched.h, TC_H_ROOT


class ShapingDriver:
    """The queues of one network namespace."""

    def __init__(self, netlink: AsyncIPRoute) -> None:
        self._netlink = netlink

    async def holds(self) -> bool:
        """Does this kernel have such queues?  Tried on a link of ours that goes at once."""
        try:
            await self._netlink.link("add", ifname=TRIAL, kind="ifb", group=MARK)
            try:
                await self._queue(await self._index(TRIAL), PROBED, arrives=True)
            finally:
                await self._netlink.link("del", index=await self._index(TRIAL))
        except NetlinkError:
            return False
        return True

    async def observe(self) -> State:
        """The queues of ours.  Raises Unreachable."""
        names = {one["index"]: one.get("ifname") async for one in await self._netlink.link("dump")}
        cakes: dict[str, Cake] = {}
        arriving: list[int] = []
        async for one in await self._netlink.tc("dump"):
            if cake := cake_of(one):
                cakes[names.get(one["index"], "")] = cake
            elif one.get("kind") == "ingress":
                arriving.append(one["index"])
        through = cakes.pop(THROUGH, None)
        if through is None:
            return State(cakes, {"": NO_QUEUE} if THROUGH in names.values() else {})
        turned = [names[index] for index in arriving if await self._turns(index, names)]
        return State(cakes, dict.fromkeys(turned or [""], through))

    async def perform(self, step: Step) -> None:
        """Carry out one step.  Raises Unreachable with the kernel's reason."""
        try:
            await PERFORM[type(step)](self, step)
        except NetlinkError as error:
            kind = Gone if error.code == errno.ENODEV else Unreachable
            raise kind(f"The kernel refused {step}: {error.args[-1]}.") from error

    async def hold_out(self, step: HoldOut) -> None:
        """Put the queue at a link's end."""
        await self._queue(await self._index(step.link), step.cake, arrives=False)

    async def hold_in(self, step: HoldIn) -> None:
        """Turn what arrives through our own link, and put the queue there."""
        link = await self._index(step.link)
        if not await self._netlink.link_lookup(ifname=THROUGH):
            await self._netlink.link("add", ifname=THROUGH, kind="ifb", group=MARK)
        through = await self._index(THROUGH)
        await self._netlink.link("set", index=through, state="up")
        await self._queue(through, step.cake, arrives=True)
        with suppress(NetlinkError):  # what there was before turns elsewhere, or nowhere
            await self._netlink.tc("del", "ingress", link)
        await self._netlink.tc("add", "ingress", link)
        turn = {"kind": "mirred", "direction": "egress", "action": "redirect", "ifindex": through}
        await self._netlink.tc(
            "add-filter", "matchall", link, parent=INGRESS, prio=1, handle=1, action=turn
        )

    async def free_out(self, step: FreeOut) -> None:
        """Give a link the kernel's own queue back."""
        for index in await self._netlink.link_lookup(ifname=step.link):  # it may have gone with it
            await self._netlink.tc("del", index=index, handle=HANDLE, parent=ROOT)

    async def free_in(self, step: FreeIn) -> None:
        """Let what arrives come by itself; the link to turn it through goes."""
        for index in await self._netlink.link_lookup(ifname=step.link) if step.link else ():
            await self._netlink.tc("del", "ingress", index)
        await self._netlink.link("del", index=await self._index(THROUGH))

    async def _queue(self, index: int, cake: Cake, *, arrives: bool) -> None:
        await self._netlink.tc("replace", index=index, **asked(cake, arrives=arrives))

    async def _turns(self, index: int, names: Mapping[int, str]) -> bool:
        """Does what arrives at this link go through ours?"""
        found = await self._netlink.get_filters(index=index, parent=INGRESS)
        return THROUGH in [names.get(headed_to(one)) async for one in found]

    async def _index(self, name: str) -> int:
        found = await self._netlink.link_lookup(ifname=name)
        if not found:
            raise Gone(f"There is no interface called {name} any more.")
        return int(found[0])


TRIAL = "nixie-probe"
PROBED = Cake(1000, "dual-dsthost", 0, 0, "")
NO_QUEUE = Cake(0, "", 0, 0, "")
"""Of our own link when it has none: it is a remnant."""
PERFORM: Mapping[type[Step], Callable[[ShapingDriver, Any], Coroutine[Any, Any, None]]] = {
    HoldOut: ShapingDriver.hold_out,
    HoldIn: ShapingDriver.hold_in,
    FreeOut: ShapingDriver.free_out,
    FreeIn: ShapingDriver.free_in,
}
