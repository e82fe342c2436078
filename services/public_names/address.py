"""Which of the router's addresses the internet can reach, and which it cannot and why."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network

UNREACHABLE: Mapping[IPv4Network, str] = {
    IPv4Network("10.0.0.0/8"): "is private: another router stands between this one and it",
    IPv4Network("172.16.0.0/12"): "is private: another router stands between this one and it",
    IPv4Network("192.168.0.0/16"): "is private: another router stands between this one and it",
    IPv4Network("100.64.0.0/10"): "is shared by many customers of your provider (RFC 6598)",
    IPv4Network("192.0.0.0/24"): "is the provider’s own, for IPv4 carried over IPv6 (RFC 6333)",
    IPv4Network("169.254.0.0/16"): "is good for this cable alone",
    IPv4Network("127.0.0.0/8"): "is this router’s own, for itself",
    IPv4Network("0.0.0.0/8"): "is none",
    IPv4Network("224.0.0.0/3"): "is nobody’s",
}
"""RFC 6890: where the internet leads nobody → why, as the sentence goes on."""
GLOBAL = IPv6Network("2000::/3")
TEMPORARY, DADFAILED, DEPRECATED, TENTATIVE = 0x01, 0x08, 0x20, 0x40
PASSING = TEMPORARY | DADFAILED | DEPRECATED | TENTATIVE
"""Flags of addresses that are not to be published: linux/if_addr.h."""


@dataclass(frozen=True, slots=True)
class Own:
    """One IPv6 address of the router, as the kernel lists it."""

    address: IPv6Address
    link: str
    flags: int


def hindrance(address: IPv4Address) -> str:
    """Why the internet cannot reach an address, "" when it can.

    >>> hindrance(IPv4Address("203.0.113.5")), hindrance(IPv4Address("100.64.3.1"))[:40]
    ('', 'Your provider gives you an address that ')
    """
    why = next((why for network, why in UNREACHABLE.items() if address in network), "")
    if not why:
        return ""
    return (
        f"Your provider gives you an address that the internet cannot reach: {address} {why}. "
        "Ask it for a public IPv4 address, or publish IPv6 alone."
    )


def published_ipv6(owned: Iterable[Own], way_out: str) -> str:
    """The router's own global IPv6 address: on its way out, else on a network; "" without one.

    Of several the lowest, so that the choice stays.

    >>> lan = Own(IPv6Address("2001:db8:1::1"), "br-lan", 0)
    >>> published_ipv6([lan, Own(IPv6Address("2001:db8::5"), "eth0", 0)], "eth0")
    '2001:db8::5'
    """
    good = [one for one in owned if one.address in GLOBAL and not one.flags & PASSING]
    best = min(good, key=lambda one: (one.link != way_out, int(one.address)), default=None)
    return str(best.address) if best else ""


def read_if_inet6(text: str) -> list[Own]:
    """The lines of /proc/net/if_inet6 (proc(5)); one that cannot be read is passed over.

    >>> read_if_inet6("20010db8000000000000000000000005 02 40 00 80     eth0")[0].link
    'eth0'
    """
    found = []
    for line in text.splitlines():
        try:
            digits, _, _, _, flags, link = line.split()
            found.append(Own(IPv6Address(bytes.fromhex(digits)), link, int(flags, 16)))
        except ValueError:
            continue
    return found
