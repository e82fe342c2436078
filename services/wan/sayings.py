"""What a client says: its messages as RFC 2131's table 5 wants them."""

from collections.abc import Iterable
from ipaddress import IPv4Address
from typing import Final

from services.dhcp.options import (
    CLASSLESS_ROUTES,
    CLIENT_ID,
    DNS_SERVERS,
    DOMAIN_NAME,
    INTERFACE_MTU,
    LEASE_SECONDS,
    MAXIMUM_SIZE,
    MESSAGE_TYPE,
    REBIND_SECONDS,
    RENEW_SECONDS,
    ROUTER,
    SUBNET_MASK,
    WANTED_OPTIONS,
)
from services.dhcp.wire import DISCOVER, ETHERNET, REQUEST, REQUEST_OP, encode

ASKING: Final = frozenset({DISCOVER, REQUEST})
WANTED: Final = bytes(
    (
        SUBNET_MASK, CLASSLESS_ROUTES, ROUTER, DNS_SERVERS, DOMAIN_NAME, INTERFACE_MTU,
        LEASE_SECONDS, RENEW_SECONDS, REBIND_SECONDS,
    )
)  # fmt: skip
"""RFC 3442: the classless routes are asked for before the router."""
LARGEST: Final = 1400


def message(
    kind: int,
    mac: bytes,
    xid: int,
    options: Iterable[tuple[int, bytes]] = (),
    *,
    seconds: int = 0,
    own: IPv4Address | None = None,
) -> bytes:
    """One message; `own` is the address in use, `seconds` how long it has been asked."""
    told = [(WANTED_OPTIONS, WANTED), (MAXIMUM_SIZE, LARGEST.to_bytes(2, "big"))]
    return encode(
        op=REQUEST_OP,
        xid=xid,
        secs=min(seconds, 0xFFFF),
        chaddr=mac,
        ciaddr=int(own or 0),
        options=[
            (MESSAGE_TYPE, bytes((kind,))),
            (CLIENT_ID, bytes((ETHERNET,)) + mac),
            *options,
            *(told if kind in ASKING else ()),
        ],
    )
