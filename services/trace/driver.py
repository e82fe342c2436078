"""The door to the kernel's traces: the rules that mark packets, and the names of all rules.

Needs CAP_NET_ADMIN.
"""

from collections.abc import Iterable
from contextlib import suppress

from appliance.errors import Unreachable
from appliance.plan.trace import TABLE, Chain
from services.firewall.driver import Nft
from services.netlink.driver import NETFILTER, dump
from services.trace.wire import NEW_RULE, Key, rule, rules_asked


class Table:
    """What marks packets, in the namespace where this was made.

    The tables belong to this object's socket: they go with it, and so with its process.
    """

    def __init__(self) -> None:
        self._nft = Nft()
        self._families: set[str] = set()

    async def lay(self, chains: Iterable[Chain]) -> None:
        """Mark by these instead of others before.  Raises Unreachable, and marks nothing then."""
        await self.lift()
        try:
            for family in sorted({one.family for one in chains}):
                await self._nft.listed(f"add table {family} {TABLE} {{ flags owner; }}")
                self._families.add(family)
            await self._nft.run([command for one in chains for command in _commands(one)])
        except Unreachable as error:
            await self.lift()
            raise Unreachable(f"The kernel does not trace packets: {error}.") from error

    async def lift(self) -> None:
        """Mark nothing any more."""
        while self._families:
            family = self._families.pop()
            with suppress(Unreachable):  # nobody else can have taken it
                await self._nft.listed(f"delete table {family} {TABLE}")


def _commands(chain: Chain) -> Iterable[dict[str, object]]:
    where = {"family": chain.family, "table": TABLE}
    hook = {"type": "filter", "hook": chain.hook, "prio": chain.priority, "policy": "accept"}
    yield {"add": {"chain": {**where, "name": chain.name, **hook}}}
    for one in chain.rules:
        yield {"add": {"rule": {**where, "chain": chain.name, **one}}}


def names() -> dict[Key, str]:
    """The comment of every rule in the kernel.  Raises Unreachable."""
    found = dump(NETFILTER, rules_asked(), NEW_RULE, "does not list its rules")
    return dict(map(rule, found))
