"""A DHCPv4 message: bytes in, `Message` out, and back.

RFC 2131 §2 gives the layout: 44 bytes of numbers, 64 of server name, 128 of file name, the magic
cookie, options.  Addresses are integers here, because they are compared and looked up per packet.
A message is read or refused by name (`Malformed`, `Truncated`); no length in it is believed.
"""

from collections.abc import Iterable
from struct import Struct
from typing import Final

from services.dhcp.options import (
    END,
    MESSAGE_TYPE,
    OVERLOAD,
    REQUESTED_ADDRESS,
    decode_options,
    encode_option,
)

HEADER: Final = Struct("!BBBBIHHIIII16s")
COOKIE: Final = b"\x63\x82\x53\x63"
NAMES_AT, FILE_AT, COOKIE_AT, OPTIONS_AT = 44, 108, 236, 240
LEAST_SIZE: Final = 300  # RFC 1542 §2.1; some ROMs drop anything shorter (G23)

REQUEST_OP: Final = 1
REPLY_OP: Final = 2
BROADCAST_FLAG: Final = 0x8000
ETHERNET: Final = 1

DISCOVER, OFFER, REQUEST, DECLINE, ACK, NAK, RELEASE, INFORM = range(1, 9)
KINDS: Final = {
    DISCOVER: "DISCOVER",
    OFFER: "OFFER",
    REQUEST: "REQUEST",
    DECLINE: "DECLINE",
    ACK: "ACK",
    NAK: "NAK",
    RELEASE: "RELEASE",
    INFORM: "INFORM",
}


class Malformed(ValueError):
    """These bytes are not a DHCPv4 message; the text says what is wrong."""


class Message:
    """One decoded message.

    `chaddr` has `hlen` bytes, what follows in the 16 is garbage (G12); `kind` is option 53, or 0
    for plain BOOTP; `raw` is the datagram as it came.
    """

    __slots__ = (
        "chaddr", "ciaddr", "flags", "giaddr", "hops", "htype", "kind", "op", "options", "raw",
        "secs", "siaddr", "xid", "yiaddr",
    )  # fmt: skip

    op: int
    htype: int
    hops: int
    xid: int
    secs: int
    flags: int
    ciaddr: int
    yiaddr: int
    siaddr: int
    giaddr: int
    chaddr: bytes
    options: dict[int, bytes]
    kind: int
    raw: bytes

    @property
    def wanted(self) -> int:
        """The address asked for in option 50; 0 when none is, or it has the wrong size."""
        said = self.options.get(REQUESTED_ADDRESS, b"")
        return int.from_bytes(said, "big") if len(said) == 4 else 0

    @property
    def server_name(self) -> bytes:
        """The header's `sname`, up to its first NUL."""
        return self.raw[NAMES_AT:FILE_AT].partition(b"\0")[0]

    @property
    def file(self) -> bytes:
        """The header's `file`, up to its first NUL."""
        return self.raw[FILE_AT:COOKIE_AT].partition(b"\0")[0]


def decode(datagram: bytes) -> Message:
    """Read one datagram.  Raises Malformed or Truncated, nothing else."""
    if len(datagram) < OPTIONS_AT:
        raise Malformed(f"{len(datagram)} bytes are too few for a DHCP message")
    if datagram[COOKIE_AT:OPTIONS_AT] != COOKIE:
        raise Malformed("the magic cookie is missing")
    message = Message()
    (
        message.op, message.htype, length, message.hops, message.xid, message.secs, message.flags,
        message.ciaddr, message.yiaddr, message.siaddr, message.giaddr, hardware,
    ) = HEADER.unpack_from(datagram)  # fmt: skip
    if length > 16:
        raise Malformed(f"a hardware address of {length} bytes does not fit in 16")
    message.chaddr = hardware[:length]
    message.raw = datagram
    message.options = options = decode_options(datagram, OPTIONS_AT)
    if OVERLOAD in options:
        _read_overloaded(datagram, options)
    kind = options.get(MESSAGE_TYPE)
    message.kind = kind[0] if kind else 0
    return message


def _read_overloaded(datagram: bytes, options: dict[int, bytes]) -> None:
    """Add the options a client put into `file` (1), `sname` (2) or both (3), in that order."""
    fields = options[OVERLOAD][:1]
    for flag, start, end in ((1, FILE_AT, COOKIE_AT), (2, NAMES_AT, FILE_AT)):
        if fields and fields[0] & flag:
            for code, value in decode_options(datagram[start:end]).items():
                options[code] = options.get(code, b"") + value


def encode(
    *,
    op: int,
    xid: int,
    chaddr: bytes,
    options: Iterable[tuple[int, bytes]],
    htype: int = ETHERNET,
    hops: int = 0,
    secs: int = 0,
    flags: int = 0,
    ciaddr: int = 0,
    yiaddr: int = 0,
    siaddr: int = 0,
    giaddr: int = 0,
    server_name: bytes = b"",
    file: bytes = b"",
) -> bytes:
    """Write a message: options in the order given, END, then zeros up to 300 bytes (G23).

    `server_name` must be under 64 bytes and `file` under 128, so that a NUL ends both.
    """
    if len(server_name) > 63 or len(file) > 127:
        raise ValueError("a header string has no room for its NUL")
    head = HEADER.pack(
        op, htype, len(chaddr), hops, xid, secs, flags, ciaddr, yiaddr, siaddr, giaddr, chaddr
    )
    block = b"".join(encode_option(code, value) for code, value in options)
    whole = b"".join(
        (head, server_name.ljust(64, b"\0"), file.ljust(128, b"\0"), COOKIE, block, bytes((END,)))
    )
    return whole.ljust(LEAST_SIZE, b"\0")
