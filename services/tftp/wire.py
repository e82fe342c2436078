"""TFTP datagrams: bytes in, values out; values in, bytes out.

tftpy's packet classes read requests and write option acknowledgements and errors.  They raise
many things on hostile bytes, so every one of those becomes `NotTftp`.  The file name never goes
through tftpy: firmware sends names that are not ASCII (an unterminated option 67 gives a trailing
0xff), and such a request is answered, not dropped.  DATA and ACK are packed by hand, because they
are the packets that come by the hundred thousand.
"""

import struct
from collections.abc import Mapping
from dataclasses import dataclass

from tftpy.TftpPacketFactory import TftpPacketFactory
from tftpy.TftpPacketTypes import TftpPacketERR, TftpPacketOACK, TftpPacketWRQ

RRQ, WRQ, DATA, ACK, ERROR, OACK = range(1, 7)

UNDEFINED, NOT_FOUND, NO_ACCESS, DISK_FULL, ILLEGAL, UNKNOWN_ID, EXISTS, NO_USER, BAD_OPTION = (
    range(9)
)
"""Error codes: RFC 1350 §5 and, for 8, RFC 2347."""

MAX_DATAGRAM = 2048
"""A request is at most 512 bytes (RFC 2347); nothing longer than this is looked at."""

_FACTORY = TftpPacketFactory()


class NotTftp(ValueError):
    """The bytes are not a TFTP request; the message says what is wrong with them."""


@dataclass(frozen=True, slots=True)
class Request:
    """A client wants a file.  `name` is raw; `mode` and option names are lower case."""

    name: bytes
    mode: str
    options: Mapping[str, str]
    write: bool = False


@dataclass(frozen=True, slots=True)
class Abort:
    """The other side gave up; `text` is made of printable ASCII."""

    code: int
    text: str


def opcode(datagram: bytes) -> int:
    """The first two bytes as a number, 0 when there are none."""
    return int.from_bytes(datagram[:2], "big") if len(datagram) >= 2 else 0


def request(datagram: bytes) -> Request:
    """Read an RRQ or a WRQ.  Raises NotTftp."""
    kind = opcode(datagram)
    if kind not in (RRQ, WRQ) or len(datagram) > MAX_DATAGRAM:
        raise NotTftp("not a request")
    name, closed, rest = datagram[2:].partition(b"\0")
    if not closed:
        raise NotTftp("the file name does not end")
    if not name:
        raise NotTftp("there is no file name")
    try:
        packet = _FACTORY.parse(datagram[:2] + b"x\0" + rest)
        mode = packet.mode.decode("ascii") if isinstance(packet.mode, bytes) else packet.mode
        options = {key.lower(): value for key, value in packet.options.items()}
    except Exception as error:  # tftpy raises struct.error, UnicodeDecodeError, AssertionError …
        raise NotTftp(f"the request cannot be read: {type(error).__name__}") from error
    return Request(name, str(mode).lower(), options, isinstance(packet, TftpPacketWRQ))


def acknowledged(datagram: bytes) -> int | None:
    """The block number of an ACK, None when the datagram is something else."""
    if len(datagram) >= 4 and datagram[0] == 0 and datagram[1] == ACK:
        return datagram[2] << 8 | datagram[3]
    return None


def abort(datagram: bytes) -> Abort | None:
    """Read an ERROR, however short; None when the datagram is something else."""
    if opcode(datagram) != ERROR:
        return None
    code = int.from_bytes(datagram[2:4], "big") if len(datagram) >= 4 else UNDEFINED
    text = datagram[4:260].partition(b"\0")[0]
    return Abort(code, "".join(chr(one) for one in text if 0x20 <= one < 0x7F))


def option_acknowledgement(options: Mapping[str, str]) -> bytes:
    """Write an OACK naming what we accept."""
    packet = TftpPacketOACK()
    packet.options = dict(options)
    return bytes(packet.encode().buffer)


def error(code: int, text: str) -> bytes:
    """Write an ERROR; `text` is ours and ASCII."""
    packet = TftpPacketERR()
    packet.errorcode = code
    # tftpy sends its own words for a code; ours say what to do, so the text is put in by hand.
    head = bytes(packet.encode().buffer[:4])
    return head + text.encode("ascii", "replace") + b"\0"


data_header = struct.Struct("!HH").pack
"""`data_header(DATA, block % 65536)`: the four bytes before the content."""
