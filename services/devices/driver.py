"""The door to the devices in the kernel: neighbours and counters by netlink, the table by nft.

Both ask what the kernel holds for the namespace in which they were made.  Needs CAP_NET_ADMIN.
"""

import asyncio
import json
import mmap
import socket
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

from appliance.errors import Unreachable
from appliance.plan.devices import State, Step
from services.devices import fingerprint, wire
from services.devices.table import LISTED, Count, commands, counts, state
from services.devices.wire import Link, Neighbour
from services.firewall.driver import load

ANSWER_SECONDS = 2.0
DISCARD = 9  # RFC 863: nobody minds what comes there
DATAGRAM_BYTES = 1 << 17


class Table:
    """The devices' table of this namespace; one caller at a time, in a thread."""

    def __init__(self) -> None:
        self._nft = load().Nftables()
        self._nft.set_json_output(True)
        self._lock = threading.Lock()

    async def observe(self) -> State:
        """Our table as it stands.  Raises Unreachable."""
        return state(await asyncio.to_thread(self._listed))

    async def perform(self, step: Step) -> None:
        """Carry out one step in one transaction.  Raises Unreachable."""
        await asyncio.to_thread(self._run, commands(step))

    async def counts(self) -> dict[str, Count]:
        """What each counted device moved.  Raises Unreachable."""
        return counts(await asyncio.to_thread(self._listed))

    def _listed(self) -> list[Any]:
        with self._lock:
            code, listed, why = self._nft.cmd(LISTED)
        if code:
            raise Unreachable(f"The devices' table cannot be read: {str(why).strip()}.")
        return list(json.loads(listed)["nftables"]) if listed else []

    def _run(self, asked: list[Any]) -> None:
        with self._lock:
            code, _, why = self._nft.json_cmd({"nftables": asked})
        if code:
            raise Unreachable(f"The kernel refused to block or count devices: {str(why).strip()}.")


def neighbours() -> list[Neighbour]:
    """Every neighbour, and every MAC that a bridge learnt.  Raises Unreachable."""
    return [
        found
        for family in (wire.INET, wire.INET6, wire.BRIDGE)
        for body in _dump(wire.neighbours_asked(family), wire.NEWNEIGH)
        if (found := wire.neighbour(body))
    ]


def links() -> list[Link]:
    """Every interface with its counters.  Raises Unreachable."""
    bodies = _dump(wire.links_asked(), wire.NEWLINK)
    return [found for body in bodies if (found := wire.link(body))]


def ask(addresses: Iterable[IPv6Address]) -> None:
    """Have the kernel ask for neighbours at these addresses, by a word to nobody's port."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as asking:
        for address in addresses:
            with suppress(OSError):  # the prefix went just now
                asking.sendto(b"", (str(address), DISCARD))


class Makers:
    """The registry of makers that set-up installed; without it nobody is known."""

    def __init__(self, path: Path | None) -> None:
        self._registry: bytes | mmap.mmap = b""
        if path is None:
            return
        try:
            with path.open("rb") as file:
                self._registry = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        except (OSError, ValueError):  # not there, or empty
            return

    def maker(self, mac: str) -> str:
        """Who made the card; "" when nobody knows."""
        return fingerprint.maker(self._registry, mac)


def _dump(question: bytes, kind: int) -> Iterator[memoryview]:
    """The answers to one question, whole.  Raises Unreachable."""
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as netlink:
            netlink.settimeout(ANSWER_SECONDS)
            netlink.send(question)
            while True:
                for found, body in wire.messages(netlink.recv(DATAGRAM_BYTES)):
                    if found == wire.DONE:
                        return
                    if found == kind:
                        yield body
    except OSError as error:
        raise Unreachable(f"The kernel does not say who is on the LANs: {error}.") from error
