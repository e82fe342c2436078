"""The door to the devices: in the kernel neighbours and counters by netlink, the table by nft; on
the disk the history of what moved.

The kernel is asked for the namespace in which this was made.  Needs CAP_NET_ADMIN.
"""

import mmap
import socket
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import suppress
from ipaddress import IPv6Address
from pathlib import Path
from typing import Any

from appliance.errors import Unreachable
from appliance.plan.devices import State, Step
from appliance.store import metrics
from appliance.store.journal import transaction
from appliance.store.metrics import Rate
from appliance.store.open import writer
from services.devices import fingerprint, wire
from services.devices.table import LISTED, Count, commands, counts, state
from services.devices.wire import Link, Neighbour
from services.firewall.driver import Nft
from services.netlink.driver import ROUTE, dump

DISCARD = 9  # RFC 863: nobody minds what comes there
FAILURE = "does not say who is on the LANs"


class Table:
    """The devices' table of this namespace."""

    def __init__(self) -> None:
        self._nft = Nft()

    async def observe(self) -> State:
        """Our table as it stands.  Raises Unreachable."""
        return state(await self._listed())

    async def perform(self, step: Step) -> None:
        """Carry out one step in one transaction.  Raises Unreachable."""
        try:
            await self._nft.run(commands(step))
        except Unreachable as error:
            raise Unreachable(f"The kernel refused to block or count devices: {error}.") from error

    async def counts(self) -> dict[str, Count]:
        """What each counted device moved.  Raises Unreachable."""
        return counts(await self._listed())

    async def _listed(self) -> list[Any]:
        try:
            return await self._nft.listed(LISTED)
        except Unreachable as error:
            raise Unreachable(f"The devices' table cannot be read: {error}.") from error


def neighbours() -> list[Neighbour]:
    """Every neighbour, and every MAC that a bridge learnt.  Raises Unreachable."""
    return [
        found
        for family in (wire.INET, wire.INET6, wire.BRIDGE)
        for body in dump(ROUTE, wire.neighbours_asked(family), wire.NEWNEIGH, FAILURE)
        if (found := wire.neighbour(body))
    ]


def links() -> list[Link]:
    """Every interface with its counters.  Raises Unreachable."""
    bodies = dump(ROUTE, wire.links_asked(), wire.NEWLINK, FAILURE)
    return [found for body in bodies if (found := wire.link(body))]


def ask(addresses: Iterable[IPv6Address]) -> None:
    """Have the kernel ask for neighbours at these addresses, by a word to nobody's port."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK) as asking:
        for address in addresses:
            with suppress(OSError):  # the prefix went just now
                asking.sendto(b"", (str(address), DISCARD))


class History:
    """metrics.db, written by one process.  A full disk leaves a gap; damaged, it begins anew."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = _usable(path) or _anew(path)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def write(
        self,
        rates: Mapping[str, Rate],
        now: float,
        moved: Mapping[str, tuple[int, int]] | None = None,
        minute: int = 0,
    ) -> None:
        """The rates of now; once it is over, what moved in the minute that began at `minute`."""
        try:
            with transaction(self._file):
                metrics.write_rates(self._file, rates, now)
                if moved is not None:
                    metrics.add(self._file, moved, minute)
        except sqlite3.OperationalError:  # no room
            return
        except sqlite3.DatabaseError:  # its log was whole, and had hidden a damaged file
            self._file.close()
            self._file = _anew(self._path)


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


def _usable(path: Path) -> sqlite3.Connection | None:
    try:
        connection = writer(path, metrics.MIGRATIONS)
    except (sqlite3.DatabaseError, Unreachable):
        return None
    metrics.hasten(connection)
    return connection


def _anew(path: Path) -> sqlite3.Connection:
    """Nothing is in it.  Where the disk refuses that, what moves is kept in memory only."""
    with suppress(OSError):
        for name in (path.name, f"{path.name}-wal"):
            path.with_name(name).write_bytes(b"")
    return _usable(path) or writer(Path(":memory:"), metrics.MIGRATIONS)
