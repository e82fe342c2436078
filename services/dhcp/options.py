"""The options block at the end of a DHCPv4 message.

Bytes in, mapping out; code and value in, bytes out.  RFC 2132 §2 gives the code-length-value
layout; RFC 3396 says a code that appears twice is one long option cut into pieces, so the pieces
are joined in order, and a value over 255 bytes is cut again on the way out.

Codes are plain integers: they are looked up several times per packet, and an enum's member costs
more than the whole comparison.
"""

from typing import Final

PAD: Final = 0
END: Final = 255

SUBNET_MASK: Final = 1
ROUTER: Final = 3
DNS_SERVERS: Final = 6
HOST_NAME: Final = 12
DOMAIN_NAME: Final = 15
INTERFACE_MTU: Final = 26
BROADCAST_ADDRESS: Final = 28
VENDOR_OPTIONS: Final = 43
REQUESTED_ADDRESS: Final = 50
LEASE_SECONDS: Final = 51
OVERLOAD: Final = 52
MESSAGE_TYPE: Final = 53
SERVER_ID: Final = 54
WANTED_OPTIONS: Final = 55
MESSAGE: Final = 56
MAXIMUM_SIZE: Final = 57
RENEW_SECONDS: Final = 58  # T1
REBIND_SECONDS: Final = 59  # T2
VENDOR_CLASS: Final = 60
CLIENT_ID: Final = 61
TFTP_SERVER: Final = 66
BOOT_FILE: Final = 67
USER_CLASS: Final = 77  # RFC 3004, and iPXE's own form without lengths
CLIENT_FQDN: Final = 81  # RFC 4702
RELAY_AGENT: Final = 82  # RFC 3046
CLIENT_ARCH: Final = 93  # RFC 4578 §2.1
CLIENT_INTERFACE: Final = 94  # RFC 4578 §2.2
CLIENT_UUID: Final = 97  # RFC 4578 §2.3
IPV6_ONLY: Final = 108  # RFC 8925: never sent to a client that did not ask for it
SUBNET_SELECTION: Final = 118  # RFC 3011
CLASSLESS_ROUTES: Final = 121  # RFC 3442
CISCO_TFTP_SERVER: Final = 150
IPXE: Final = 175

RELAY_LINK_SELECTION: Final = 5  # inside option 82, RFC 3527
RELAY_SERVER_ID: Final = 11  # inside option 82, RFC 5107


class Truncated(ValueError):
    """An option needs more bytes than the block has left."""

    def __init__(self, code: int, needs: int, has: int) -> None:
        super().__init__(f"option {code} needs {needs} bytes, {has} left")
        self.code, self.needs, self.has = code, needs, has


def decode_options(block: bytes, start: int = 0) -> dict[int, bytes]:
    """Read `block` from `start`, the first byte after the magic cookie, up to the END option.

    Returns raw values by option number, unknown numbers included; a missing END is forgiven.
    Raises `Truncated` when the block ends inside an option.
    """
    options: dict[int, bytes] = {}
    size = len(block)
    at = start
    while at < size:
        code = block[at]
        if code == END:
            break
        if not code:  # PAD
            at += 1
            continue
        at += 2
        end = at + (block[at - 1] if at <= size else 0)
        if at > size or end > size:
            raise Truncated(code, needs=end - at + 2, has=size - at + 2)
        if code in options:
            options[code] += block[at:end]
        else:
            options[code] = block[at:end]
        at = end
    return options


def decode_inner(value: bytes) -> dict[int, bytes]:
    """Read options inside an option (82, 43, 175), where what does not fit is simply the end.

    Vendors write these; a broken tail must not cost the message its well-formed head.
    """
    inner: dict[int, bytes] = {}
    at = 0
    while at + 2 <= len(value) and value[at] != END:
        if value[at] == PAD:
            at += 1
            continue
        end = at + 2 + value[at + 1]
        if end > len(value):
            break
        inner[value[at]] = value[at + 2 : end]
        at = end
    return inner


def encode_option(code: int, value: bytes) -> bytes:
    """One option; more than 255 bytes become several pieces (RFC 3396 §5).

    >>> encode_option(MESSAGE_TYPE, bytes([5])).hex()
    '350105'
    """
    if len(value) <= 255:
        return bytes((code, len(value))) + value
    pieces = (value[at : at + 255] for at in range(0, len(value), 255))
    return b"".join(bytes((code, len(piece))) + piece for piece in pieces)
