"""DOOR: what leaves on one link, and its ear for what servers say there; needs CAP_NET_RAW.

Every datagram is sent by itself: with UDP segmentation offload a burst would cost half as much, but
a client or relay behind a veth that reads raw frames (dhclient, udhcpc, dhcrelay) would see one
long frame and drop it (tried).  The packet socket is opened when it is first used and again after
the link was replaced.

The ear is a packet socket with a filter, not port 68: no DHCP client on this machine can take it
away, no firewall stands before it, and it hears which card speaks.
"""

import ctypes
import errno
import fcntl
import socket
import struct
from collections.abc import Iterator, Sequence
from contextlib import suppress

from services.dhcp.destination import BROADCAST, TO_HARDWARE, TO_RELAY
from services.dhcp.lan import text
from services.dhcp.link.frames import (
    BROADCAST_MAC,
    CLIENT_PORT,
    EVERYBODY,
    INSTRUCTION,
    TO_CLIENTS,
    frame,
    said_to_clients,
)
from services.dhcp.reply import Reply

SEND_ONLY = 0  # an ethertype of zero: the socket receives nothing
GONE = frozenset((errno.ENODEV, errno.ENXIO, errno.ENETDOWN, errno.EBADF))
SERVER_PORT = 67
IPV4 = 0x0800
ATTACH_FILTER = 26  # SO_ATTACH_FILTER, asm-generic/socket.h
INTERFACE_FLAGS = 0x8913  # SIOCGIFFLAGS
UP_WITH_CARRIER = 0x41  # IFF_UP, IFF_RUNNING
LARGEST = 2048  # bytes read of one packet; no honest message is longer
ADDRESSES_KEPT = 4096  # as the socket wants them

Address = tuple[str, int]
EVERYBODY_TEXT: Address = ("255.255.255.255", CLIENT_PORT)


class Link:
    """One link, by name, and its port-67 socket."""

    def __init__(self, name: str, dhcp: socket.socket) -> None:
        self.name = name
        self._dhcp = dhcp
        self._addresses: dict[tuple[int, int], Address] = {}
        self._raw: socket.socket | None = None
        self._mac = b""

    @property
    def mac(self) -> bytes:
        """The link's own hardware address; b"" while the link is not there."""
        try:
            self._open()
        except OSError:
            return b""
        return self._mac

    def deliver(self, replies: Sequence[Reply], source: int) -> None:
        """Send each to its place; `source` is our address here.

        What cannot be sent is lost, as datagrams are: its client asks again.
        """
        for reply in replies:
            delivery = reply.delivery
            with suppress(OSError):
                if delivery is TO_HARDWARE:
                    self.send(reply.data, chaddr=reply.chaddr, source=source, target=reply.address)
                elif delivery is BROADCAST:
                    self._dhcp.sendto(reply.data, EVERYBODY_TEXT)
                else:
                    port = SERVER_PORT if delivery is TO_RELAY else CLIENT_PORT
                    self._dhcp.sendto(reply.data, self._address(reply.address, port))

    def _address(self, address: int, port: int) -> Address:
        known = self._addresses.get((address, port))
        if known is None:
            if len(self._addresses) > ADDRESSES_KEPT:
                self._addresses.clear()
            known = self._addresses[address, port] = (text(address), port)
        return known

    def send(self, payload: bytes, *, chaddr: bytes, source: int, target: int) -> None:
        """A reply to a client that has no address yet.  Raises OSError when the link is gone."""
        self._frame(payload, chaddr, source, target, SERVER_PORT, CLIENT_PORT)

    def ask(
        self,
        payload: bytes,
        *,
        to_mac: bytes = BROADCAST_MAC,
        source: int = 0,
        target: int = EVERYBODY,
    ) -> None:
        """A message as a client sends it, from no address to everybody.  Raises OSError."""
        self._frame(payload, to_mac, source, target, CLIENT_PORT, SERVER_PORT)

    @property
    def connected(self) -> bool:
        """Is the link up, with something at the other end of its cable?"""
        asked = struct.pack("16sH22x", self.name.encode(), 0)
        try:
            told = fcntl.ioctl(self._dhcp, INTERFACE_FLAGS, asked)
        except OSError:
            return False
        flags: int = struct.unpack_from("H", told, 16)[0]
        return flags & UP_WITH_CARRIER == UP_WITH_CARRIER

    def ear(self) -> socket.socket:
        """A socket that hears what servers say to clients of this link.  Raises OSError."""
        program = ctypes.create_string_buffer(TO_CLIENTS, len(TO_CLIENTS))
        length = len(TO_CLIENTS) // INSTRUCTION.size
        ear = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK, SEND_ONLY)
        try:
            told = struct.pack("HP", length, ctypes.addressof(program))  # struct sock_fprog
            ear.setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, told)
            ear.bind((self.name, IPV4))
        except OSError:
            ear.close()
            raise
        return ear

    def close(self) -> None:
        """Let go of the packet socket."""
        if self._raw is not None:
            self._raw.close()
        self._raw = None

    def _frame(
        self, payload: bytes, to_mac: bytes, source: int, target: int, out: int, to: int
    ) -> None:
        for try_again in (True, False):
            raw = self._open()
            whole = frame(
                payload,
                from_mac=self._mac,
                to_mac=to_mac,
                source=source,
                target=target,
                source_port=out,
                target_port=to,
            )
            try:
                raw.send(whole)
            except OSError as error:
                self.close()
                if error.errno not in GONE or not try_again:
                    raise
            else:
                return

    def _open(self) -> socket.socket:
        if self._raw is None:
            raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_NONBLOCK, SEND_ONLY)
            try:
                raw.bind((self.name, SEND_ONLY))
                self._mac = raw.getsockname()[4]
            except OSError:
                raw.close()
                raise
            self._raw = raw
        return self._raw


def overheard(ear: socket.socket, most: int) -> Iterator[tuple[bytes, bytes]]:
    """What waits in an ear: datagrams of servers, each with the MAC of the card that sent it.

    Raises OSError when the link went down or away: the ear is deaf then.
    """
    for _ in range(most):
        try:
            packet, (_, _, _, _, mac) = ear.recvfrom(LARGEST)
        except BlockingIOError:
            return
        datagram = said_to_clients(packet)
        if datagram is not None:
            yield datagram, mac
