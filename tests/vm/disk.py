"""A disk that forgets what was not flushed, as an NBD server for QEMU.

A write is taken into a list and answered; only a flush moves the list to what is on the plates.
When the power goes, each write of the list is kept, lost, or torn between two sectors, as chance
has it: a real disk may do any of that with its cache.  Sectors are of 4 KiB, as on today's disks,
and a block of the file system is as large: Linux before 6.11 cannot mount ext4 when its journal's
last commit block was written in part ("jbd2: avoid mount failed when commit block is partial
submitted"), which no program of ours can help.  QEMU hands the guest's flushes through
(`cache=writeback`), so what the guest's fsync had confirmed is on the plates and nothing else is
sure to be.  Protocol: the NBD project's doc/proto.md, fixed newstyle, simple replies.
"""

import socket
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

SECTOR = 4096

HELLO = b"NBDMAGIC" + b"IHAVEOPT" + struct.pack(">H", 3)  # fixed newstyle, no zeroes
OPTION, OPTION_REPLY = struct.Struct(">8sII"), struct.Struct(">QIII")
REQUEST, REPLY = struct.Struct(">IHHQQI"), struct.Struct(">IIQ")
REPLY_MAGIC, SIMPLE_REPLY = 0x3E889045565A9, 0x67446698
EXPORT_NAME, ABORT, INFO, GO = 1, 2, 6, 7
ACK, EXPORT, UNSUPPORTED = 1, 3, (1 << 31) + 1
READ, WRITE, DISCONNECT, FLUSH = 0, 1, 2, 3
FLAGS = 1 | 4  # flags are there, flush is understood
INVALID = 22


@dataclass
class Disk:
    """`plates` survive a power cut; `waiting` are writes since the last flush.

    With a `fuse` the power goes by itself after so many writes; `on_cut` is called when it goes.
    """

    plates: bytearray
    waiting: list[tuple[int, bytes]] = field(default_factory=list)
    lies: bool = False  # confirms a flush and does nothing: there are such disks
    powered: bool = True
    fuse: int | None = None
    on_cut: Callable[[], None] = lambda: None
    flushes: int = 0
    lost: int = 0  # writes that a power cut took, wholly or in part

    def __post_init__(self) -> None:
        self._view = bytearray(self.plates)
        self._lock = threading.Lock()

    def read(self, offset: int, count: int) -> bytes:
        """What the guest sees: its own writes at once."""
        return bytes(self._view[offset : offset + count])

    def write(self, offset: int, content: bytes) -> None:
        """Into the cache."""
        with self._lock:
            if self.powered:
                self._view[offset : offset + len(content)] = content
                self.waiting.append((offset, content))
                if self.fuse is not None:
                    self.fuse -= 1
        if self.fuse == 0:
            self.cut()

    def flush(self) -> bool:
        """Onto the plates; False when the power is gone already."""
        with self._lock:
            if self.powered and not self.lies:
                for offset, content in self.waiting:
                    self.plates[offset : offset + len(content)] = content
                self.waiting.clear()
                self.flushes += 1
            return self.powered

    def cut(self) -> None:
        """The power goes: from now on nothing is written or confirmed."""
        with self._lock:
            powered, self.powered, self.fuse = self.powered, False, None
        if powered:
            self.on_cut()

    def as_cut_now(self, chance: Random) -> "Disk":
        """Another disk, as this one would be after a power cut at this moment."""
        with self._lock:
            other = Disk(bytearray(self.plates), list(self.waiting))
        other.restored(chance)
        return other

    def restored(self, chance: Random) -> None:
        """The power is back: of what was not flushed, chance has kept some."""
        for offset, content in self.waiting:
            kept = chance.choice((0, len(content), _torn(offset, len(content), chance)))
            self.lost += kept < len(content)
            self.plates[offset : offset + kept] = content[:kept]
        self.waiting.clear()
        self._view = bytearray(self.plates)
        self.powered = True

    def serve(self, path: Path) -> socket.socket:
        """Listen on a unix socket, one client after the other, until it is closed."""
        path.unlink(missing_ok=True)
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(str(path))
        listening.listen(4)
        threading.Thread(target=self._accept, args=(listening,), daemon=True).start()
        return listening

    def _accept(self, listening: socket.socket) -> None:
        while True:
            try:
                line, _ = listening.accept()
            except OSError:
                return
            with line:
                try:
                    if self._agreed(line):
                        self._served(line)
                except (ConnectionError, EOFError):
                    continue

    def _agreed(self, line: socket.socket) -> bool:
        """The handshake; False when the client only wanted to know."""
        line.sendall(HELLO)
        _exactly(line, 4)
        while True:
            _, option, length = OPTION.unpack(_exactly(line, OPTION.size))
            _exactly(line, length)
            size = struct.pack(">QH", len(self._view), FLAGS)
            if option == EXPORT_NAME:
                line.sendall(size)
                return True
            if option in (INFO, GO):
                _tell(line, option, EXPORT, struct.pack(">H", 0) + size)
                _tell(line, option, ACK)
                if option == GO:
                    return True
            elif option == ABORT:
                _tell(line, option, ACK)
                return False
            else:
                _tell(line, option, UNSUPPORTED)

    def _served(self, line: socket.socket) -> None:
        while True:
            asked = REQUEST.unpack(_exactly(line, REQUEST.size))
            _, _, kind, handle, offset, count = asked
            content = b""
            error = 0
            if kind == READ:
                content = self.read(offset, count)
            elif kind == WRITE:
                self.write(offset, _exactly(line, count))
            elif kind == FLUSH:
                if not self.flush():
                    return
            elif kind == DISCONNECT:
                return
            else:
                error = INVALID
            line.sendall(REPLY.pack(SIMPLE_REPLY, error, handle) + content)


def _torn(offset: int, count: int, chance: Random) -> int:
    """How much of a write is kept when it ends at some border of its sectors."""
    first = SECTOR - offset % SECTOR
    return chance.choice((0, *range(min(first, count), count, SECTOR), count))


def _tell(line: socket.socket, option: int, kind: int, content: bytes = b"") -> None:
    line.sendall(OPTION_REPLY.pack(REPLY_MAGIC, option, kind, len(content)) + content)


def _exactly(line: socket.socket, count: int) -> bytes:
    pieces = bytearray()
    while len(pieces) < count:
        piece = line.recv(min(count - len(pieces), 1 << 20))
        if not piece:
            raise EOFError
        pieces += piece
    return bytes(pieces)
