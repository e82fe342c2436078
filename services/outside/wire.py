"""The kernel's list of sockets, as netlink has it: linux/sock_diag.h, linux/inet_diag.h."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from services.netlink.wire import asked

BY_FAMILY = 20
INET, INET6 = 2, 10
WAITING: Mapping[str, tuple[int, int]] = {
    "tcp": (6, 1 << 10),  # TCP_LISTEN
    "udp": (17, 1 << 7),  # TCP_CLOSE: not connected to anybody
}
"""Protocol to its number, and to the states in which a socket waits for whoever comes."""

_QUESTION = struct.Struct("=BBxxI48x")  # inet_diag_req_v2
_ANSWER = struct.Struct("=Bxxx")  # inet_diag_msg: family …
_ENDS = struct.Struct("!HH16s16s")  # … ports and addresses …
_REST = struct.Struct("=I8x12xII")  # … link, cookie, three counts, uid, inode


@dataclass(frozen=True, slots=True)
class Waiting:
    """One socket; `link` is the index of the one it is bound to, 0 for every one."""

    address: IPv4Address | IPv6Address
    port: int
    link: int
    uid: int


def question(family: int, protocol: str) -> bytes:
    """Ask for every socket of a family that waits."""
    number, states = WAITING[protocol]
    return asked(BY_FAMILY, _QUESTION.pack(family, number, states))


def waiting(body: bytes | memoryview) -> Waiting | None:
    """One socket; None when its answer is too short."""
    if len(body) < _ANSWER.size + _ENDS.size + _REST.size:
        return None
    (family,) = _ANSWER.unpack_from(body)
    port, _, source, _ = _ENDS.unpack_from(body, _ANSWER.size)
    link, uid, _ = _REST.unpack_from(body, _ANSWER.size + _ENDS.size)
    address = IPv4Address(source[:4]) if family == INET else IPv6Address(source)
    return Waiting(address, port, link, uid)
