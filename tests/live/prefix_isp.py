"""A provider that delegates IPv6 prefixes: the server side of RFC 8415, as far as a test needs it.

Run as `python prefix_isp.py LINK PREFIX PREFERRED VALID` inside the provider's namespace.  Every
SOLICIT, REQUEST, RENEW and REBIND is answered with that prefix; `PREFIX` may be `none`: refused.
"""

import socket
import struct
import sys
from collections.abc import Iterator
from ipaddress import IPv6Network

SERVERS = "ff02::1:2"  # RFC 8415 §7.1
SOLICIT, ADVERTISE, REQUEST, CONFIRM, RENEW, REBIND, REPLY, RELEASE = range(1, 9)
CLIENT_ID, SERVER_ID, RAPID_COMMIT, STATUS, IA_PD, IA_PREFIX = 1, 2, 14, 13, 25, 26
DUID = bytes.fromhex("00030001020000000042")
NO_PREFIX = 6


def options(block: bytes) -> Iterator[tuple[int, bytes]]:
    """Code and value of each option."""
    while len(block) >= 4:
        code, length = struct.unpack_from("!HH", block)
        yield code, block[4 : 4 + length]
        block = block[4 + length :]


def option(code: int, value: bytes) -> bytes:
    """One option."""
    return struct.pack("!HH", code, len(value)) + value


def answer(asked: bytes, prefix: IPv6Network | None, preferred: int, valid: int) -> bytes | None:
    """The reply to one message; None for what is not answered."""
    if asked[0] not in (SOLICIT, REQUEST, RENEW, REBIND, RELEASE):
        return None
    given = dict(options(asked[4:]))
    if IA_PD not in given:
        return None
    iaid = given[IA_PD][:4]
    if prefix is None:
        inside = option(STATUS, struct.pack("!H", NO_PREFIX))
    else:
        lifetimes = struct.pack("!IIB", preferred, valid, prefix.prefixlen)
        inside = option(IA_PREFIX, lifetimes + prefix.network_address.packed)
    body = iaid + struct.pack("!II", preferred // 2, preferred * 4 // 5) + inside
    kind = ADVERTISE if asked[0] == SOLICIT and RAPID_COMMIT not in given else REPLY
    rapid = option(RAPID_COMMIT, b"") if asked[0] == SOLICIT and RAPID_COMMIT in given else b""
    return (
        bytes([kind])
        + asked[1:4]
        + option(CLIENT_ID, given[CLIENT_ID])
        + option(SERVER_ID, DUID)
        + rapid
        + option(IA_PD, body)
    )


def main(link: str, prefix: str, preferred: int, valid: int) -> None:
    """Serve until killed."""
    server = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    server.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode())
    server.bind(("::", 547))
    index = socket.if_nametoindex(link)
    group = socket.inet_pton(socket.AF_INET6, SERVERS) + struct.pack("@I", index)
    server.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
    delegated = None if prefix == "none" else IPv6Network(prefix)
    while True:
        asked, client = server.recvfrom(1500)
        print("asked", asked[0], client, flush=True)
        if (said := answer(asked, delegated, preferred, valid)) is not None:
            server.sendto(said, client)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
