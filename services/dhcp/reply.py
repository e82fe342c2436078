"""A reply as bytes, quickly: what all clients of a network share is written once.

The options stand in one fixed order, type and server first (G25); END comes before the padding
(G23); the option field never spills into the header's names (G20).
"""

from collections.abc import Mapping
from struct import pack
from typing import Final

from appliance.events import Event
from services.dhcp.destination import Delivery
from services.dhcp.lease import Lease
from services.dhcp.options import (
    BOOT_FILE,
    BROADCAST_ADDRESS,
    CLIENT_ID,
    CLIENT_UUID,
    DNS_SERVERS,
    DOMAIN_NAME,
    END,
    HOST_NAME,
    IPXE,
    LEASE_SECONDS,
    MAXIMUM_SIZE,
    MESSAGE,
    MESSAGE_TYPE,
    REBIND_SECONDS,
    RELAY_AGENT,
    RENEW_SECONDS,
    ROUTER,
    SERVER_ID,
    SUBNET_MASK,
    TFTP_SERVER,
    VENDOR_CLASS,
    VENDOR_OPTIONS,
    encode_option,
)
from services.dhcp.wire import COOKIE, HEADER, LEAST_SIZE, REPLY_OP, Message

FIRST: Final = (
    MESSAGE_TYPE, SERVER_ID, LEASE_SECONDS, RENEW_SECONDS, REBIND_SECONDS, SUBNET_MASK, ROUTER,
    DNS_SERVERS, HOST_NAME, DOMAIN_NAME, BROADCAST_ADDRESS,
)  # fmt: skip
LAST: Final = (
    VENDOR_CLASS, VENDOR_OPTIONS, TFTP_SERVER, BOOT_FILE, CLIENT_UUID, IPXE, MESSAGE, CLIENT_ID,
    RELAY_AGENT,
)  # fmt: skip
"""Before and after the owner's own options, which stand in numeric order; 82 is last (G43)."""

_RANK: Final = {code: rank for rank, code in enumerate(FIRST)} | {
    code: rank for rank, code in enumerate(LAST, start=1000)
}
NEVER_DROPPED: Final = frozenset(
    (
        MESSAGE_TYPE, SERVER_ID, LEASE_SECONDS, SUBNET_MASK, ROUTER, BOOT_FILE, VENDOR_CLASS,
        VENDOR_OPTIONS, CLIENT_UUID, CLIENT_ID, RELAY_AGENT,
    )
)  # fmt: skip
DROPPED_FIRST: Final = (
    BROADCAST_ADDRESS, DOMAIN_NAME, HOST_NAME, REBIND_SECONDS, RENEW_SECONDS, TFTP_SERVER,
    MESSAGE, DNS_SERVERS, IPXE,
)  # fmt: skip
"""After the owner's own options, which go first of all."""

ASSUMED_SIZE: Final = 548  # what every client takes (RFC 2131 §2)
LARGEST_SIZE: Final = 1472  # one Ethernet frame; EDK2 ignores anything larger (G24)
NO_NAMES: Final = bytes(192) + COOKIE
ENDED: Final = bytes((END,))


class Reply:
    """What to send.  `address` is the relay, the client, or the offered address, by `delivery`.

    With a `lease` the row must be on disk before this leaves; `late` means not at once.
    """

    __slots__ = ("address", "chaddr", "data", "delivery", "events", "kind", "late", "lease")

    def __init__(
        self,
        data: bytes,
        delivery: Delivery,
        address: int,
        chaddr: bytes,
        kind: int,
        lease: Lease | None = None,
        events: tuple[Event, ...] = (),
    ) -> None:
        self.data = data
        self.delivery = delivery
        self.address = address
        self.chaddr = chaddr
        self.kind = kind
        self.lease = lease
        self.events = events
        self.late = False


class Silence:
    """Nothing to send, and why; a `lease` that changed is still to be written."""

    __slots__ = ("events", "lease", "why")

    def __init__(
        self, why: str, lease: Lease | None = None, events: tuple[Event, ...] = ()
    ) -> None:
        self.why = why
        self.lease = lease
        self.events = events


def size_limit(options: Mapping[int, bytes]) -> int:
    """The most bytes this client takes, by option 57 where it makes sense."""
    said = options.get(MAXIMUM_SIZE, b"")
    if len(said) != 2:
        return ASSUMED_SIZE
    return min(max(int.from_bytes(said, "big"), ASSUMED_SIZE), LARGEST_SIZE)


def block(options: Mapping[int, bytes]) -> bytes:
    """The options in their fixed order, without END."""
    codes = sorted(options, key=lambda code: (_RANK.get(code, 500), code))
    return b"".join(encode_option(code, options[code]) for code in codes)


def fitted(options: Mapping[int, bytes], room: int) -> bytes:
    """The options as a block of at most `room` bytes; the least important are left out."""
    whole = block(options)
    if len(whole) <= room:
        return whole
    left = dict(options)
    own = [code for code in left if code not in NEVER_DROPPED and code not in DROPPED_FIRST]
    for code in (*sorted(own, reverse=True), *DROPPED_FIRST):
        if left.pop(code, None) is not None:
            whole = block(left)
            if len(whole) <= room:
                break
    return whole


def header(asked: Message, *, flags: int, ciaddr: int, yiaddr: int, siaddr: int) -> bytes:
    """The first 44 bytes of the answer to `asked`."""
    chaddr = asked.chaddr
    return HEADER.pack(
        REPLY_OP, asked.htype, len(chaddr), asked.hops, asked.xid, 0, flags, ciaddr, yiaddr,
        siaddr, asked.giaddr, chaddr,
    )  # fmt: skip


def names(server: bytes, file: bytes) -> bytes:
    """The header's `sname` and `file` and the cookie; a file too long stands in option 67 only."""
    if len(file) > 127:
        file = b""
    return server[:63].ljust(64, b"\0") + file.ljust(128, b"\0") + COOKIE


def finish(head: bytes, names_and_options: bytes) -> bytes:
    """The datagram: END, then zeros up to the size old ROMs insist on."""
    return (head + names_and_options + ENDED).ljust(LEAST_SIZE, b"\0")


def seconds(value: int) -> bytes:
    """A duration as options carry it."""
    return pack("!I", value)
