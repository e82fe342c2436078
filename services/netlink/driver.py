"""The door to netlink: questions with all their answers, and what the kernel tells unasked.

The kernel is asked for the namespace in which this runs.
"""

import asyncio
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from appliance.errors import Unreachable
from services.netlink.wire import DONE, messages

ROUTE, SOCK_DIAG, NETFILTER = 0, 4, 12  # linux/netlink.h
ANSWER_SECONDS = 2.0
DATAGRAM_BYTES = 1 << 17
DRAIN = 16
"""Datagrams taken in one turn."""


def dump(protocol: int, question: bytes, kind: int, failure: str) -> Iterator[memoryview]:
    """The bodies of that kind that answer one question.  Raises Unreachable.

    `failure` is what the kernel then does: "does not say who is on the LANs".
    """
    try:
        with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as netlink:
            netlink.settimeout(ANSWER_SECONDS)
            netlink.send(question)
            while True:
                for found, body in messages(netlink.recv(DATAGRAM_BYTES)):
                    if found == DONE:
                        return
                    if found == kind:
                        yield body
    except OSError as error:
        raise Unreachable(f"The kernel {failure}: {error}.") from error


@contextmanager
def heard(
    protocol: int,
    hear: Callable[[int, memoryview], None],
    failure: str,
    *,
    requests: Iterable[bytes] = (),
    groups: int = 0,
) -> Iterator[None]:
    """Have `hear` called with type and body of each message, in this event loop.

    `requests` are confirmed one by one first; `groups` is a mask of those to join.  What comes too
    fast for us is forgotten.  Raises Unreachable as `dump` does.
    """
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, protocol) as netlink:
        try:
            netlink.bind((0, groups))
            netlink.settimeout(ANSWER_SECONDS)
            for request in requests:
                netlink.send(request)
                for _ in messages(netlink.recv(DATAGRAM_BYTES)):
                    pass  # a refusal is raised
        except OSError as error:
            raise Unreachable(f"The kernel {failure}: {error}.") from error
        netlink.setblocking(False)
        loop.add_reader(netlink, _drain, netlink, hear)
        try:
            yield
        finally:
            loop.remove_reader(netlink)


def _drain(netlink: socket.socket, hear: Callable[[int, memoryview], None]) -> None:
    for _ in range(DRAIN):
        try:
            for kind, body in messages(netlink.recv(DATAGRAM_BYTES)):
                hear(kind, body)
        except BlockingIOError:
            return
        except OSError:  # ENOBUFS: too much came at once, and some of it is forgotten
            continue
