"""DOOR: our TFTP alone, on one folder, for measuring: `… LINK PORT FOLDER`."""

import asyncio
import socket
import sys
from pathlib import Path

from services.tftp.serve import serve


def main(words: list[str]) -> None:
    """Serve until killed."""
    link, port, folder = words[0], int(words[1]), Path(words[2])
    files = {path.name: path for path in folder.iterdir()}
    listener = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
    listener.bind(("", port))
    print("ready", flush=True)
    asyncio.run(
        serve({link: listener}, lambda _link, _client, name: files.get(name), lambda _fetch: None)
    )


if __name__ == "__main__":
    main(sys.argv[1:])
