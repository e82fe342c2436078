"""DOOR: asks for narinfos as Nix does: some connections, one question at a time on each.

`… HOST PORT FOLDER SECONDS` asks for every `FOLDER/<hash>.narinfo` whose hash comes on standard
input, round and round, and prints {"seconds", "requests"}.
"""

import itertools
import json
import select
import socket
import sys
import time
from collections.abc import Iterator

CONNECTIONS = 16
LARGEST = 1 << 16  # of a narinfo with its head


def main(words: list[str]) -> None:
    """Measure once and print it."""
    host, port, folder, seconds = words
    hashes = itertools.cycle(sys.stdin.read().split())
    asked = (
        f"GET {folder}/{one}.narinfo HTTP/1.1\r\nHost: {host}\r\n\r\n".encode() for one in hashes
    )
    lines = [socket.create_connection((host, int(port))) for _ in range(CONNECTIONS)]
    _round(lines, asked, 0.2)
    began = time.monotonic()
    requests = _round(lines, asked, float(seconds))
    print(json.dumps({"seconds": time.monotonic() - began, "requests": requests}))


def _round(lines: list[socket.socket], asked: Iterator[bytes], seconds: float) -> int:
    """How many answers came while it lasted; every connection has its last one at the end."""
    poll, by_number = select.epoll(), {line.fileno(): line for line in lines}
    end, answers, open_ones = time.monotonic() + seconds, 0, len(lines)
    for line in lines:
        poll.register(line, select.EPOLLIN)
        line.sendall(next(asked))
    rest = dict.fromkeys(by_number, b"")
    while open_ones:
        for number, _ in poll.poll():
            rest[number] += by_number[number].recv(LARGEST)
            if not _whole(rest[number]):
                continue
            rest[number] = b""
            answers += 1
            if time.monotonic() < end:
                by_number[number].sendall(next(asked))
            else:
                open_ones -= 1
    poll.close()
    return answers


def _whole(answer: bytes) -> bool:
    """Is that all of it?  Raises ValueError when it is no narinfo."""
    head, found, body = answer.partition(b"\r\n\r\n")
    if not found:
        return False
    if not head.startswith(b"HTTP/1.1 200"):
        raise ValueError(repr(answer[:80]))
    _, _, size = head.lower().partition(b"content-length: ")
    return len(body) >= int(size.split(b"\r\n")[0])


if __name__ == "__main__":
    main(sys.argv[1:])
