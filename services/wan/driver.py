"""DOOR: the cable of the internet's port; needs CAP_NET_RAW.

DHCP and ARP go out and come in as frames: no socket of ours has an address on the internet's side,
and the filter may stay shut.
"""

import asyncio
import ctypes
import socket
import struct
from collections.abc import Callable, Sequence
from contextlib import suppress
from ipaddress import IPv4Address

from services.dhcp.link.driver import ATTACH_FILTER, Link, overheard
from services.dhcp.link.frames import BROADCAST_MAC, EVERYBODY, INSTRUCTION
from services.dhcp.options import SERVER_ID
from services.dhcp.wire import Message, decode
from services.wan.arp import ANSWERS, answered, question
from services.wan.lease import Act, Ask, Say

ETHERTYPE_ARP = 0x0806
DRAIN = 64  # packets heard before the loop gets its turn
LARGEST = 128  # bytes of an ARP packet, its padding included


class Cable:
    """One link by name; opened when it is there, opened again when it was replaced.

    `heard` is given what DHCP servers say, `has` whose address somebody says to be theirs.
    """

    def __init__(
        self,
        name: str,
        heard: Callable[[Message], None],
        has: Callable[[IPv4Address], None],
    ) -> None:
        self.name = name
        self._asked = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._link = Link(name, self._asked)
        self._heard, self._has = heard, has
        self._loop = asyncio.get_running_loop()
        self._ear: socket.socket | None = None
        self._arp: socket.socket | None = None
        self._server_mac: tuple[bytes, bytes] = (b"", b"")  # of the server with that address

    @property
    def mac(self) -> bytes:
        """The link's hardware address, b"" while it is not there."""
        return self._link.mac

    def connected(self) -> bool:
        """Is there somebody at the other end, and can we hear them?"""
        if not self._link.connected:
            return False
        if self._ear is None or self._arp is None:
            self._open()
        return self._ear is not None and self._arp is not None

    def send(self, acts: Sequence[Act]) -> None:
        """Put it on the cable; what cannot be sent is lost, and asked again."""
        for act in acts:
            with suppress(OSError):
                if isinstance(act, Say):
                    self._say(act)
                else:
                    self._ask(act)

    def close(self) -> None:
        """Let go of the cable."""
        self._deafen()
        self._link.close()
        self._asked.close()

    def _say(self, act: Say) -> None:
        address, mac = self._server_mac
        known = act.server is not None and act.server.packed == address
        self._link.ask(
            act.payload,
            to_mac=mac if known else BROADCAST_MAC,
            source=int(act.source or 0),
            target=int(act.server or EVERYBODY),
        )

    def _ask(self, act: Ask) -> None:
        if self._arp is not None:
            where = (self.name, ETHERTYPE_ARP, 0, 0, BROADCAST_MAC)
            self._arp.sendto(question(self.mac, act.address, act.source), where)

    def _open(self) -> None:
        self._deafen()
        self._link.close()  # its card may be another one now
        try:
            self._ear = self._link.ear()
            self._arp = _arp_socket(self.name)
        except OSError:
            self._deafen()
            return
        self._loop.add_reader(self._ear, self._hear_servers, self._ear)
        self._loop.add_reader(self._arp, self._hear_neighbours, self._arp)

    def _hear_servers(self, ear: socket.socket) -> None:
        try:
            for datagram, mac in overheard(ear, DRAIN):
                with suppress(ValueError):
                    message = decode(datagram)
                    self._server_mac = (message.options.get(SERVER_ID, b""), mac)
                    self._heard(message)
        except OSError:  # the link went down or away
            self._deafen()

    def _hear_neighbours(self, arp: socket.socket) -> None:
        try:
            for _ in range(DRAIN):
                found = answered(arp.recv(LARGEST))
                if found and found[0] != self.mac:
                    self._has(found[1])
        except BlockingIOError:
            return
        except OSError:
            self._deafen()

    def _deafen(self) -> None:
        for one in (self._ear, self._arp):
            if one is not None:
                self._loop.remove_reader(one)
                one.close()
        self._ear = self._arp = None


def _arp_socket(name: str) -> socket.socket:
    """A socket for ARP on one link.  Raises OSError."""
    program = ctypes.create_string_buffer(ANSWERS, len(ANSWERS))
    told = struct.pack("HP", len(ANSWERS) // INSTRUCTION.size, ctypes.addressof(program))
    made = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, 0)
    try:
        made.setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, told)
        made.bind((name, ETHERTYPE_ARP))
    except OSError:
        made.close()
        raise
    return made
