"""The kernel's list of sockets, as netlink has it: linux/sock_diag.h, linux/inet_diag.h."""

import struct
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

BY_FAMILY, DONE, ERROR = 20, 3, 2
INET, INET6 = 2, 10
REQUEST_DUMP = 0x301  # NLM_F_REQUEST | NLM_F_DUMP
WAITING: Mapping[str, tuple[int, int]] = {
    "tcp": (6, 1 << 10),  # TCP_LISTEN
    "udp": (17, 1 << 7),  # TCP_CLOSE: not connected to anybody
}
"""Protocol to its number, and to the states in which a socket waits for whoever comes."""

_HEADER = struct.Struct("=IHHII")  # nlmsghdr
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


class Refused(OSError):
    """The kernel answered with an error."""


def question(family: int, protocol: str) -> bytes:
    """Ask for every socket of a family that waits."""
    number, states = WAITING[protocol]
    body = _QUESTION.pack(family, number, states)
    return _HEADER.pack(_HEADER.size + len(body), BY_FAMILY, REQUEST_DUMP, 1, 0) + body


def waiting(datagram: bytes) -> Iterator[Waiting | None]:
    """The sockets of one datagram; None is the end.  Raises Refused."""
    at = 0
    while at + _HEADER.size <= len(datagram):
        length, kind, *_ = _HEADER.unpack_from(datagram, at)
        body = datagram[at + _HEADER.size : at + length]
        if length < _HEADER.size or kind == DONE:
            yield None
            return
        if kind == ERROR and (code := int.from_bytes(body[:4], sys.byteorder, signed=True)):
            raise Refused(-code, "the kernel does not list its sockets")
        if kind == BY_FAMILY and len(body) >= _ANSWER.size + _ENDS.size + _REST.size:
            yield _read(body)
        at += length + 3 & ~3


def _read(body: bytes) -> Waiting:
    (family,) = _ANSWER.unpack_from(body)
    port, _, source, _ = _ENDS.unpack_from(body, _ANSWER.size)
    link, uid, _ = _REST.unpack_from(body, _ANSWER.size + _ENDS.size)
    address = IPv4Address(source[:4]) if family == INET else IPv6Address(source)
    return Waiting(address, port, link, uid)
