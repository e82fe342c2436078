"""Addresses that a name of the internet must not have: a page from there would reach into the LAN.

Called DNS rebinding.  RFC 1918, 6598, 3927, 4193, 4291; v4 addresses inside of v6 ones count too:
mapped (RFC 4291 §2.5.5.2), translated (RFC 6052) and 6to4 (RFC 3056).  Types A, AAAA, and the hints
of SVCB and HTTPS (RFC 9460 §7.3).
"""

from collections.abc import Callable, Mapping
from ipaddress import IPv4Network, IPv6Network
from typing import Final

A, AAAA, SVCB, HTTPS = 1, 28, 64, 65
HINT_4: Final = 4
HINT_6: Final = 6

NETWORKS_4 = tuple(
    (int(one.network_address), int(one.netmask))
    for one in map(
        IPv4Network,
        (
            *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
            *("172.16.0.0/12", "192.168.0.0/16", "224.0.0.0/3"),
        ),
    )
)
NETWORKS_6 = tuple(
    (int(one.network_address), int(one.netmask))
    for one in map(IPv6Network, ("::/127", "fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"))
)
V4_INSIDE = frozenset({bytes(12), bytes(10) + b"\xff\xff", bytes.fromhex("0064ff9b") + bytes(8)})
"""The first 12 bytes of a v6 address whose last four are a v4 one."""
SIX_TO_FOUR = b"\x20\x02"
FIRST_BYTES = frozenset({0, 10, 100, 127, 169, 172, 192, *range(224, 256)})


def _is_private_4(data: bytes) -> bool:
    if len(data) != 4 or data[0] not in FIRST_BYTES:
        return False
    value = int.from_bytes(data)
    return any(value & mask == network for network, mask in NETWORKS_4)


def _is_private_6(data: bytes) -> bool:
    if len(data) != 16:
        return False
    if data[:12] in V4_INSIDE:
        return _is_private_4(data[12:])
    if data[:2] == SIX_TO_FOUR:
        return _is_private_4(data[2:6])
    value = int.from_bytes(data)
    return any(value & mask == network for network, mask in NETWORKS_6)


def _has_private_hint(data: bytes) -> bool:
    """Look through the parameters of an SVCB or HTTPS record; a broken one leads nowhere."""
    at = 2  # the priority
    while at < len(data) and data[at]:
        at += data[at] + 1
    at += 1
    while at + 4 <= len(data):
        key, size = int.from_bytes(data[at : at + 2]), int.from_bytes(data[at + 2 : at + 4])
        value = data[at + 4 : at + 4 + size]
        at += 4 + size
        step, check = HINTS.get(key, (0, _is_private_4))
        if step and any(check(value[n : n + step]) for n in range(0, len(value), step)):
            return True
    return False


HINTS: Mapping[int, tuple[int, Callable[[bytes], bool]]] = {
    HINT_4: (4, _is_private_4),
    HINT_6: (16, _is_private_6),
}
WITH_ADDRESSES: Mapping[int, Callable[[bytes], bool]] = {
    A: _is_private_4,
    AAAA: _is_private_6,
    SVCB: _has_private_hint,
    HTTPS: _has_private_hint,
}
"""Types of records that hold addresses, with the question whether their data has one of nobody's on
the internet."""
