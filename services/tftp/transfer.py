"""One file on its way to one client: a machine without socket, clock or file.

Tell it what happened and the present time; it says what to send: the option acknowledgement again,
or a run of blocks.  Blocks are counted from 1 without wrapping here; the wire carries them modulo
65536, so block 65536 is sent as 0 (RFC 1350 leaves it open, everybody wraps to 0).

A window (RFC 7440) is sent whole and acknowledged by its last block.  An ACK inside the window says
that what follows it was lost, so the next window starts there.  An ACK of the block before the
window says the same once; a second one is a duplicate, and duplicates are answered by time alone
(RFC 1123 §4.2.3.1).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

SMALLEST_BLOCK, LARGEST_BLOCK, PLAIN_BLOCK = 8, 65464, 512  # RFC 2348
HEADERS = 32  # IPv4, UDP and TFTP headers: what a block may not use of the link's MTU
LARGEST_WINDOW = 32  # what a ROM's few receive buffers stand; dnsmasq stops there too (G53)
RETRY_SECONDS = 1.0
TRIES = 6
TRIES_UNHEARD = 3
"""Sends before the first ACK: whoever asked may not be who it says, and must not get a flood."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What client and server agreed on.  `accepted` is the OACK's content, empty for none."""

    block_size: int = PLAIN_BLOCK
    window: int = 1
    retry_seconds: float = RETRY_SECONDS
    accepted: tuple[tuple[str, str], ...] = ()


def agree(options: Mapping[str, str], size: int, mtu: int, *, netascii: bool = False) -> Terms:
    """Accept what was asked for and nothing else, never upwards (RFC 2347).

    `size` is the file's bytes, `mtu` the link's: a block that would be fragmented is made smaller,
    because boot ROMs cannot put fragments together.  A value that is not a number in range is
    treated as an option we do not know: not acknowledged.
    """
    block_size, window, retry = PLAIN_BLOCK, 1, RETRY_SECONDS
    accepted: list[tuple[str, str]] = []
    for name, text in options.items():
        number = int(text) if text.isascii() and text.isdigit() and len(text) <= 10 else -1
        if name == "blksize" and number >= SMALLEST_BLOCK:
            block_size = max(SMALLEST_BLOCK, min(number, LARGEST_BLOCK, mtu - HEADERS))
            accepted.append((name, str(block_size)))
        elif name == "timeout" and 1 <= number <= 255:
            retry = float(number)
            accepted.append((name, text))
        elif name == "tsize" and number >= 0 and size > 0 and not netascii:  # curl refuses "0"
            accepted.append((name, str(size)))
        elif name == "windowsize" and 1 <= number <= 65535 and not netascii:
            window = min(number, LARGEST_WINDOW)
            accepted.append((name, str(window)))
    return Terms(block_size, window, retry, tuple(accepted))


def netascii(content: bytes) -> bytes:
    r"""Octets as netascii (RFC 764): end of line is CR LF, a bare CR is CR NUL.

    >>> netascii(b"a\nb\rc")
    b'a\r\nb\r\x00c'
    """
    return content.replace(b"\r", b"\r\0").replace(b"\n", b"\r\n")


class End(Enum):
    """How a transfer ended."""

    SENT = "sent"
    UNCONFIRMED = "sent, last block never acknowledged"  # many ROMs jump into the loader at once
    PROBE = "size asked"  # EDK2 asks for tsize, then aborts with error 8: that is success
    ABORTED = "the client gave up"
    SILENT = "the client fell silent"


class Transfer:
    """Sends a file of `size` bytes on `terms`.

    `window()` names the blocks to send as (first, behind last); (0, 0) stands for the OACK.
    """

    __slots__ = ("_again", "_tries", "base", "end", "last", "resends", "size", "terms", "wake_at")

    def __init__(self, size: int, terms: Terms) -> None:
        self.size = size
        self.terms = terms
        self.last = size // terms.block_size + 1  # its content is short, perhaps empty
        self.base = -1 if terms.accepted else 0  # last block acknowledged; -1: not even the OACK
        self.wake_at = 0.0
        self.end: End | None = None
        self.resends = 0
        self._tries = 0
        self._again = -2  # the base that was already sent twice on an ACK

    def start(self, now: float) -> tuple[int, int]:
        """What to send first; `now` is monotonic seconds, here and below."""
        self._tries = 1
        self.wake_at = now + self.terms.retry_seconds
        return self.window()

    def window(self) -> tuple[int, int]:
        """The blocks that may be on the wire now."""
        if self.base < 0:
            return (0, 0)
        first = self.base + 1
        return (first, min(first + self.terms.window, self.last + 1))

    def acked(self, number: int, now: float) -> tuple[int, int] | None:
        """Take the ACK of a block `number` (0 to 65535); what to send now, None for nothing."""
        if self.end is not None:
            return None
        base = self.base
        if base < 0:
            if number != 0:
                return None
            self.base = 0
        else:
            ahead = (number - base) & 0xFFFF
            if ahead == 0:
                return self._lost_first(now)
            if ahead > self.terms.window or base + ahead > self.last:
                return None
            self.base = base = base + ahead
            if base == self.last:
                self.end = End.SENT
                return None
            if ahead < self.terms.window:
                self.resends += 1
        self._tries = 1
        self.wake_at = now + self.terms.retry_seconds
        return self.window()

    def woken(self, now: float) -> tuple[int, int] | None:
        """The retry time came: the same again, or None and `end` is set."""
        if self.end is not None or now < self.wake_at:
            return None
        if self._tries >= (TRIES if self.heard else TRIES_UNHEARD):
            first, behind = self.window()
            self.end = End.UNCONFIRMED if first and behind > self.last else End.SILENT
            return None
        self._tries += 1
        self.resends += 1
        self.wake_at = now + self.terms.retry_seconds
        return self.window()

    def aborted(self, code: int) -> None:
        """The client sent an ERROR; EDK2 ends its question for the size with one."""
        if self.end is None:
            asked_size = any(name == "tsize" for name, _ in self.terms.accepted)
            probed = code in (0, 8) and self.base <= 0 and asked_size
            self.end = End.PROBE if probed else End.ABORTED

    def gone(self) -> None:
        """The client closed its port."""
        if self.end is None:
            everything_sent = self.base >= 0 and self.window()[1] > self.last
            self.end = End.UNCONFIRMED if everything_sent else End.ABORTED

    @property
    def heard(self) -> bool:
        """The client has acknowledged something, so it is who it says."""
        return self.base > 0 or (self.base == 0 and bool(self.terms.accepted))

    @property
    def acknowledged_bytes(self) -> int:
        """Bytes the client has confirmed."""
        return min(max(self.base, 0) * self.terms.block_size, self.size)

    def _lost_first(self, now: float) -> tuple[int, int] | None:
        if self.terms.window == 1 or self._again == self.base:
            return None
        self._again = self.base
        self.resends += 1
        self.wake_at = now + self.terms.retry_seconds
        return self.window()
