"""A tiny role for the supervisor's tests: takes its sockets, beats, says who it is.

Copied into the program folder and run as each role; every datagram and every TCP connection is
answered with its pid and the name of the socket.  A file `<role>.mute` beside it makes it forget to
say READY=1, a file `<role>.silent` to beat, a file `<role>.deaf` to listen.
"""

import asyncio
import json
import os
import socket
import sys
from pathlib import Path

from services.systemd.driver import Overseer, adopt


def answer(name: str, ours: socket.socket) -> None:
    _, sender = ours.recvfrom(2048)
    ours.sendto(f"{os.getpid()} {name}".encode(), sender)


async def main(role: str) -> None:
    loop = asyncio.get_running_loop()
    sockets = adopt(os.environ)
    for name, ours in sockets.items() if not Path(f"{role}.deaf").exists() else ():
        if ours.type is socket.SOCK_DGRAM:
            loop.add_reader(ours, answer, name, ours)
        else:

            async def greet(
                _: asyncio.StreamReader, writer: asyncio.StreamWriter, name: str = name
            ) -> None:
                writer.write(f"{os.getpid()} {name}".encode())
                writer.close()

            await asyncio.start_server(greet, sock=ours)
    told = dict(line.split(":\t") for line in Path("/proc/self/status").read_text().splitlines())
    print(json.dumps({"sockets": sorted(sockets), "namespace": os.readlink("/proc/self/ns/net"),
                      "env": dict(os.environ), **told}))  # fmt: skip
    if Path(f"{role}.mute").exists():
        await asyncio.sleep(3600)
    overseer = Overseer(os.environ["NOTIFY_SOCKET"])
    overseer.ready()
    while True:
        if not Path(f"{role}.silent").exists():
            overseer.beat()
        await asyncio.sleep(0.5)


asyncio.run(main(sys.argv[1]))
