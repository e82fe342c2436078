"""IPv6 on a network: which /64 of a prefix is its own, and who the router is in it."""

from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Network
from typing import Annotated

from appliance.model.limits import STRICT, Between

UNIQUE_LOCAL = IPv6Network("fd00::/8")  # RFC 4193 §3.1
SITE_BITS, SUBNET_BITS = 48, 64  # RFC 4193 §3.1: 16 bits number the networks of one site
MOST_SUBNET = (1 << (SUBNET_BITS - SITE_BITS)) - 1
ROUTER_SUFFIX = IPv6Address("::1")
SITE_BYTES = 5
"""How many random bytes make a site's prefix."""


@dataclass(frozen=True, slots=True)
class Ipv6:
    """IPv6 on one network; a network without this group has none.

    `subnet` numbers its /64 below the site's prefix and below a delegated one; without it the
    network takes the lowest number that is free, in the order of the networks.
    """

    __pydantic_config__ = STRICT

    subnet: Annotated[int, Between(0, MOST_SUBNET)] | None = None
    suffix: IPv6Address = ROUTER_SUFFIX  # the router's own interface id

    def __post_init__(self) -> None:
        if not is_suffix(self.suffix):
            raise ValueError(f"{self.suffix} is not the end of an IPv6 address; write it like ::1")


def is_suffix(address: IPv6Address) -> bool:
    """Can this be the last 64 bits of an address, and of one host (RFC 4291 §2.6.1)?

    >>> is_suffix(IPv6Address("::1234")), is_suffix(IPv6Address("2001:db8::1"))
    (True, False)
    """
    return address.scope_id is None and 0 < int(address) < 1 << SUBNET_BITS


def joined(prefix: IPv6Network, suffix: IPv6Address) -> IPv6Address:
    """The address of `suffix` in `prefix`.

    >>> joined(IPv6Network("2001:db8::/64"), IPv6Address("::1234"))
    IPv6Address('2001:db8::1234')
    """
    return IPv6Address(int(prefix.network_address) | int(suffix))


def eui64(mac: str) -> IPv6Address:
    """The last 64 bits that a device makes of its MAC (RFC 4291, appendix A).

    >>> eui64("52:54:00:12:34:56")
    IPv6Address('::5054:ff:fe12:3456')
    """
    raw = bytes.fromhex(mac.replace(":", ""))
    return IPv6Address(bytes(8) + bytes([raw[0] ^ 2]) + raw[1:3] + b"\xff\xfe" + raw[3:])


def site(entropy: bytes) -> IPv6Network:
    """A prefix that nobody else has (RFC 4193 §3.2.2), from SITE_BYTES random ones.

    >>> site(bytes.fromhex("0123456789"))
    IPv6Network('fd01:2345:6789::/48')
    """
    return IPv6Network((b"\xfd" + entropy[:SITE_BYTES] + bytes(10), SITE_BITS))
