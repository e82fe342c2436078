"""The door to all of the kernel that `net` owns: one observe, one perform over the rooms' doors."""

from collections.abc import Callable, Sequence

from pyroute2 import AsyncIPRoute

from appliance.faults import Fault, no_fault
from appliance.model.facts import Facts
from appliance.plan import firewall, flows, links, order, shaping, sysctls
from hardware.probe import makes
from services.firewall.driver import FirewallDriver
from services.links.driver import LinksDriver
from services.shaping.driver import ShapingDriver
from services.sysctls.driver import SysctlDriver


class KernelDriver:
    """Everything of one network namespace; what `scope` does not name is not even seen.

    `stepped` is called after each step: a long plan is no silence.
    """

    def __init__(
        self, netlink: AsyncIPRoute, stepped: Callable[[], None], fault: Fault = no_fault
    ) -> None:
        self._stepped, self._fault = stepped, fault
        self._links = LinksDriver(netlink)
        self._firewall = FirewallDriver()
        self._sysctls = SysctlDriver()
        self._shaping = ShapingDriver(netlink)
        self.scope = order.State()

    async def abilities(self) -> Facts:
        """What this kernel can do, found by trying; nothing of it stays."""
        return Facts(
            vlan=makes("vlan"),
            cake=await self._shaping.holds(),
            flowtable=await self._firewall.takes_flowtables("lo"),
        )

    async def observe(self) -> order.State:
        """The present state of what is ours.  Raises Unreachable."""
        filtered, shortened = await self._firewall.both()
        present = order.State(
            firewall=filtered,
            flows=shortened,
            shaping=await self._shaping.observe(),
            links=await self._links.links(),
            addresses=await self._links.addresses(),
            routes=await self._links.routes(),
            unreachable=await self._links.unreachable(),
            sysctls=self._sysctls.read(self.scope.sysctls),
        )
        return order.owned(present, self.scope)

    async def rehearse(self, steps: Sequence[order.Step]) -> None:
        """Ask the kernel whether it would take the filter of a plan, and the links of its tags.

        Raises Unreachable.
        """
        for step in steps:
            if isinstance(step, links.AddVlan):
                await self._links.rehearse(step)
            if isinstance(step, firewall.Refill | firewall.DropTable):
                await self._firewall.rehearse(step)
                self._stepped()

    async def perform(self, step: order.Step) -> None:
        """Carry out one step.  Raises Unreachable."""
        if isinstance(step, firewall.Refill | firewall.DropTable):
            await self._firewall.perform(step)
        elif isinstance(step, sysctls.Write):
            self._sysctls.write(step)
        elif isinstance(step, flows.Lay | flows.Drop):
            await self._firewall.shorten(step)
        elif isinstance(step, shaping.Step):
            await self._shaping.perform(step)
        else:
            await self._links.perform(step)
        self._stepped()
        self._fault("net.stepped")
