"""The door to all of the kernel that `net` owns: one observe, one perform over the rooms' doors."""

from collections.abc import Callable, Sequence

from pyroute2 import AsyncIPRoute

from appliance.faults import Fault, no_fault
from appliance.plan import firewall, order, sysctls
from services.firewall.driver import FirewallDriver
from services.links.driver import LinksDriver
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
        self.scope = order.State()

    async def observe(self) -> order.State:
        """The present state of what is ours.  Raises Unreachable."""
        present = order.State(
            firewall=await self._firewall.observe(),
            links=await self._links.links(),
            addresses=await self._links.addresses(),
            routes=await self._links.routes(),
            unreachable=await self._links.unreachable(),
            sysctls=self._sysctls.read(self.scope.sysctls),
        )
        return order.owned(present, self.scope)

    async def rehearse(self, steps: Sequence[order.Step]) -> None:
        """Ask the kernel whether it would take the filter of a plan.  Raises Unreachable."""
        for step in steps:
            if isinstance(step, firewall.Refill | firewall.DropTable):
                await self._firewall.rehearse(step)
                self._stepped()

    async def perform(self, step: order.Step) -> None:
        """Carry out one step.  Raises Unreachable."""
        if isinstance(step, firewall.Refill | firewall.DropTable):
            await self._firewall.perform(step)
        elif isinstance(step, sysctls.Write):
            self._sysctls.write(step)
        else:
            await self._links.perform(step)
        self._stepped()
        self._fault("net.stepped")
