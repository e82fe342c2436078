"""DOOR: a TFTP client that does nothing but count, for measuring servers.

`python -m services.bench.tftp.client HOST PORT FILE BLKSIZE WINDOW CLIENTS` fetches the file with
each of CLIENTS processes at once and prints {"seconds", "bytes", "failed"} as JSON.  It speaks RFC
7440 and checks order and length, not content.
"""

import json
import os
import socket
import struct
import sys
import time

TIMEOUT = struct.pack("ll", 1, 0)
TRIES = 8


class Failed(Exception):
    """The file did not come."""


def fetch(server: tuple[str, int], name: str, block_size: int, window: int) -> int:
    """The file's bytes.  Raises Failed."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, TIMEOUT)
        accepted = _asked(one, server, name, block_size, window)
        return _received(one, int(accepted.get("blksize", 512)), int(accepted.get("windowsize", 1)))


def _asked(
    one: socket.socket, server: tuple[str, int], name: str, block_size: int, window: int
) -> dict[str, str]:
    """Send the request until it is answered; connects to the transfer's port."""
    words = [name, "octet", "blksize", str(block_size), "tsize", "0"]
    if window > 1:
        words += ["windowsize", str(window)]
    request = b"\0\1" + b"".join(word.encode() + b"\0" for word in words)
    for _ in range(TRIES):
        one.sendto(request, server)
        try:
            answer, peer = one.recvfrom(2048)
        except BlockingIOError:
            continue
        if answer[1] != 6:
            raise Failed(repr(answer[:60]))
        one.connect(peer)
        told = answer[2:].split(b"\0")
        one.send(b"\0\4\0\0")
        return {told[n].decode(): told[n + 1].decode() for n in range(0, len(told) - 1, 2)}
    raise Failed("no answer")


def _received(one: socket.socket, block_size: int, window: int) -> int:
    """The file's bytes, acknowledged window by window.  Raises Failed."""
    buffer = bytearray(max(block_size, 512) + 4)  # an error is as long as it likes
    wanted, in_window, total, tries, lost = 1, 0, 0, 0, False
    while True:
        size = _data(one, buffer)
        if size is None:
            tries += 1
            if tries > TRIES:
                raise Failed(f"silence after {total} bytes")
            _acknowledge(one, wanted - 1)
            in_window, lost = 0, False
        elif (buffer[2] << 8 | buffer[3]) != wanted & 0xFFFF:
            if not lost:  # say once from where to go on
                _acknowledge(one, wanted - 1)
                in_window, lost = 0, True
        else:
            tries, lost = 0, False
            total += size
            in_window += 1
            if size < block_size or in_window >= window:
                _acknowledge(one, wanted)
                in_window = 0
            if size < block_size:
                return total
            wanted += 1


def _data(one: socket.socket, buffer: bytearray) -> int | None:
    """How much data the next block brought into `buffer`, None when none came in time.

    Raises Failed in the server's words.
    """
    while True:
        try:
            size = one.recv_into(buffer) - 4
        except BlockingIOError:
            return None
        if buffer[1] == 3:
            return size
        if buffer[1] == 5:
            raise Failed(bytes(buffer[4 : 4 + size]).decode("ascii", "replace"))


def _acknowledge(one: socket.socket, block: int) -> None:
    one.send(b"\0\4" + (block & 0xFFFF).to_bytes(2, "big"))


def at_once(server: tuple[str, int], name: str, block_size: int, window: int, count: int) -> int:
    """How many of `count` processes failed."""
    children = []
    for _ in range(count):
        child = os.fork()
        if child == 0:
            try:
                fetch(server, name, block_size, window)
            except (Failed, OSError):
                os._exit(1)
            os._exit(0)
        children.append(child)
    return sum(os.waitpid(child, 0)[1] != 0 for child in children)


def main(words: list[str]) -> None:
    """Measure once and print it."""
    host, port, name, block_size, window, clients = words
    server = (host, int(port))
    size = fetch(
        server, name, int(block_size), 32
    )  # the file is in both caches, and its size known
    began = time.monotonic()
    if int(clients) == 1:
        fetch(server, name, int(block_size), int(window))
        failed = 0
    else:
        failed = at_once(server, name, int(block_size), int(window), int(clients))
    seconds = time.monotonic() - began
    print(json.dumps({"seconds": seconds, "bytes": size * int(clients), "failed": failed}))


if __name__ == "__main__":
    main(sys.argv[1:])
