"""The door to nftables: our filter, and the table of the short way; needs CAP_NET_ADMIN.

libnftables keeps the netlink socket of the namespace in which it was made.  It is called in threads
(it releases the interpreter lock), but one at a time in the whole process: it splits names with
strtok, whose place is the process's, and two callers at once end it (json.c, set_dtype_json).
"""

import asyncio
import importlib.util
import json
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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
_ONE_AT_A_TIME = threading.Lock()


class FirewallDriver:
    """Our tables in the namespace where this object was made."""

    def __init__(self) -> None:
        self._nft = Nft()

    async def observe(self) -> State:
        """The filter as it stands.  Raises Unreachable."""
        return (await self.both())[0]

    async def both(self) -> tuple[State, Flows]:
        """The filter and the short way, in one look.  Raises Unreachable."""
        try:
            found = await self._nft.listed("list ruleset")
        except Unreachable as error:
            raise Unreachable(f"The filter cannot be read: {error}.") from error
        return state(found), flows.state(found)

    async def takes_flowtables(self, link: str) -> bool:
        """Would the kernel take a flowtable over `link`?  A dry run."""
        try:
            await self._nft.rehearse(flows.probed(link))
        except Unreachable:
            return False
        return True

    async def shorten(self, step: FlowStep) -> None:
        """Carry out one step of the short way in one transaction.  Raises Unreachable."""
        with _refused():
            await self._nft.run(flows.commands(step))

    async def perform(self, step: Step) -> None:
        """Carry out one step in one transaction: refused, it changes nothing.

        Raises Unreachable.
        """
        with _refused():
            await self._nft.run(commands(step))

    async def rehearse(self, step: Step) -> None:
        """A dry run in the kernel: nothing is changed.  Raises Unreachable with why not."""
        with _refused():
            await self._nft.rehearse(commands(step))


class Nft:
    """libnftables in the namespace where this object was made.  Needs CAP_NET_ADMIN."""

    def __init__(self) -> None:
        with _ONE_AT_A_TIME:
            self._context = _context()

    async def listed(self, what: str) -> list[Any]:
        """What `list …` says, in JSON.  Raises Unreachable with the library's words."""
        return await asyncio.to_thread(self._listed, what)

    async def run(self, commands: Sequence[Json]) -> None:
        """One batch, all or nothing.  Raises Unreachable with the kernel's words."""
        await asyncio.to_thread(self._run, commands)

    async def rehearse(self, commands: Sequence[Json]) -> None:
        """A dry run in the kernel: nothing is changed.  Raises Unreachable as `run` does."""
        await asyncio.to_thread(_rehearse, commands)

    def _listed(self, what: str) -> list[Any]:
        with _ONE_AT_A_TIME:
            code, listed, why = self._context.cmd(what)
        if code:
            raise Unreachable(str(why).strip())
        return list(json.loads(listed)["nftables"]) if listed else []

    def _run(self, commands: Sequence[Json]) -> None:
        with _ONE_AT_A_TIME:
            why = _refusal(self._context, commands)
        if why:
            raise Unreachable(why)


@contextmanager
def _refused() -> Iterator[None]:
    try:
        yield
    except Unreachable as error:
        raise Unreachable(f"The kernel refused the filter: {error}.") from error


def _rehearse(commands: Sequence[Json]) -> None:
    """In a context of its own, which would keep its elements in the cache."""
    with _ONE_AT_A_TIME:
        context = _context(dry=True)
        why = _refusal(context, commands)
        del context  # it is freed here, not beside somebody else's call
    if why:
        raise Unreachable(why)


def _context(*, dry: bool = False) -> Any:
    made = _load().Nftables()
    made.set_json_output(True)
    made.set_dry_run(dry)
    return made


def _refusal(context: Any, commands: Sequence[Json]) -> str:
    """Carry them out; why the kernel did not, "" when it did."""
    code, _, why = context.json_cmd({"nftables": list[Any](commands)})
    return str(why).strip() or f"libnftables ended with {code}" if code else ""


def _load() -> ModuleType:
    """python-nftables, found from inside a venv as well.

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
