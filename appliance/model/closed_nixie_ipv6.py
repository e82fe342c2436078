"""IPv6 of the closed Nixie module as ours: a prefix of one's own, numbers, ends of addresses.

There an address is written whole, with the prefix of one's own or the provider's; here the prefix
is said once, or comes with the delegation, and each network and device says its part.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv6Address, IPv6Interface, IPv6Network
from typing import Any

from appliance.model.ipv6 import MOST_SUBNET, SITE_BITS, SUBNET_BITS, UNIQUE_LOCAL

LAST_BITS = (1 << SUBNET_BITS) - 1
NO_DHCPV6 = "devices make their own IPv6 addresses here, none is given by DHCPv6"
ALWAYS = "here the internet's IPv6 is used, and a prefix asked for, while a network has IPv6"

Options = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Six:
    """The prefix of one's own, each subnet's `ipv6` group (None for no IPv6), and a sentence for
    each option that is in neither."""

    ula: str | None
    groups: tuple[dict[str, Any] | None, ...]
    left: tuple[str, ...]


def six(subnets: Sequence[Options], wan: Options) -> Six:
    """Read the groups `ipv6` of the subnets and of `wan`."""
    asked = _group(wan, "ipv6")
    lends = asked.get("enable", True) is True and asked.get("prefixDelegation") is True
    own = [found for one in subnets if (found := _site(_address(one)))]
    ula = own[0] if own else None
    groups = tuple(
        _numbers(_address(one), ula) if lends or "ipv6" in one else None for one in subnets
    )
    left = [
        sentence
        for at, one in enumerate(subnets)
        for sentence in _left(one, f"dhcp.subnets.{one.get('name', at)}.ipv6", ula)
    ]
    left += _left_of_wan(asked, used=any(one is not None for one in groups))
    return Six(None if ula is None else str(ula), groups, tuple(left))


def suffix(client: Options) -> str | None:
    """The end of a client's IPv6 addresses; None where it has none.

    >>> suffix({"ipv6": {"address": "fd12:3456:789a:1::42"}}), suffix({"ipv6": {}})
    ('::42', None)
    """
    address = _address(client)
    end = int(address) & LAST_BITS if address else 0
    return str(IPv6Address(end)) if end else None


def _numbers(address: IPv6Interface | None, ula: IPv6Network | None) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if address is None:
        return found
    if ula is not None and address.ip in ula:
        found["subnet"] = int(address.ip) >> SUBNET_BITS & MOST_SUBNET
    if end := int(address) & LAST_BITS:
        found["suffix"] = str(IPv6Address(end))
    return found


def _left(subnet: Options, place: str, ula: IPv6Network | None) -> Iterator[str]:
    for name, value in _group(subnet, "ipv6").items():
        if name in ("poolStart", "poolEnd") or (name, value) == ("managed", True):
            yield f"{place}.{name}: {NO_DHCPV6}."
        elif name not in ("address", "managed"):
            yield f"{place}.{name}: there is no such setting here."
    address = _address(subnet)
    if address is None and "address" in _group(subnet, "ipv6"):
        yield f"{place}.address: this is no IPv6 address."
    elif address is not None and not address.ip.is_private:
        yield f"{place}.address: its end is taken, the rest comes from the provider."
    elif address is not None and (ula is None or address.ip not in ula):
        own = f"besides {ula}; a router has one prefix of its own" if ula else "that is no fd00::/8"
        yield f"{place}.address: its end is taken, not its prefix, {own}."


def _left_of_wan(asked: Options, *, used: bool) -> Iterator[str]:
    for name, value in asked.items():
        if name not in ("enable", "prefixDelegation"):
            yield f"wan.ipv6.{name}: there is no such setting here."
        elif value is not True and used:
            yield f"wan.ipv6.{name}: {ALWAYS}."


def _site(address: IPv6Interface | None) -> IPv6Network | None:
    """The /48 of an address of one's own."""
    if address is None or address.ip not in UNIQUE_LOCAL:
        return None
    return IPv6Network((int(address.ip), SITE_BITS), strict=False)


def _address(of: Options) -> IPv6Interface | None:
    try:
        return IPv6Interface(str(_group(of, "ipv6").get("address", "")))
    except ValueError:
        return None


def _group(of: Options, name: str) -> Options:
    found = of.get(name)
    return found if isinstance(found, Mapping) else {}
