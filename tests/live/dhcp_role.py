"""The dhcp role alone, for live tests: one network, its own sockets, a slice file it follows.

Usage: dhcp_role.py STATE SLICES [FAULT] [unguarded]; SLICES is the JSON of model/slices.  With
FAULT the process ends itself by SIGKILL at that point, after leaving STATE/hit.
"""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from appliance.model.slices import DhcpNetwork, from_json
from appliance.signs import NO_SIGNS
from appliance.store.leases import MIGRATIONS
from appliance.store.open import writer
from services.dhcp.serve import serve
from services.netboot.recipe import Loaders

LOADERS = Loaders({"bios": ("undionly.kpxe",), "x64": ("snponly.efi", "ipxe.efi")})


def listener(link: str, port: int) -> socket.socket:
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
    one.bind(("", port))
    return one


async def networks(path: Path) -> AsyncIterator[tuple[DhcpNetwork, ...]]:
    before = None
    while True:
        text = path.read_text()
        if text != before:
            before = text
            yield from_json(json.loads(text)).dhcp
        await asyncio.sleep(0.05)


def main() -> None:
    state, slices = Path(sys.argv[1]), Path(sys.argv[2])
    wanted_fault = sys.argv[3] if len(sys.argv) > 3 else ""
    links = {network.link for network in from_json(json.loads(slices.read_text())).dhcp}
    sockets = {f"dhcp.{link}": listener(link, 67) for link in links}
    sockets |= {f"pxe.{link}": listener(link, 4011) for link in links}

    def fault(point: str) -> None:
        if point == wanted_fault:
            (state / "hit").touch()
            os.kill(os.getpid(), signal.SIGKILL)

    ledger = writer(state / "leases.db", MIGRATIONS)
    guarded = "unguarded" not in sys.argv
    wanted = networks(slices)
    print("ready", flush=True)
    asyncio.run(serve(sockets, wanted, ledger, LOADERS, NO_SIGNS, guarded=guarded, fault=fault))


if __name__ == "__main__":
    main()
