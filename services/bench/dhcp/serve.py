"""DOOR: our DHCP alone, for measuring: `… LINK FOLDER`; leases go to FOLDER/leases.db."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from appliance.model.slices import DhcpNetwork
from appliance.signs import NO_SIGNS
from appliance.store.leases import MIGRATIONS
from appliance.store.open import writer
from services.dhcp.serve import serve
from services.netboot.recipe import Loaders


async def network(link: str) -> AsyncIterator[tuple[DhcpNetwork, ...]]:
    """The one slice there is."""
    yield (
        DhcpNetwork(
            name="lan",
            link=link,
            address=IPv4Interface("10.99.0.1/15"),
            first=IPv4Address("10.99.1.0"),
            last=IPv4Address("10.99.255.254"),
            lease_seconds=3600,
            domain="lan",
            netboot=True,
        ),
    )
    await asyncio.Event().wait()


def main(words: list[str]) -> None:
    """Serve until killed."""
    link, folder = words[0], Path(words[1])
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
    listener.bind(("", 67))
    ledger = writer(folder / "leases.db", MIGRATIONS)
    wanted = network(link)
    asyncio.run(
        serve({f"dhcp.{link}": listener}, wanted, ledger, Loaders(), NO_SIGNS, guarded=False)
    )


if __name__ == "__main__":
    main(sys.argv[1:])
