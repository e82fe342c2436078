"""One long conversation through the router, and how much of it arrived.

stream_guest.py hears ADDRESS PORT FILE            writes into FILE how many bytes came so far
stream_guest.py sends ADDRESS PORT PACE SECONDS    a kilobyte every PACE seconds; 0: all it can
stream_guest.py gives ADDRESS PORT                 sends all it can to whoever asks
stream_guest.py takes ADDRESS PORT SECONDS         prints how many bytes a second it was given
"""

import socket
import sys
import time
from contextlib import suppress
from pathlib import Path

PIECE = bytes(1024)


def hears(address: str, port: str, file: str) -> None:
    with _listening(address, port) as listening:
        Path(file).write_text("0")
        came, _ = listening.accept()
        total = 0
        while piece := came.recv(65536):
            total += len(piece)
            fresh = Path(f"{file}.new")  # whoever ends us in the middle leaves a whole figure
            fresh.write_text(str(total))
            fresh.replace(file)


def sends(address: str, port: str, pace: str, seconds: str) -> None:
    until = time.monotonic() + float(seconds)
    with socket.create_connection((address, int(port)), timeout=60) as out, suppress(OSError):
        while time.monotonic() < until:
            out.sendall(PIECE)
            time.sleep(float(pace))


def gives(address: str, port: str) -> None:
    with _listening(address, port) as listening:
        while True:
            came, _ = listening.accept()
            with came, suppress(OSError):
                while True:
                    came.sendall(PIECE * 16)


def takes(address: str, port: str, seconds: str) -> None:
    with _connected(address, int(port)) as asking:
        total, began = 0, time.monotonic()
        while time.monotonic() - began < float(seconds):
            total += len(asking.recv(65536))
        print(round(total / (time.monotonic() - began)))


def _listening(address: str, port: str) -> socket.socket:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    return socket.create_server((address, int(port)), family=family)


def _connected(address: str, port: int) -> socket.socket:
    """A conversation with somebody who may not listen yet."""
    until = time.monotonic() + 30
    while time.monotonic() < until:
        with suppress(ConnectionError):
            return socket.create_connection((address, port), timeout=60)
        time.sleep(0.2)
    raise TimeoutError(f"nobody listens on {address}:{port}")


if __name__ == "__main__":
    {"hears": hears, "sends": sends, "gives": gives, "takes": takes}[sys.argv[1]](*sys.argv[2:])
