"""DOOR: a DISCOVER on every port that has no network; needs CAP_NET_RAW, and CAP_NET_ADMIN to
switch ports on that nobody uses.

Nothing that is offered is taken (RFC 2131 §3.1: an offer that nobody asks for expires).
"""

import asyncio
import fcntl
import os
import socket
import sqlite3
import struct
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress

from appliance.events import Event
from appliance.store import trials
from appliance.store.follow import Follower
from services.dhcp.link.driver import INTERFACE_FLAGS, Link, overheard
from services.dhcp.wire import DISCOVER, OFFER, decode
from services.wan.sayings import message
from services.wan.search.words import Heard, found

WAN = "wan"
SET_FLAGS = 0x8914  # SIOCSIFFLAGS
UP = 0x1  # IFF_UP
CARRIER_SECONDS = 3.0  # a card needs two to agree with a switch
ANSWER_SECONDS = 5.0  # dnsmasq pings for three before it offers
POLL_SECONDS = 0.25
DRAIN = 64


async def search(
    net: Follower, ports: Sequence[str], wish: str, tell: Callable[[Event], None]
) -> None:
    """Ask on those of `ports` that belong to no network of ours, then tell."""
    with ExitStack() as kept:
        links = [kept.enter_context(_switched_on(name)) for name in _free(net) if name in ports]
        if not all(port.connected for port in links):
            await asyncio.sleep(CARRIER_SECONDS)
        asking = [_Asking(port) for port in links]
        for at in range(int(ANSWER_SECONDS / POLL_SECONDS)):
            for one in asking:
                one.turn(again=at % 8 == 0)
            if asking and all(one.heard.server or not one.heard.cable for one in asking):
                break
            await asyncio.sleep(POLL_SECONDS)
        for one in asking:
            one.close()
    tell(found(wish, [one.heard for one in asking]))


def _free(net: Follower) -> list[str]:
    """Ports of no network of ours, and the internet's own."""
    if net.connection is None:
        return []
    try:
        rows = trials.ports(net.connection)
    except sqlite3.Error:
        return []
    return [one.link for one in rows if one.network in (None, WAN)]


class _Asking:
    """One port that is asked."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self.heard = Heard(link.name, cable=link.connected)
        self._xid = int.from_bytes(os.urandom(4), "big")
        self._ear: socket.socket | None = None
        with suppress(OSError):
            self._ear = link.ear()

    def turn(self, *, again: bool) -> None:
        """Ask, when it is time to; hear what was said."""
        with suppress(OSError):
            if again and self.heard.cable and not self.heard.server:
                self._link.ask(message(DISCOVER, self._link.mac, self._xid))
            for datagram, _ in overheard(self._ear, DRAIN) if self._ear else ():
                self._take(datagram)

    def close(self) -> None:
        """Let go of the port."""
        if self._ear:
            self._ear.close()
        self._link.close()

    def _take(self, datagram: bytes) -> None:
        with suppress(ValueError):
            told = decode(datagram)
            if told.kind == OFFER and told.xid == self._xid:
                self.heard = self.heard.offered(told)


@contextmanager
def _switched_on(name: str) -> Iterator[Link]:
    """A port that is up for the length of a block, and afterwards as it was."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        before = _flags(asked, name)
        _set(asked, name, before | UP)
        try:
            yield Link(name, asked)
        finally:
            if not before & UP:
                _set(asked, name, before)


def _flags(asked: socket.socket, name: str) -> int:
    try:
        told = fcntl.ioctl(asked, INTERFACE_FLAGS, struct.pack("16sH22x", name.encode(), 0))
    except OSError:
        return UP
    return int(struct.unpack_from("H", told, 16)[0])


def _set(asked: socket.socket, name: str, flags: int) -> None:
    with suppress(OSError):
        fcntl.ioctl(asked, SET_FLAGS, struct.pack("16sH22x", name.encode(), flags))
