from ipaddress import IPv4Address, IPv4Interface, IPv6Address, IPv6Network

import pytest

from appliance.model.check import problems
from appliance.model.check_ipv6 import unfit
from appliance.model.config import Dhcp, Network, Pool, Reservation, RouterConfig
from appliance.model.ipv6 import Ipv6
from appliance.model.wan import Wan

ULA = IPv6Network("fd12:3456:789a::/48")


def network(number: int, ipv6: Ipv6 | None, *suffixes: str) -> Network:
    subnet = f"10.77.{number}"
    pool = Pool(IPv4Address(f"{subnet}.100"), IPv4Address(f"{subnet}.199"))
    reserved = tuple(
        Reservation(
            f"52:54:00:00:00:{at:02x}",
            IPv4Address(f"{subnet}.{at + 10}"),
            suffix=IPv6Address(suffix),
        )
        for at, suffix in enumerate(suffixes)
    )
    address = IPv4Interface(f"{subnet}.1/24")
    return Network(f"lan{number}", f"br-{number}", (), address, Dhcp(pool, reserved), ipv6=ipv6)


def places(config: RouterConfig) -> list[tuple[str | int, ...]]:
    return [problem.where for problem in problems(config)]


def test_ipv6_as_it_is_made_at_the_first_start_is_in_order() -> None:
    config = RouterConfig((network(1, Ipv6(), "::1234"), network(2, Ipv6())), ula=ULA)
    assert problems(config) == ()


@pytest.mark.parametrize("prefix", ["2001:db8::/48", "fd12:3456:789a::/56", "fd00::/8"])
def test_our_own_prefix_is_a_local_48(prefix: str) -> None:
    assert places(RouterConfig((network(1, None),), ula=IPv6Network(prefix))) == [("ula",)]


def test_two_networks_cannot_have_one_number() -> None:
    config = RouterConfig((network(1, Ipv6(subnet=7)), network(2, Ipv6(subnet=7))), ula=ULA)
    assert places(config) == [("networks", 1, "ipv6", "subnet")]


def test_ipv6_needs_a_prefix_from_somewhere() -> None:
    assert places(RouterConfig((network(1, Ipv6()),))) == [("networks", 0, "ipv6")]
    assert problems(RouterConfig((network(1, Ipv6()),), Wan("eth0"))) == ()


@pytest.mark.parametrize("suffix", ["2001:db8::1", "::", "::1%lan"])
def test_a_suffix_is_an_interface_id(suffix: str) -> None:
    with pytest.raises(ValueError, match="is not the end of an IPv6 address"):
        Ipv6(suffix=IPv6Address(suffix))


def test_a_device_cannot_have_the_suffix_of_the_router() -> None:
    config = RouterConfig((network(1, Ipv6(), "::1"),), ula=ULA)
    assert [one.what for one in problems(config)] == [
        "::1 would be the end of the IPv6 addresses of the router and of 52:54:00:00:00:00; give "
        "one of them another."
    ]


def test_two_devices_cannot_have_one_suffix() -> None:
    config = RouterConfig((network(1, Ipv6(), "::5", "::5"),), ula=ULA)
    assert places(config) == [("networks", 0, "dhcp", "reservations", 1, "suffix")]


def test_a_number_fits_into_what_the_provider_delegates() -> None:
    place, lent = ("networks", 0), IPv6Network("2001:db8:42::/62")
    (found,) = unfit(place, network(1, Ipv6(subnet=4)), lent)
    assert found.where == (*place, "ipv6", "subnet")
    assert found.what == (
        "4 is too big for 2001:db8:42::/62, which the provider delegates: its numbers go from 0 "
        "to 3."
    )
    for given in (Ipv6(subnet=3), Ipv6(), None):
        assert list(unfit(place, network(1, given), lent)) == []
    assert list(unfit(place, network(1, Ipv6(subnet=4)), None)) == []
