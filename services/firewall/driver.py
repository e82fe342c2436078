"""The door to nftables: our filter, and the table of the short way; needs CAP_NET_ADMIN.

libnftables keeps the netlink socket of the namespace in which it was made.  It is called in a
thread (it releases the interpreter lock) and by one caller at a time.
"""

import asyncio
import importlib.util
import json
import sys
import threading
from collections.abc import Sequence
from types import ModuleType
from typing import Any

from appliance.errors import Unreachable
from appliance.plan.expression import Json
from appliance.plan.firewall import State, Step
from appliance.plan.flows import State as Flows
from appliance.plan.flows import Step as FlowStep
from services.firewall import flows
from services.firewall.canonical import commands, state

DISTRIBUTION = "/usr/lib/python3/dist-packages/nftables"


def load() -> ModuleType:
    """The distribution's python-nftables, found from inside a venv as well.

    The packages of that name in Python's index are old copies without a dry run.  Raises
    Unreachable with what to install.
    """
    try:
        return importlib.import_module("nftables")
    except ImportError:
        pass
    spec = importlib.util.spec_from_file_location(
        "nftables", f"{DISTRIBUTION}/__init__.py", submodule_search_locations=[DISTRIBUTION]
    )
    if spec is None or spec.loader is None:
        raise Unreachable("python-nftables cannot be loaded; install python3-nftables.")
    module = importlib.util.module_from_spec(spec)
    sys.modules["nftables"] = module
    try:
        spec.loader.exec_module(module)
    except OSError as error:
        del sys.modules["nftables"]
        raise Unreachable(
            f"python-nftables cannot be loaded ({error}); install python3-nftables."
        ) from error
    return module


class FirewallDriver:
    """Our tables in the namespace where this object was made."""

    def __init__(self) -> None:
        self._nft = _context()
        self._lock = threading.Lock()

    async def observe(self) -> State:
        """The filter as it stands.  Raises Unreachable."""
        return (await self.both())[0]

    async def both(self) -> tuple[State, Flows]:
        """The filter and the short way, in one look.  Raises Unreachable."""
        return await asyncio.to_thread(self._observe)

    async def takes_flowtables(self, link: str) -> bool:
        """Would the kernel take a flowtable over `link`?  A dry run."""
        try:
            await asyncio.to_thread(_run, _context(dry=True), flows.probed(link))
        except Unreachable:
            return False
        return True

    async def shorten(self, step: FlowStep) -> None:
        """Carry out one step of the short way in one transaction.  Raises Unreachable."""
        await asyncio.to_thread(self._perform, flows.commands(step))

    async def perform(self, step: Step) -> None:
        """Carry out one step in one transaction: refused, it changes nothing.

        Raises Unreachable.
        """
        await asyncio.to_thread(self._perform, commands(step))

    async def rehearse(self, step: Step) -> None:
        """A dry run in the kernel: nothing is changed.  Raises Unreachable with why not."""
        await asyncio.to_thread(_run, _context(dry=True), commands(step))

    def _observe(self) -> tuple[State, Flows]:
        with self._lock:
            code, listed, why = self._nft.cmd("list ruleset")
        if code:
            raise Unreachable(f"The filter cannot be read: {why.strip()}.")
        found = json.loads(listed)["nftables"] if listed else ()
        return state(found), flows.state(found)

    def _perform(self, asked: Sequence[Json]) -> None:
        with self._lock:
            _run(self._nft, asked)


def _context(*, dry: bool = False) -> Any:
    """A libnftables context.  A dry run has its own: it leaves its elements in the cache."""
    made = load().Nftables()
    made.set_json_output(True)
    made.set_dry_run(dry)
    return made


def _run(nft: Any, asked: Sequence[Json]) -> None:
    """One batch, all or nothing.  Raises Unreachable with what the kernel says."""
    code, _, why = nft.json_cmd({"nftables": list[Any](asked)})
    if code:
        raise Unreachable(f"The kernel refused the filter: {str(why).strip()}.")
