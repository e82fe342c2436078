"""DOOR: an HTTP client that throws away what it gets, for measuring servers.

`… HOST PORT PATH TIMES` fetches the path TIMES over one connection and prints {"seconds", "bytes"}.
The body is dropped inside the kernel (MSG_TRUNC), so that the client is not what is measured.
"""

import json
import re
import socket
import sys
import time

DROPPED = 8 << 20


def fetch(one: socket.socket, host: str, path: str) -> int:
    """The body's bytes; raises ValueError when the answer is not a plain 200."""
    one.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    head = b""
    while b"\r\n\r\n" not in head:
        more = one.recv(4096, socket.MSG_PEEK)
        if not more:
            raise ValueError("the connection closed")
        end = more.find(b"\r\n\r\n")
        head += one.recv(len(more) if end < 0 else end + 4)
    found = re.search(rb"(?i)content-length: (\d+)", head)
    if not head.startswith(b"HTTP/1.1 200") or found is None:
        raise ValueError(repr(head[:80]))
    left = size = int(found[1])
    space = bytearray(DROPPED)  # MSG_TRUNC writes nothing into it
    while left:
        got = one.recv_into(space, min(left, DROPPED), socket.MSG_TRUNC)
        if got == 0:
            raise ValueError("the connection closed in the middle")
        left -= got
    return size


def main(words: list[str]) -> None:
    """Measure once and print it."""
    host, port, path, times = words
    with socket.create_connection((host, int(port))) as one:
        fetch(one, host, path)
        began = time.monotonic()
        total = sum(fetch(one, host, path) for _ in range(int(times)))
        seconds = time.monotonic() - began
    print(json.dumps({"seconds": seconds, "bytes": total}))


if __name__ == "__main__":
    main(sys.argv[1:])
