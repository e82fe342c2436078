from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as some

from services.public_names.address import (
    DEPRECATED,
    TEMPORARY,
    TENTATIVE,
    Own,
    hindrance,
    published_ipv6,
    read_if_inet6,
)

HERE = IPv6Address("2001:db8::5")


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("10.1.2.3", "another router"),
        ("172.31.255.255", "another router"),
        ("192.168.1.2", "another router"),
        ("100.64.0.1", "shared by many customers"),
        ("100.127.255.254", "shared by many customers"),
        ("192.0.0.2", "carried over IPv6"),
        ("169.254.9.9", "this cable alone"),
    ],
)
def test_an_address_that_nobody_reaches_says_why(address: str, why: str) -> None:
    said = hindrance(IPv4Address(address))
    assert said.startswith("Your provider gives you an address that the internet cannot reach")
    assert why in said


@pytest.mark.parametrize("address", ["100.63.255.255", "100.128.0.0", "172.32.0.1", "9.9.9.9"])
def test_its_neighbours_are_reached(address: str) -> None:
    assert hindrance(IPv4Address(address)) == ""


@pytest.mark.parametrize("flags", [TEMPORARY, DEPRECATED, TENTATIVE])
def test_an_address_that_passes_is_not_published(flags: int) -> None:
    assert published_ipv6([Own(HERE, "eth0", flags)], "eth0") == ""


@pytest.mark.parametrize("address", ["fe80::1", "fd00::1", "::1"])
def test_an_address_of_ours_alone_is_not_published(address: str) -> None:
    assert published_ipv6([Own(IPv6Address(address), "eth0", 0)], "eth0") == ""


def test_without_one_on_the_way_out_a_network_has_it() -> None:
    assert published_ipv6([Own(HERE, "br-lan", 0x80)], "eth0") == str(HERE)


def test_of_several_always_the_same_is_published() -> None:
    other = IPv6Address("2001:db8::9")
    owned = [Own(other, "eth0", 0), Own(HERE, "eth0", 0)]
    assert published_ipv6(owned, "eth0") == published_ipv6(owned[::-1], "eth0") == str(HERE)


def test_this_kernel_is_read() -> None:
    line = "fe800000000000000000000000000001 02 40 20 80 eth0"
    assert read_if_inet6(line) == [Own(IPv6Address("fe80::1"), "eth0", 0x80)]


@given(some.text())
def test_nothing_that_it_says_ends_us(text: str) -> None:
    assert isinstance(read_if_inet6(text), list)
