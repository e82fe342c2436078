"""DOOR: the sockets and the mapped file of one transfer.

Its own port, bound to the link it was asked on: a socket connected to the client, and beside it an
unconnected one that hears strangers on the same port.  A whole window leaves in one call (UDP
segmentation offload) straight from the mapped file; where the link cannot, block by block.
"""

import errno
import mmap
import socket
import struct
from functools import lru_cache
from pathlib import Path

from appliance.model.images import Literal, Segment
from services.tftp import wire
from services.tftp.joined import Content, Joined
from services.tftp.transfer import Transfer, netascii

SEND_BUFFER = 1 << 20
GSO_SEGMENTS, GSO_BYTES = 64, 65_000
SOL_UDP, UDP_SEGMENT = 17, 103
NETASCII_BYTES = 4 << 20  # text is converted in memory, so it has a limit
Found = Path | bytes | tuple[Segment, ...]
"""A file, its bytes, or a row of segments served as one file."""


class Session:
    """A transfer with its sockets and its content."""

    __slots__ = (
        "began", "client", "content", "gso", "link", "name", "peer", "socket", "strangers",
        "transfer",
    )  # fmt: skip

    def __init__(
        self, link: str, name: str, peer: tuple[str, int], content: Content, transfer: Transfer
    ) -> None:
        self.link = link
        self.name = name
        self.peer = peer
        self.client = peer[0]
        self.content = content
        self.transfer = transfer
        self.gso = True
        self.began = 0.0
        self.socket: socket.socket
        self.strangers: socket.socket

    def open(self, local: str) -> None:
        """Take a fresh port on `local`, twice; raises OSError.

        The order matters: the kernel prefers the connected socket only when it is connected
        after the pair has become a group.
        """
        self.socket = _bound(self.link, (local, 0))
        try:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
            self.strangers = _bound(self.link, self.socket.getsockname(), shared=True)
        except OSError:
            self.socket.close()
            raise
        try:
            self.socket.connect(self.peer)
        except OSError:
            self.close()
            raise

    def send(self, blocks: tuple[int, int]) -> None:
        """Put `blocks` on the wire; what does not fit is left to the retry time."""
        first, behind = blocks
        try:
            if first == 0:
                accepted = dict(self.transfer.terms.accepted)
                self.socket.send(wire.option_acknowledgement(accepted))
            elif behind - first == 1:
                self._send_block(first)
            else:
                self._send_window(first, behind)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            self.transfer.gone()

    def _send_block(self, block: int) -> None:
        size = self.transfer.terms.block_size
        start = (block - 1) * size
        head = wire.data_header(wire.DATA, block & 0xFFFF)
        self.socket.send(head + self.content[start : start + size])

    def _send_window(self, first: int, behind: int) -> None:
        size = self.transfer.terms.block_size
        step = min(GSO_SEGMENTS, GSO_BYTES // (size + 4))
        if not self.gso or step < 2:
            for block in range(first, behind):
                self._send_block(block)
            return
        segment = [(SOL_UDP, UDP_SEGMENT, struct.pack("=H", size + 4))]
        content, header = self.content, wire.data_header
        for start in range(first, behind, step):
            pieces: list[bytes | memoryview] = []
            at = (start - 1) * size
            for block in range(start, min(start + step, behind)):
                pieces.append(header(wire.DATA, block & 0xFFFF))
                pieces.append(content[at : at + size])
                at += size
            try:
                self.socket.sendmsg(pieces, segment if len(pieces) > 2 else [])
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.EMSGSIZE, errno.EIO, errno.ENOPROTOOPT):
                    raise
                self.gso = False
                self._send_window(start, behind)
                return

    def close(self) -> None:
        """Give the port back."""
        self.socket.close()
        self.strangers.close()


def content_of(found: Found, *, text_mode: bool) -> Content:
    """The bytes to send; raises OSError."""
    view: Content
    if isinstance(found, Path):
        view = _whole(found)
    elif isinstance(found, bytes):
        view = memoryview(found)
    else:
        view = Joined([_segment(one) for one in found])
    if not text_mode:
        return view
    if len(view) > NETASCII_BYTES:
        raise OSError(errno.EFBIG, "too large for netascii")
    return memoryview(netascii(bytes(view[: len(view)])))


def _whole(path: Path) -> memoryview:
    kept = path.stat()
    return _mapped(path, kept.st_ino, kept.st_mtime_ns, kept.st_size)


def _segment(one: Segment) -> memoryview:
    if isinstance(one, Literal):
        return memoryview(one.content)
    view = _whole(Path(one.file))[one.offset : one.offset + one.size]
    if len(view) != one.size:
        raise OSError(errno.EIO, f"{one.file} is shorter than its manifest says")
    return view


@lru_cache(maxsize=16)
def _mapped(path: Path, inode: int, modified: int, size: int) -> memoryview:
    """The file as memory, shared by everybody who fetches it; a changed file has another key."""
    del inode, modified
    if size == 0:
        return memoryview(b"")
    with path.open("rb") as opened:
        return memoryview(mmap.mmap(opened.fileno(), size, prot=mmap.PROT_READ))


def _bound(link: str, address: tuple[str, int], *, shared: bool = False) -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        if shared:
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, link.encode() + b"\0")
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made
