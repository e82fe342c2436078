"""DOOR: the packet socket and the ear of one link; needs CAP_NET_RAW.

Both are opened when they are first used and again after the link was replaced, so a bridge that is
rebuilt costs one lost frame at most.
"""

import errno
import socket

from services.dhcp.link.frames import BROADCAST_MAC, EVERYBODY, frame

SEND_ONLY = 0  # an ethertype of zero: the socket receives nothing
GONE = frozenset((errno.ENODEV, errno.ENXIO, errno.ENETDOWN, errno.EBADF))
CLIENT_PORT, SERVER_PORT = 68, 67


class Link:
    """One link, by name."""

    def __init__(self, name: str) -> None:
        self.name = name
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

    def send(self, payload: bytes, *, chaddr: bytes, source: int, target: int) -> None:
        """A reply to a client that has no address yet.  Raises OSError when the link is gone."""
        self._frame(payload, chaddr, source, target, SERVER_PORT, CLIENT_PORT)

    def ask(self, payload: bytes) -> None:
        """A message as a client without an address sends it.  Raises OSError."""
        self._frame(payload, BROADCAST_MAC, 0, EVERYBODY, CLIENT_PORT, SERVER_PORT)

    def ear(self) -> socket.socket:
        """A socket that hears what servers broadcast to clients of this link.  Raises OSError."""
        ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        ear.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, self.name.encode())
        ear.bind(("", CLIENT_PORT))
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
