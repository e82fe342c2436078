"""DOOR: TCP through a router: `client take` outside, `client send HOST SECONDS` inside.

The sender prints {"bytes": …, "seconds": …}: what the taker says that it got, and for how long.
"""

import json
import socket
import struct
import sys
import time

PORT = 5201
PIECE = bytes(1 << 18)
COUNT = struct.Struct("!Q")


def take() -> None:
    """Take what comes, one connection after the other; tell each sender how much it was."""
    room = bytearray(1 << 20)
    with socket.create_server(("", PORT)) as listening:
        print("ready", flush=True)
        while True:
            talk, _ = listening.accept()
            with talk:
                got = 0
                while count := talk.recv_into(room):
                    got += count
                talk.sendall(COUNT.pack(got))


def send(host: str, seconds: float) -> dict[str, float]:
    """Send for so long; what arrived, and how long that took."""
    with socket.create_connection((host, PORT), timeout=30) as talk:
        began = time.perf_counter()
        while time.perf_counter() < began + seconds:
            talk.sendall(PIECE)
        talk.shutdown(socket.SHUT_WR)
        got = COUNT.unpack(talk.recv(COUNT.size, socket.MSG_WAITALL))[0]
        return {"bytes": got, "seconds": time.perf_counter() - began}


if __name__ == "__main__":
    if sys.argv[1] == "take":
        take()
    else:
        print(json.dumps(send(sys.argv[2], float(sys.argv[3]))))
