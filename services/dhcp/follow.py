"""DOOR: what dhcp reads of net.db: its networks, and which addresses devices were seen to use."""

import sqlite3
from collections.abc import AsyncIterator, Mapping
from ipaddress import IPv4Address
from pathlib import Path

from appliance.model.slices import DhcpNetwork
from appliance.store import devices, slices
from appliance.store.follow import Follower, follow

Seen = Mapping[str, Mapping[int, bytes]]
"""Network to address to the MAC that was seen with it."""


async def networks(net: Path, ledger: sqlite3.Connection) -> AsyncIterator[tuple[DhcpNetwork, ...]]:
    """The dhcp slices in net.db, now and whenever `net` publishes new ones.  Never ends.

    With net.db gone it begins with the last ones, which are kept in `ledger`.
    """
    before: tuple[DhcpNetwork, ...] | None = None
    follower = Follower(net)
    kept = slices.last(ledger)
    if kept is not None and slices.published(follower) is None:
        before = kept.dhcp
        yield before
    async for _ in follow([follower]):
        found = slices.published(follower)
        if found is not None and found.dhcp != before:
            before = found.dhcp
            slices.keep(ledger, found)
            yield before


async def seen(net: Path) -> AsyncIterator[Seen]:
    """The addresses that devices use, now and whenever that changes.  Never ends.

    With net.db gone nobody is told anything: what was known goes on.
    """
    before: Seen = {}
    follower = Follower(net)
    async for _ in follow([follower]):
        found = _used(follower)
        if found is not None and found != before:
            before = found
            yield before


def _used(follower: Follower) -> Seen | None:
    if follower.connection is None:
        return None
    try:
        rows = devices.in_use(follower.connection)
    except sqlite3.Error:
        return None
    found: dict[str, dict[int, bytes]] = {}
    for network, address, mac in rows:
        number = int(IPv4Address(address))
        found.setdefault(network, {})[number] = bytes.fromhex(mac.replace(":", ""))
    return found
