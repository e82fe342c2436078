"""What an OFFER or ACK gives, and why it cannot be used.

RFC 2132 has the options, RFC 3442 the classless routes.  A server may send any bytes: what does not
fit its option is left out, and a lease that cannot work is refused with a sentence.
"""

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Address, IPv4Interface, IPv4Network
from typing import Final

from appliance.model.way import FOREVER, ON_LINK, Lease, Route
from services.dhcp.options import (
    CLASSLESS_ROUTES,
    DNS_SERVERS,
    DOMAIN_NAME,
    INTERFACE_MTU,
    LEASE_SECONDS,
    REBIND_SECONDS,
    RENEW_SECONDS,
    ROUTER,
    SERVER_ID,
    SUBNET_MASK,
)
from services.dhcp.wire import Message

LEAST_MTU: Final = 576  # RFC 791: what every host takes; servers that say less mean nothing by it
NAME_SERVERS_KEPT, ROUTES_KEPT = 4, 64
SHORTEST_SECONDS: Final = 2

Lans = Sequence[tuple[str, IPv4Network]]
"""Our own networks: name and range."""


def lease(message: Message) -> Lease | None:
    """The lease in an OFFER or ACK; None when it has no address, server or length."""
    options = message.options
    server = _address(options.get(SERVER_ID, b""))
    seconds = _number(options.get(LEASE_SECONDS, b""), 4)
    if not message.yiaddr or server is None or not seconds:
        return None
    whole = max(seconds, SHORTEST_SECONDS)
    renew = _number(options.get(RENEW_SECONDS, b""), 4) or whole // 2  # RFC 2131 §4.4.5
    rebind = _number(options.get(REBIND_SECONDS, b""), 4) or whole * 7 // 8
    if whole == FOREVER:
        renew = rebind = FOREVER
    elif not 0 < renew <= rebind <= whole:
        renew, rebind = max(whole // 2, 1), max(whole * 7 // 8, 1)
    return Lease(
        address=_interface(message.yiaddr, options.get(SUBNET_MASK, b"")),
        server=server,
        gateways=tuple(_addresses(options.get(ROUTER, b""))),
        routes=tuple(_routes(options.get(CLASSLESS_ROUTES, b"")))[:ROUTES_KEPT],
        name_servers=tuple(_addresses(options.get(DNS_SERVERS, b"")))[:NAME_SERVERS_KEPT],
        domain=_text(options.get(DOMAIN_NAME, b"")),
        mtu=_mtu(options.get(INTERFACE_MTU, b"")),
        lease_seconds=whole,
        renew_seconds=renew,
        rebind_seconds=rebind,
    )


def refusal(offered: Lease, lans: Lans) -> str:
    """Why such a lease cannot be used; "" when it can."""
    address, network = offered.address.ip, offered.address.network
    if _no_host(address):
        return f"{address} cannot be the address of a router."
    if network.prefixlen < 31 and address in (
        network.network_address,
        network.broadcast_address,
    ):
        return f"{address} is no address of a host in {network}."
    for name, lan in lans:
        if network.overlaps(lan):
            return (
                f"the provider's network {network} overlaps {name}, which has {lan}. "
                f"Give {name} another range."
            )
        for way in offered.ways:
            if way.destination.prefixlen and way.destination.subnet_of(lan):
                return (
                    f"the provider wants {way.destination} sent to {way.gateway}, "
                    f"which is inside {name} with its {lan}. Give {name} another range."
                )
    return _astray(offered)


def _astray(offered: Lease) -> str:
    """Why nothing can be reached by it; "" when everything can."""
    if offered.gateway is None:
        return "it names no gateway."
    on_cable = [one.destination for one in offered.ways if one.gateway == ON_LINK]
    for way in offered.ways:
        if way.gateway == ON_LINK:
            continue
        if way.gateway == offered.address.ip:
            return f"its gateway {way.gateway} is the offered address itself."
        near = way.gateway in offered.address.network
        if not near and not any(way.gateway in one for one in on_cable if one.prefixlen):
            return f"its gateway {way.gateway} is not in {offered.address.network}."
    return ""


def _no_host(address: IPv4Address) -> bool:
    return (
        address.is_multicast
        or address.is_loopback
        or address.is_link_local
        or address.packed[0] in {0, *range(240, 256)}  # RFC 1122 §3.2.1.3
    )


def _interface(address: int, mask: bytes) -> IPv4Interface:
    """The address with its prefix; without a usable mask it stands alone."""
    bits = int.from_bytes(mask, "big") if len(mask) == 4 else 0xFFFFFFFF
    length = bits.bit_count()
    if bits != (0xFFFFFFFF << (32 - length)) & 0xFFFFFFFF or not length:
        length = 32
    return IPv4Interface((address, length))


def _addresses(value: bytes) -> Iterator[IPv4Address]:
    for at in range(0, len(value) - 3, 4):
        found = IPv4Address(value[at : at + 4])
        if not _no_host(found):
            yield found


def _routes(value: bytes) -> Iterator[Route]:
    """RFC 3442: the prefix's length, only its telling bytes, the gateway; again and again."""
    at = 0
    while at < len(value):
        length, at = value[at], at + 1
        size = (length + 7) // 8
        if length > 32 or at + size + 4 > len(value):
            return
        bits = value[at : at + size].ljust(4, b"\0")
        gateway = IPv4Address(value[at + size : at + size + 4])
        at += size + 4
        yield Route(IPv4Network((bits, length), strict=False), gateway)


def _address(value: bytes) -> IPv4Address | None:
    return IPv4Address(value) if len(value) == 4 and any(value) else None


def _number(value: bytes, size: int) -> int:
    return int.from_bytes(value, "big") if len(value) == size else 0


def _mtu(value: bytes) -> int | None:
    found = _number(value, 2)
    return found if found >= LEAST_MTU else None


def _text(value: bytes) -> str:
    found = value.rstrip(b"\0").decode("ascii", "replace")
    return found if found.isprintable() and "\ufffd" not in found else ""
