"""DOOR: our DNS alone, for measuring: `… LINK ADDRESS UPSTREAM FOLDER`."""

import asyncio
import socket
import sys
from ipaddress import IPv4Address, IPv4Interface
from pathlib import Path

from appliance.model.dns import Dns, Upstream
from appliance.model.slices import DnsNetwork, DnsSlice, Slices
from appliance.store import trials
from appliance.store.open import now, writer
from services.dns.serve import serve

ALLOWANCE = 1_000_000
"""Questions a second of one client, all of them counted: the measuring one asks for a whole LAN."""


def main(words: list[str]) -> None:
    """Serve until killed."""
    link, address, upstream, folder = words
    settings = Dns((Upstream(IPv4Address(upstream)),), queries_per_second=ALLOWANCE)
    network = DnsNetwork("lan", link, IPv4Interface(address))
    published = writer(Path(folder) / "net.db", trials.MIGRATIONS)
    slices = Slices(1, (), DnsSlice("nixie", "lan", (network,), settings), ())
    trials.publish(published, slices, now())
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
    listener.bind(("", 53))
    asyncio.run(serve({f"dns-udp.{link}": listener}, Path(folder)))


if __name__ == "__main__":
    main(sys.argv[1:])
