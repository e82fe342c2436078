"""DOOR: the whole boot role on one link, for measuring: `… LINK PORT STATE`."""

import asyncio
import socket
import sys
from pathlib import Path

from services.netboot.probe import installed
from services.netboot.serve import Files, serve


def main(words: list[str]) -> None:
    """Serve until killed."""
    link, port, state = words[0], int(words[1]), Path(words[2])
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
    listener.bind(("", port))
    listener.listen(128)
    listener.setblocking(False)
    names = ("published", "boot.db", "leases.db", "net.db", "nixie.db")
    files = Files(*(state / name for name in names))
    print("ready", flush=True)
    asyncio.run(serve({f"boot.{link}": listener}, files, installed(state / "loaders")))


if __name__ == "__main__":
    main(sys.argv[1:])
