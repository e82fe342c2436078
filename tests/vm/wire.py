"""What goes over the LAN of a standing router, as bytes in a file."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.live.standing import Router

HEAR = """
import socket, sys
ear = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
ear.setsockopt(socket.SOL_SOCKET, 33, 64 << 20)  # SO_RCVBUFFORCE
ear.bind(("br-lan", 0))
with open(sys.argv[1], "wb", buffering=0) as file:
    print("ready", flush=True)
    while True:
        file.write(ear.recv(1 << 17))
"""


@contextmanager
def heard(router: Router, file: Path) -> Iterator[Path]:
    """Every frame that the router sends to its LAN or gets from there, one after the other."""
    words = ["ip", "netns", "exec", router.namespace, sys.executable, "-c", HEAR, str(file)]
    ear = subprocess.Popen(words, stdout=subprocess.PIPE, text=True)
    try:
        assert ear.stdout is not None
        assert ear.stdout.readline() == "ready\n"
        yield file
    finally:
        ear.kill()
        ear.communicate()
