"""DOOR: fetches one list of blocked names and prints its hashes: `… URL`.

A process of its own, as the user `fetch`, which may use the network and nothing of the router.  The
owner's own address is followed wherever it leads; a redirect only to the internet, and never from
https to http, so that no list can make this router ask something of the LAN.
"""

import base64
import http.client
import socket
import ssl
import sys
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address
from urllib.parse import SplitResult, urljoin, urlsplit

from services.dns.lists import Names

MOST_BYTES = 64 << 20
MOST_HOPS = 5
SECONDS = 30.0
REDIRECTS = frozenset({301, 302, 303, 307, 308})
CHUNK = 48_000
PORTS = {"http": 80, "https": 443}


class NoList(Exception):
    """It cannot be had; the text says why."""


def main(words: list[str]) -> int:
    """Print `exact BASE64`, `below BASE64` lines, last `end COUNT`; or a sentence on stderr."""
    names = Names()
    try:
        for line in lines(words[0]):
            names.read(line)
    except (NoList, OSError, http.client.HTTPException) as error:
        print(f"{type(error).__name__ if not str(error) else error}", file=sys.stderr)
        return 1
    if not len(names):
        print("There is no name in it that can be blocked.", file=sys.stderr)
        return 1
    for word, packed in zip(("exact", "below"), names.packed(), strict=True):
        for at in range(0, len(packed), CHUNK):
            print(word, base64.b64encode(packed[at : at + CHUNK]).decode())
    print("end", len(names))
    return 0


def lines(url: str) -> Iterator[str]:
    """The lines of what `url` leads to.  Raises NoList, OSError, HTTPException."""
    at = urlsplit(url)
    for hop in range(MOST_HOPS):
        with _connected(at, abroad=hop > 0) as opened:
            connection = http.client.HTTPConnection(at.netloc, timeout=SECONDS)
            connection.sock = opened
            path = f"{at.path or '/'}{'?' + at.query if at.query else ''}"
            connection.request(
                "GET", path, headers={"User-Agent": "nixie", "Accept": "text/*, */*"}
            )
            answer = connection.getresponse()
            if answer.status in REDIRECTS:
                at = _next(at, answer.headers.get("Location", ""))
                continue
            if answer.status != 200:
                raise NoList(f"{at.hostname} says {answer.status} {answer.reason}.")
            yield from _body(answer)
            return
    raise NoList(f"It was redirected more than {MOST_HOPS} times.")


def _body(answer: http.client.HTTPResponse) -> Iterator[str]:
    left = MOST_BYTES
    while line := answer.readline(65_536):
        left -= len(line)
        if left < 0:
            raise NoList(f"It is longer than {MOST_BYTES >> 20} MB.")
        yield line.decode("utf-8", "replace")


def _next(before: SplitResult, location: str) -> SplitResult:
    after = urlsplit(urljoin(before.geturl(), location))
    if after.scheme not in PORTS or not after.hostname:
        raise NoList(f"{before.hostname} redirects to what is no web address.")
    if before.scheme == "https" and after.scheme != "https":
        raise NoList(f"{before.hostname} redirects to {after.hostname} without encryption.")
    return after


def _connected(at: SplitResult, *, abroad: bool) -> socket.socket:
    """A connection to an address that was looked at, so that it is the one that is used."""
    host, port = at.hostname or "", at.port or PORTS[at.scheme]
    found = [one[4][0] for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if abroad and not all(ip_address(str(one).partition("%")[0]).is_global for one in found):
        raise NoList(f"It is redirected to {host}, which is not on the internet.")
    opened = _first_that_answers([str(one) for one in found], port)
    if at.scheme == "https":
        return ssl.create_default_context().wrap_socket(opened, server_hostname=host)
    return opened


def _first_that_answers(addresses: list[str], port: int) -> socket.socket:
    """A connection to one of the addresses.  Raises the OSError of the last."""
    for address in addresses[:-1]:
        with suppress(OSError):
            return socket.create_connection((address, port), SECONDS / len(addresses))
    return socket.create_connection((addresses[-1], port), SECONDS)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
